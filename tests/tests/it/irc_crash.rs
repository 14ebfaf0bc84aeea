//! The bridge ends at its fail points, and nothing is lost, doubled or out of order.

use std::time::Duration;

use anyhow::{Context, Result};
use bridge_tests::{
    irc::IrcUser,
    matrix::MatrixUser,
    stack::{Stack, StackBuilder},
};

const CHANNEL: &str = "#crash";

/// A homeserver that could not deliver tries again after a while.
const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn lines_to_irc_outlive_every_fail_point() -> Result<()> {
    let mut scene = Scene::set().await?;
    for point in [
        "to_network.before_commit",
        "to_network.committed",
        "to_network.before_sending",
        "to_network.sending",
        "irc.written",
        "irc.before_echo",
        "to_network.echoed",
        "to_network.settled",
    ] {
        scene.crash_at(point, Side::Matrix).await.with_context(|| point.to_owned())?;
    }
    Ok(())
}

#[tokio::test]
async fn lines_to_matrix_outlive_the_fail_points_of_sending() -> Result<()> {
    let mut scene = Scene::set().await?;
    for point in ["to_matrix.before_send", "to_matrix.answered", "to_matrix.settled"] {
        scene.crash_at(point, Side::Irc).await.with_context(|| point.to_owned())?;
    }
    Ok(())
}

/// The line was read and is not in the store: the channel's history brings it again.
#[tokio::test]
async fn a_line_to_matrix_that_was_not_committed_comes_again() -> Result<()> {
    Scene::set().await?.crash_at("to_matrix.before_commit", Side::Irc).await
}

/// The line is in the store, and the channel's history brings it a second time.
#[tokio::test]
async fn a_line_to_matrix_that_was_committed_is_not_doubled() -> Result<()> {
    Scene::set().await?.crash_at("to_matrix.committed", Side::Irc).await
}

/// Points at which the server may or may not have a line, as far as the bridge can tell.
const UNSURE: [&str; 4] =
    ["to_network.sending", "irc.written", "irc.before_echo", "to_network.echoed"];

/// Points at which the bridge is sure either way.
const SURE: [&str; 4] = [
    "to_network.before_commit",
    "to_network.committed",
    "to_network.before_sending",
    "to_network.settled",
];

#[tokio::test]
async fn without_history_only_the_line_in_flight_is_unsure() -> Result<()> {
    outlive_without_history(Stack::irc()).await
}

#[tokio::test]
async fn on_a_plain_server_only_the_line_in_flight_is_unsure() -> Result<()> {
    outlive_without_history(Stack::plain_irc()).await
}

async fn outlive_without_history(stack: StackBuilder) -> Result<()> {
    let mut scene = Scene::of(stack).await?;
    for point in SURE {
        scene.crash_at(point, Side::Matrix).await.with_context(|| point.to_owned())?;
    }
    for point in UNSURE {
        scene.crash_unsure(point).await.with_context(|| point.to_owned())?;
    }
    for point in
        ["to_matrix.committed", "to_matrix.before_send", "to_matrix.answered", "to_matrix.settled"]
    {
        scene.crash_at(point, Side::Irc).await.with_context(|| point.to_owned())?;
    }
    Ok(())
}

#[tokio::test]
async fn the_policy_settles_what_is_unsure() -> Result<()> {
    let mut scene = Scene::of(Stack::plain_irc()).await?;
    // Written, and the bridge did not live to see it.
    for (policy, times) in [("resend", 2), ("hold", 1)] {
        scene.stack.bridge.set("delivery.uncertain", policy)?;
        let words = scene.crash("irc.written", Side::Matrix).await?;
        scene.say(Side::Matrix, &format!("after {policy}")).await?;
        scene.by_ann.retain(|said| *said != words);
        scene.bob.wait_for("the next", |line| line.text() == format!("after {policy}")).await?;
        let said = said_by("ann[m]", scene.bob.said_in(CHANNEL));
        assert_eq!(said.iter().filter(|said| **said == words).count(), times, "{policy}: {said:?}");
    }
    let events = scene.ann.events();
    assert!(!events.iter().any(|event| event.msgtype() == "m.notice"), "{events:?}");
    Ok(())
}

