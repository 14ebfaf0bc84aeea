//! Conversations between Matrix rooms and IRC channels.

use anyhow::{Context, Result};
use bridge_tests::{
    irc::IrcUser,
    matrix::{MatrixUser, NewRoom},
    stack::Stack,
    wait,
};
use serde_json::json;

#[tokio::test]
async fn six_people_speak_in_turn_in_a_channel_nobody_bridged_before() -> Result<()> {
    const TOPIC: &str = "what everybody asks first";
    let stack = Stack::irc().start().await?;
    let (ann, bea, cid, dan, eve, fay) = tokio::try_join!(
        stack.matrix_user("ann"),
        stack.matrix_user("bea"),
        stack.matrix_user("cid"),
        stack.irc_user("dan"),
        stack.irc_user("eve"),
        stack.irc_user("fay"),
    )?;
    dan.join("#six").await?;
    dan.topic("#six", TOPIC).await?;
    dan.wait_for("the topic", |line| line.command == "TOPIC" && line.text() == TOPIC).await?;
    tokio::try_join!(eve.join("#six"), fay.join("#six"))?;
    let room = ann.join(&stack.alias("#six")).await?;
    assert_eq!(bea.join(&stack.alias("#six")).await?, room);
    assert_eq!(cid.join(&room).await?, room);
    assert_eq!(ann.state(&room, "m.room.name", "").await?["name"], "#six");
    assert_eq!(ann.state(&room, "m.room.topic", "").await?["topic"], TOPIC);

    let mut talk = Talk::new(&stack, "#six", &room, vec![&ann, &bea, &cid], vec![&dan, &eve, &fay]);
    for round in 0..2 {
        for speaker in 0..3 {
            talk.send_to_irc(speaker, &format!("round {round}, Matrix {speaker}")).await?;
            talk.send_to_matrix(speaker, &format!("round {round}, IRC {speaker}")).await?;
        }
    }
    talk.check();
    Ok(())
}

#[tokio::test]
async fn bursts_keep_their_order_both_ways() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#burst").await?;
    let room = ann.join(&stack.alias("#burst")).await?;
    let lines = |side: &str| (0..40).map(|n| format!("{side} {n}")).collect::<Vec<_>>();
    let (ours, theirs) = (lines("from Matrix"), lines("from IRC"));
    tokio::try_join!(
        async {
            for line in &ours {
                ann.send_text(&room, line).await?;
            }
            Ok::<_, anyhow::Error>(())
        },
        async {
            for line in &theirs {
                bob.privmsg("#burst", line).await?;
            }
            Ok(())
        },
    )?;
    bob.wait_for("the last from Matrix", |line| line.is_message("#burst", &ours[39])).await?;
    ann.wait_for("the last from IRC", |event| event.says(&room, &theirs[39])).await?;
    assert_eq!(said_by("ann[m]", bob.said_in("#burst")), ours);
    assert_eq!(said_by(&stack.ghost("bob"), ann.said_in(&room)), theirs);
    Ok(())
}

#[tokio::test]
async fn a_plain_server_will_do() -> Result<()> {
    small_talk(&Stack::plain_irc().start().await?).await
}

#[tokio::test]
async fn tls_will_do() -> Result<()> {
    small_talk(&Stack::irc().tls()?.start().await?).await
}

#[tokio::test]
async fn rooms_of_version_11_will_do() -> Result<()> {
    let stack = Stack::irc().synapse(|synapse| synapse.room_version("11")).start().await?;
    small_talk(&stack).await
}

#[tokio::test]
async fn a_room_is_linked_by_configuration() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#linked").await?;
    let room = ann.create_room(NewRoom::default().public().name("ours")).await?;
    stack.bridge.set("irc.networks.local.rooms", json!({ "#linked": room }))?;
    stack.bridge.restart().await?;
    let bot = format!("@_ircbot:{}", stack.synapse.server_name());
    ann.wait_for("the bot", |event| event.is_membership(&room, &bot, "join")).await?;
    let mut talk = Talk::new(&stack, "#linked", &room, vec![&ann], vec![&bob]);
    talk.back_and_forth().await?;
    assert_eq!(ann.state(&room, "m.room.name", "").await?["name"], "ours");
    Ok(())
}

