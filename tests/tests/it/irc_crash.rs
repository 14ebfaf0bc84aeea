//! The bridge ends at its fail points, and nothing is lost, doubled or out of order.

use std::time::Duration;

use anyhow::{Context, Result};
use bridge_tests::{irc::IrcUser, matrix::MatrixUser, stack::Stack};

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
}

impl Scene {
    async fn set() -> Result<Self> {
        let stack =
            Stack::irc().inspircd(|server| server.default_modes("notH 50:600")).start().await?;
        let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
        bob.join(CHANNEL).await?;
        let room = ann.join(&stack.alias(CHANNEL)).await?;
        let mut scene = Self { stack, ann, bob, room, by_ann: Vec::new(), by_bob: Vec::new() };
        // A puppet that is in the channel, so that the fail point meets a line and not a join.
        scene.say(Side::Matrix, "we begin").await?;
        scene.heard().await?;
        Ok(scene)
    }

    /// One line ends the bridge, the next comes after it has been started again.
    async fn crash_at(&mut self, point: &str, side: Side) -> Result<()> {
        self.stack.bridge.stop().await?;
        self.stack.bridge.arm(point);
        self.stack.bridge.start_again().await?;
        self.say(side, &format!("meets {point}")).await?;
        self.stack.bridge.wait_failpoint(DEADLINE).await?;
        self.stack.bridge.disarm();
        self.stack.bridge.start_again().await?;
        for (side, by) in [(side, "the same"), (Side::Matrix, "Matrix"), (Side::Irc, "IRC")] {
            self.say(side, &format!("after {point}, by {by}")).await?;
        }
        self.heard().await
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
        assert_eq!(said_by("ann[m]", self.bob.said_in(CHANNEL)), self.by_ann);
        let ghost = self.stack.ghost("bob");
        assert_eq!(said_by(&ghost, self.ann.said_in(&self.room)), self.by_bob);
        Ok(())
    }
}

fn said_by(who: &str, said: Vec<(String, String)>) -> Vec<String> {
    said.into_iter().filter(|(speaker, _)| speaker == who).map(|(_, words)| words).collect()
}
