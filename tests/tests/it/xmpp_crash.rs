//! The bridge and the XMPP server end at bad moments, and nothing is lost, doubled or out of order.

use std::time::Duration;

use anyhow::{Context, Result};
use bridge_tests::{
    matrix::MatrixUser,
    xmpp::{XmppStack, XmppUser},
};

/// A homeserver that could not deliver tries again after a while.
const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn lines_outlive_every_fail_point() -> Result<()> {
    let mut scene = Scene::set().await?;
    for (point, side) in [
        ("to_network.before_sending", Side::Matrix),
        ("to_network.sending", Side::Matrix),
        ("xmpp.written", Side::Matrix),
        ("xmpp.before_echo", Side::Matrix),
        ("to_network.echoed", Side::Matrix),
        ("to_matrix.before_commit", Side::Xmpp),
        ("to_matrix.committed", Side::Xmpp),
        ("to_matrix.answered", Side::Xmpp),
    ] {
        scene.crash_at(point, side).await.with_context(|| point.to_owned())?;
    }
    Ok(())
}

/// More than two pages of the archive.
#[tokio::test]
async fn what_was_said_while_the_bridge_was_killed_arrives_once_and_in_order() -> Result<()> {
    let mut scene = Scene::set().await?;
    scene.stack.bridge.kill_9().await?;
    for n in 0..120 {
        scene.say(Side::Xmpp, &format!("missed {n}")).await?;
        if n % 12 == 0 {
            scene.say(Side::Matrix, &format!("unsent {n}")).await?;
        }
    }
    let last = scene.by_bob.last().cloned().unwrap_or_default();
    scene.bob.wait_for("the last", |it| it.says(&scene.muc, &last)).await?;
    scene.stack.bridge.start_again().await?;
    scene.say(Side::Xmpp, "after").await?;
    scene.heard().await?;
    Ok(())
}

#[tokio::test]
async fn the_xmpp_server_restarts_under_traffic() -> Result<()> {
    let mut scene = Scene::set().await?;
    for n in 0..10 {
        scene.say(Side::Matrix, &format!("before {n}")).await?;
    }
    scene.stack.prosody.process.kill_9().await?;
    for n in 0..10 {
        scene.say(Side::Matrix, &format!("while {n}")).await?;
    }
    scene.stack.prosody.process.start_again().await?;
    scene.bob = scene.stack.xmpp_user("bob").await?;
    scene.bob.join(&scene.muc, "bob").await?;
    scene.say(Side::Matrix, "after").await?;
    // The archive tells what the room has seen, whoever was there.
    let last = "after";
    scene.bob.wait_for_within(last, DEADLINE, |it| it.says(&scene.muc, last)).await?;
    let archived = scene.bob.archive(&scene.muc).await?;
    let by_ann: Vec<String> =
        archived.into_iter().filter(|(nick, _)| nick == "ann").map(|(_, words)| words).collect();
    assert_eq!(by_ann, scene.by_ann);
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Matrix,
    Xmpp,
}

/// Two people in a room that keeps an archive.
struct Scene {
    stack: XmppStack,
    ann: MatrixUser,
    bob: XmppUser,
    room: String,
    muc: String,
    /// What the one and the other have said so far.
    by_ann: Vec<String>,
    by_bob: Vec<String>,
}

impl Scene {
    async fn set() -> Result<Self> {
        let stack = XmppStack::start().await?;
        let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.xmpp_user("bob"))?;
        let muc = stack.muc("crash");
        bob.join(&muc, "bob").await?;
        let room = ann.join(&stack.alias("crash")).await?;
        let (by_ann, by_bob) = (Vec::new(), Vec::new());
        let mut scene = Self { stack, ann, bob, room, muc, by_ann, by_bob };
        scene.say(Side::Matrix, "we begin").await?;
        scene.say(Side::Xmpp, "so we do").await?;
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
        for (side, by) in [(side, "the same"), (Side::Matrix, "Matrix"), (Side::Xmpp, "XMPP")] {
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
            Side::Xmpp => {
                self.bob.say(&self.muc, words).await?;
                self.by_bob.push(words.to_owned());
            }
        }
        Ok(())
    }

    /// Waits for the last lines; the others have come before them, once and in order.
    async fn heard(&self) -> Result<()> {
        if let Some(last) = self.by_ann.last() {
            self.bob.wait_for_within(last, DEADLINE, |it| it.says(&self.muc, last)).await?;
        }
        if let Some(last) = self.by_bob.last() {
            self.ann.wait_for_within(last, DEADLINE, |it| it.says(&self.room, last)).await?;
        }
        assert_eq!(said_by(self.bob.said_in(&self.muc), "ann"), self.by_ann);
        assert_eq!(said_by(self.ann.said_in(&self.room), "@_xmpp_"), self.by_bob);
        Ok(())
    }
}

fn said_by(said: Vec<(String, String)>, prefix: &str) -> Vec<String> {
    said.into_iter().filter(|(by, _)| by.starts_with(prefix)).map(|(_, words)| words).collect()
}