#[tokio::test]
async fn whoever_may_not_speak_is_told_so() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#moderated").await?;
    let room = ann.join(&stack.alias("#moderated")).await?;
    bob.mode("#moderated", "+m").await?;
    bob.wait_for("the mode", |line| line.command == "MODE" && line.param(1) == "+m").await?;

    let event = ann.send_text(&room, "can you hear me?").await?;
    let notice = ann
        .wait_for("the notice", |it| it.is_message_in(&room) && it.msgtype() == "m.notice")
        .await?;
    assert_eq!(notice.content()["m.relates_to"]["m.in_reply_to"]["event_id"], event.as_str());
    // InspIRCd's own.
    let words = "You cannot send messages to this channel whilst the +m (moderated) mode is set";
    assert!(notice.body().contains(words), "{notice:?}");
    wait::until("one message is given up", wait::PATIENCE, async || {
        let dead = stack.bridge.metric("bridge_dead_total", &[("direction", "to_network")]).await?;
        Ok((dead.to_string() == "1").then_some(()))
    })
    .await?;

    bob.mode("#moderated", "-m").await?;
    bob.wait_for("the mode", |line| line.command == "MODE" && line.param(1) == "-m").await?;
    ann.send_text(&room, "and now?").await?;
    bob.wait_for("the second", |line| line.is_message("#moderated", "and now?")).await?;
    assert_eq!(said_by("ann[m]", bob.said_in("#moderated")), ["and now?"]);
    Ok(())
}

/// Two people, a few lines.
async fn small_talk(stack: &Stack) -> Result<()> {
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#small").await?;
    let room = ann.join(&stack.alias("#small")).await?;
    Talk::new(stack, "#small", &room, vec![&ann], vec![&bob]).back_and_forth().await
}

/// People on both sides, and what each of them has said.
struct Talk<'a> {
    stack: &'a Stack,
    channel: &'a str,
    room: &'a str,
    matrix: Vec<&'a MatrixUser>,
    irc: Vec<&'a IrcUser>,
    /// Names on Matrix and on IRC, and the words.
    said: Vec<(String, String, String)>,
}

impl<'a> Talk<'a> {
    fn new(
        stack: &'a Stack,
        channel: &'a str,
        room: &'a str,
        matrix: Vec<&'a MatrixUser>,
        irc: Vec<&'a IrcUser>,
    ) -> Self {
        Self { stack, channel, room, matrix, irc, said: Vec::new() }
    }

    async fn back_and_forth(&mut self) -> Result<()> {
        for (to_irc, to_matrix) in [("hello", "hello yourself"), ("hello", "you said so: twice")] {
            self.send_to_irc(0, to_irc).await?;
            self.send_to_matrix(0, to_matrix).await?;
        }
        self.check();
        Ok(())
    }

    async fn send_to_irc(&mut self, speaker: usize, words: &str) -> Result<()> {
        let user = self.matrix[speaker];
        user.send_text(self.room, words).await?;
        let localpart = user.id()[1..].split(':').next().unwrap_or_default();
        self.said.push((user.id().to_owned(), format!("{localpart}[m]"), words.to_owned()));
        self.heard_by_all().await.with_context(|| format!("{} said {words:?}", user.id()))
    }

    async fn send_to_matrix(&mut self, speaker: usize, words: &str) -> Result<()> {
        let user = self.irc[speaker];
        user.privmsg(self.channel, words).await?;
        let (ghost, nick) = (self.stack.ghost(user.nick()), user.nick().to_owned());
        self.said.push((ghost, nick, words.to_owned()));
        self.heard_by_all().await.with_context(|| format!("{} said {words:?}", user.nick()))
    }

    /// Waits until everybody has heard as many lines as were said.
    async fn heard_by_all(&self) -> Result<()> {
        for user in &self.matrix {
            let wanted = self.on_matrix().len();
            user.inbox()
                .wait(format_args!("line {wanted} in {}", self.room), wait::PATIENCE, |events| {
                    let count = events.iter().filter(|it| it.is_message_in(self.room)).count();
                    (count >= wanted).then_some(())
                })
                .await?;
        }
        for user in &self.irc {
            let wanted = self.on_irc(user.nick()).len();
            user.inbox()
                .wait(format_args!("line {wanted} in {}", self.channel), wait::PATIENCE, |_| {
                    (from_others(user, self.channel).len() >= wanted).then_some(())
                })
                .await?;
        }
        Ok(())
    }

    /// Everybody has seen every line once, in order, from the right person.
    fn check(&self) {
        for user in &self.matrix {
            assert_eq!(user.said_in(self.room), self.on_matrix(), "{}", user.id());
        }
        for user in &self.irc {
            let seen = from_others(user, self.channel);
            assert_eq!(seen, self.on_irc(user.nick()), "{}", user.nick());
        }
    }

    fn on_matrix(&self) -> Vec<(String, String)> {
        self.said.iter().map(|(id, _, words)| (id.clone(), words.clone())).collect()
    }

    fn on_irc(&self, hearer: &str) -> Vec<(String, String)> {
        let others = self.said.iter().filter(|(_, nick, _)| nick != hearer);
        others.map(|(_, nick, words)| (nick.clone(), words.clone())).collect()
    }
}

fn from_others(user: &IrcUser, channel: &str) -> Vec<(String, String)> {
    user.said_in(channel).into_iter().filter(|(nick, _)| nick != user.nick()).collect()
}

fn said_by(who: &str, said: Vec<(String, String)>) -> Vec<String> {
    said.into_iter().filter(|(speaker, _)| speaker == who).map(|(_, words)| words).collect()
}