/// The history holds less than was said meanwhile: a line that is not in it may have arrived.
#[tokio::test]
async fn a_history_that_is_too_short_proves_nothing() -> Result<()> {
    let stack = Stack::irc().inspircd(|server| server.default_modes("notH 3:600"));
    let mut scene = Scene::of(stack).await?;
    scene.arm("irc.before_echo").await?;
    let words = "pushed out of the history";
    scene.say(Side::Matrix, words).await?;
    scene.stack.bridge.wait_failpoint(DEADLINE).await?;
    for number in 0..4 {
        scene.bob.privmsg(CHANNEL, &format!("over it {number}")).await?;
    }
    scene.ask_server().await?;
    scene.stack.bridge.disarm();
    scene.stack.bridge.start_again().await?;
    scene.settle_unsure(words).await?;
    assert_eq!(scene.times(words), 1);
    Ok(())
}

/// The channel ends with the last who is in it, and its history with it.
#[tokio::test]
async fn the_history_of_another_channel_of_the_same_name_proves_nothing() -> Result<()> {
    let mut scene = Scene::set().await?;
    scene.arm("irc.before_echo").await?;
    let words = "said in the channel that ended";
    scene.say(Side::Matrix, words).await?;
    scene.stack.bridge.wait_failpoint(DEADLINE).await?;
    scene.bob.wait_for("the line", |line| line.is_message(CHANNEL, words)).await?;
    scene.stack.irc.process().restart().await?;
    scene.bob = scene.stack.irc_user("bob").await?;
    scene.bob.join(CHANNEL).await?;
    scene.stack.bridge.disarm();
    scene.stack.bridge.start_again().await?;
    scene.settle_unsure(words).await?;
    assert_eq!(scene.times(words), 0, "it was said again");
    Ok(())
}

/// What is played back has no ids: only its time tells what was read before.
#[tokio::test]
async fn what_is_played_back_without_ids_is_not_taken_twice() -> Result<()> {
    let stack = Stack::irc()
        .inspircd(|server| server.default_modes("notH 50:600").without_module("ircv3_msgid"));
    let mut scene = Scene::of(stack).await?;
    for round in 0..2 {
        scene.say(Side::Irc, &format!("before the kill {round}")).await?;
        scene.heard().await?;
        scene.stack.bridge.kill_9().await?;
        scene.stack.bridge.start_again().await?;
    }
    scene.say(Side::Irc, "after the kills").await?;
    scene.heard().await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Matrix,
    Irc,
}

/// Two people in a channel that keeps its history.
struct Scene {
    stack: Stack,
    ann: MatrixUser,
    bob: IrcUser,
    room: String,
    /// What the one and the other have said so far.
    by_ann: Vec<String>,
    by_bob: Vec<String>,
    /// What ann has said and may or may not have been heard.
    unsure: Vec<String>,
}

impl Scene {
    /// In a channel that keeps its history.
    async fn set() -> Result<Self> {
        Self::of(Stack::irc().inspircd(|server| server.default_modes("notH 50:600"))).await
    }

    async fn of(stack: StackBuilder) -> Result<Self> {
        let stack = stack.start().await?;
        let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
        bob.join(CHANNEL).await?;
        let room = ann.join(&stack.alias(CHANNEL)).await?;
        let mut scene = Self {
            stack,
            ann,
            bob,
            room,
            by_ann: Vec::new(),
            by_bob: Vec::new(),
            unsure: Vec::new(),
        };
        // A puppet that is in the channel, so that the fail point meets a line and not a join.
        scene.say(Side::Matrix, "we begin").await?;
        scene.heard().await?;
        Ok(scene)
    }

