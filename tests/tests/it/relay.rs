//! People whom the bot speaks for.

use anyhow::Result;
use bridge_tests::{irc::IrcUser, matrix::MatrixUser, stack::Stack};
use serde_json::json;

#[tokio::test]
async fn the_bot_says_edits_answers_and_reactions_of_those_without_a_puppet() -> Result<()> {
    let stack = Stack::irc()
        .set("permissions", json!({"*": "relay"}))
        .set("relay.format", "[{name}] {text}")
        .start()
        .await?;
    everything_is_said(&stack, "[ann] ").await
}

#[tokio::test]
async fn whoever_comes_after_the_last_puppet_is_relayed() -> Result<()> {
    let stack = Stack::irc().set("irc.networks.local.max_puppets", 0).start().await?;
    everything_is_said(&stack, "<ann> ").await
}

async fn everything_is_said(stack: &Stack, name: &str) -> Result<()> {
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#relay").await?;
    let room = ann.join(&stack.alias("#relay")).await?;
    bob.privmsg("#relay", "is anybody here?").await?;
    let asked = ann.wait_for("the question", |it| it.says(&room, "is anybody here?")).await?;

    let first = ann.send_text(&room, "hello").await?;
    said(&bob, &format!("{name}hello")).await?;
    ann.send_emote(&room, "waves").await?;
    said(&bob, "* ann waves").await?;
    ann.send_message(
        &room,
        json!({"msgtype": "m.text", "body": "* hello, all",
               "m.new_content": {"msgtype": "m.text", "body": "hello, all"},
               "m.relates_to": {"rel_type": "m.replace", "event_id": first}}),
    )
    .await?;
    said(&bob, &format!("{name}* hello, all")).await?;
    ann.send_message(
        &room,
        json!({"msgtype": "m.text", "body": "I am",
               "m.relates_to": {"m.in_reply_to": {"event_id": asked.id()}}}),
    )
    .await?;
    said(&bob, "> <bob> is anybody here?").await?;
    said(&bob, &format!("{name}I am")).await?;
    react(&ann, &room, asked.id(), "👍").await?;
    said(&bob, "* ann reacted with 👍 to bob: is anybody here?").await?;
    ann.redact(&room, &first, "").await?;
    said(&bob, "* ann deleted a message").await?;

    bob.mode("#relay", "+m").await?;
    bob.mode("#relay", "-v bridge").await?;
    let refused = ann.send_text(&room, "and now?").await?;
    ann.wait_for("the refusal", |it| {
        it.msgtype() == "m.notice"
            && it.content()["m.relates_to"]["m.in_reply_to"]["event_id"] == refused.as_str()
    })
    .await?;
    Ok(())
}

async fn react(user: &MatrixUser, room: &str, to: &str, key: &str) -> Result<()> {
    let relation = json!({"rel_type": "m.annotation", "event_id": to, "key": key});
    user.send(room, "m.reaction", json!({"m.relates_to": relation})).await?;
    Ok(())
}

async fn said(user: &IrcUser, text: &str) -> Result<()> {
    user.wait_for(format!("{text:?}"), |line| {
        line.nick() == "bridge" && line.is_message("#relay", text)
    })
    .await?;
    Ok(())
}
