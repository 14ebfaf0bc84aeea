//! The bridge to Gitter ends at its fail points and is killed, and nothing is lost, doubled or out
//! of order.

use std::time::Duration;

use anyhow::{Context, Result};
use bridge_tests::{
    gitter::{GitterRoom, GitterStack, GitterUser},
    matrix::MatrixUser,
};
use mongodb::bson::Document;

/// A homeserver that could not deliver tries again after a while.
const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::test]
#[ignore = "known fault: does not go on after gitter.before_commit"]
async fn messages_outlive_every_fail_point() -> Result<()> {
    let mut scene = Scene::set().await?;
    for (point, side) in [
        ("to_network.committed", Side::Matrix),
        ("to_network.before_sending", Side::Matrix),
        ("to_network.sending", Side::Matrix),
        ("gitter.before_commit", Side::Matrix),
        ("gitter.written", Side::Matrix),
        ("to_network.echoed", Side::Matrix),
        ("to_network.settled", Side::Matrix),
        ("to_matrix.before_commit", Side::Gitter),
        ("to_matrix.committed", Side::Gitter),
        ("to_matrix.before_send", Side::Gitter),
        ("to_matrix.answered", Side::Gitter),
        ("to_matrix.settled", Side::Gitter),
    ] {
        scene.crash_at(point, side).await.with_context(|| point.to_owned())?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "known fault: a message under way at the kill may stand behind later ones"]
async fn what_is_said_while_the_bridge_is_killed_arrives_once_and_in_order() -> Result<()> {
    let mut scene = Scene::set().await?;
    for round in 0..3 {
        for n in 0..5 {
            scene.say(Side::Matrix, &format!("ours {round}.{n}")).await?;
            scene.say(Side::Gitter, &format!("theirs {round}.{n}")).await?;
        }
        scene.stack.bridge.kill_9().await?;
        for n in 5..10 {
            scene.say(Side::Matrix, &format!("ours {round}.{n}")).await?;
            scene.say(Side::Gitter, &format!("theirs {round}.{n}")).await?;
        }
        scene.stack.bridge.start_again().await?;
    }
    scene.heard().await
}

#[tokio::test]
async fn the_database_may_end_and_come_back() -> Result<()> {
    let mut scene = Scene::set().await?;
    scene.say(Side::Gitter, "before").await?;
    scene.stack.mongod.process.kill_9().await?;
    scene.say(Side::Matrix, "while it is away").await?;
    scene.stack.mongod.process.start_again().await?;
    scene.say(Side::Gitter, "after").await?;
    scene.say(Side::Matrix, "we go on").await?;
    scene.heard().await
}

/// The log of changes is of no use any more where the database was restored: the messages
/// themselves are looked through.
#[tokio::test]
async fn messages_of_a_restored_database_are_found_by_looking_through_them() -> Result<()> {
    let mut scene = Scene::set().await?;
    scene.say(Side::Gitter, "before").await?;
    scene.heard().await?;
    scene.stack.bridge.stop().await?;
    scene.say(Side::Gitter, "meanwhile").await?;
    let regret = scene.bob.say(&scene.remote, "regret").await?;
    scene.bob.remove(regret).await?;
    scene.stack.gitter.forget_changes(&mut scene.stack.mongod).await?;
    scene.stack.bridge.start_again().await?;
    scene.say(Side::Gitter, "after").await?;
    scene.say(Side::Matrix, "heard").await?;
    scene.heard().await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Matrix,
    Gitter,
}

/// Two people in a room.
struct Scene {
    stack: GitterStack,
    ann: MatrixUser,
    bob: GitterUser,
    remote: GitterRoom,
    room: String,
    by_ann: Vec<String>,
    by_bob: Vec<String>,
}

impl Scene {
    async fn set() -> Result<Self> {
        let stack = GitterStack::builder().start().await?;
        let ann = stack.matrix_user("ann").await?;
        let bob = stack.gitter.user("bob", "Bob").await?;
        let remote = stack.gitter.room("acme/crash").await?;
        let room = ann.join(&stack.alias("acme/crash")).await?;
        let mut scene =
            Self { stack, ann, bob, remote, room, by_ann: Vec::new(), by_bob: Vec::new() };
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
        for (side, by) in [(Side::Matrix, "Matrix"), (Side::Gitter, "Gitter")] {
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
            Side::Gitter => {
                self.bob.say(&self.remote, words).await?;
                self.by_bob.push(words.to_owned());
            }
        }
        Ok(())
    }

    /// Waits for the last lines; the others have come before them, once and in order.
    async fn heard(&self) -> Result<()> {
        if let Some(last) = self.by_ann.last() {
            let is_last = |it: &Document| it.get_str("text").is_ok_and(|text| text == last);
            self.remote.wait_for_within(last, DEADLINE, is_last).await?;
        }
        if let Some(last) = self.by_bob.last() {
            self.ann.wait_for_within(last, DEADLINE, |event| event.says(&self.room, last)).await?;
        }
        let on_gitter = self.remote.said_on_matrix().await?;
        let on_gitter: Vec<_> = on_gitter.into_iter().map(|(_, words)| words).collect();
        assert_eq!(on_gitter, self.by_ann);
        let ghost = self.stack.ghost(&self.bob);
        let on_matrix = self.ann.said_in(&self.room).into_iter();
        let on_matrix: Vec<_> =
            on_matrix.filter(|(by, _)| *by == ghost).map(|(_, words)| words).collect();
        assert_eq!(on_matrix, self.by_bob);
        self.pages_agree().await
    }

    /// Ids rise with times, so that no message vanishes at the edge of a page.
    async fn pages_agree(&self) -> Result<()> {
        let messages = self.remote.messages().await?;
        let ours: Vec<_> = messages.iter().filter(|it| it.contains_key("virtualUser")).collect();
        for pair in ours.windows(2) {
            assert!(pair[0].get_object_id("_id")? < pair[1].get_object_id("_id")?);
            assert!(pair[0].get_datetime("sent")? < pair[1].get_datetime("sent")?);
        }
        for message in ours {
            let (id, sent) = (message.get_object_id("_id")?, message.get_datetime("sent")?);
            let seconds = id.timestamp().timestamp_millis() / 1000;
            assert_eq!(seconds, sent.timestamp_millis() / 1000);
        }
        Ok(())
    }
}