    /// One line ends the bridge, the next comes after it has been started again.
    async fn crash_at(&mut self, point: &str, side: Side) -> Result<()> {
        self.crash(point, side).await?;
        for (side, by) in [(side, "the same"), (Side::Matrix, "Matrix"), (Side::Irc, "IRC")] {
            self.say(side, &format!("after {point}, by {by}")).await?;
        }
        self.heard().await
    }

    /// One line ends the bridge, which is started again; the line arrives at most once, and its
    /// author is told that nobody knows.
    async fn crash_unsure(&mut self, point: &str) -> Result<()> {
        let words = self.crash(point, Side::Matrix).await?;
        self.settle_unsure(&words).await
    }

    /// Waits until the author of a line was told, and all others have arrived.
    async fn settle_unsure(&mut self, words: &str) -> Result<()> {
        let event = self.ann.wait_for("the line", |event| event.says(&self.room, words)).await?;
        let notice = self.ann.wait_for("the notice", |notice| {
            notice.content()["m.relates_to"]["m.in_reply_to"]["event_id"] == event.id()
        });
        let notice = notice.await?;
        assert!(notice.body().contains("not known whether"), "{notice:?}");
        self.by_ann.retain(|said| said != words);
        self.unsure.push(words.to_owned());
        for (side, by) in [(Side::Matrix, "Matrix"), (Side::Irc, "IRC")] {
            self.say(side, &format!("after {words}, by {by}")).await?;
        }
        let last = self.by_ann.last().cloned().unwrap_or_default();
        self.bob.wait_for("the next", |line| line.is_message(CHANNEL, &last)).await?;
        assert!(self.times(words) <= 1, "{words:?} came twice");
        Ok(())
    }

    /// How often bob has heard it.
    fn times(&self, words: &str) -> usize {
        self.bob.said_in(CHANNEL).iter().filter(|(_, said)| said == words).count()
    }

    async fn arm(&mut self, point: &str) -> Result<()> {
        self.stack.bridge.stop().await?;
        self.stack.bridge.arm(point);
        self.stack.bridge.start_again().await
    }

    /// One line ends the bridge, which is then started again. Returns the line.
    async fn crash(&mut self, point: &str, side: Side) -> Result<String> {
        self.arm(point).await?;
        let words = format!("meets {point} {}", self.by_ann.len());
        self.say(side, &words).await?;
        self.stack.bridge.wait_failpoint(DEADLINE).await?;
        self.stack.bridge.disarm();
        self.stack.bridge.start_again().await?;
        Ok(words)
    }

    /// Waits until the server has done all that bob asked for.
    async fn ask_server(&self) -> Result<()> {
        self.bob.ask("PING done", |line| line.command == "PONG").await.map(drop)
    }

    async fn say(&mut self, side: Side, words: &str) -> Result<()> {
        match side {
            Side::Matrix => {
                self.ann.send_text(&self.room, words).await?;
                self.by_ann.push(words.to_owned());
            }
            Side::Irc => {
                self.bob.privmsg(CHANNEL, words).await?;
                self.by_bob.push(words.to_owned());
            }
        }
        Ok(())
    }

    /// Waits for the last lines; the others have come before them, once and in order.
    async fn heard(&self) -> Result<()> {
        if let Some(last) = self.by_ann.last() {
            self.bob.wait_for_within(last, DEADLINE, |line| line.is_message(CHANNEL, last)).await?;
        }
        if let Some(last) = self.by_bob.last() {
            self.ann.wait_for_within(last, DEADLINE, |event| event.says(&self.room, last)).await?;
        }
        let mut heard = said_by("ann[m]", self.bob.said_in(CHANNEL));
        heard.retain(|said| !self.unsure.contains(said));
        assert_eq!(heard, self.by_ann);
        let ghost = self.stack.ghost("bob");
        assert_eq!(said_by(&ghost, self.ann.said_in(&self.room)), self.by_bob);
        Ok(())
    }
}

fn said_by(who: &str, said: Vec<(String, String)>) -> Vec<String> {
    said.into_iter().filter(|(speaker, _)| speaker == who).map(|(_, words)| words).collect()
}
