//! Replies, reactions, removals, mentions and typing.

use anyhow::Result;
use bridge_tests::{
    irc::{IrcLogin, IrcUser},
    stack::Stack,
};
use serde_json::{Value, json};

/// What a client of the present asks for.
const CAPABILITIES: &[&str] =
    &["message-tags", "echo-message", "labeled-response", "batch", "server-time"];

async fn modern(stack: &Stack, nick: &str) -> Result<IrcUser> {
    IrcLogin::new(stack.irc.address(), nick).capabilities(CAPABILITIES).connect().await
}

fn reply(body: &str, to: &str) -> Value {
    json!({
        "msgtype": "m.text", "body": body,
        "m.relates_to": {"m.in_reply_to": {"event_id": to}},
    })
}

fn annotation(to: &str, key: &str) -> Value {
    json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": to, "key": key}})
}

#[tokio::test]
async fn relations_are_tags_where_the_server_has_them() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), modern(&stack, "bob"))?;
    bob.join("#tags").await?;
    let room = ann.join(&stack.alias("#tags")).await?;

    // From IRC, to one of Matrix.
    let first = ann.send_text(&room, "first").await?;
    let line = bob.wait_for("the first", |it| it.is_message("#tags", "first")).await?;
    let msgid = line.tag("msgid").unwrap_or_default().to_owned();
    assert!(!msgid.is_empty(), "{line:?}");
    bob.raw(&format!("@+draft/reply={msgid} PRIVMSG #tags :an answer")).await?;
    let answer = ann.wait_for("the answer", |event| event.says(&room, "an answer")).await?;
    assert_eq!(answer.content()["m.relates_to"]["m.in_reply_to"]["event_id"], first.as_str());
    bob.raw(&format!("@+draft/react=👍;+draft/reply={msgid} TAGMSG #tags")).await?;
    let reaction = ann.wait_for("the reaction", |event| event.kind() == "m.reaction").await?;
    assert_eq!(reaction.content()["m.relates_to"]["event_id"], first.as_str());
    assert_eq!(reaction.content()["m.relates_to"]["key"], "👍");
    assert_eq!(reaction.sender(), stack.ghost("bob"));
    bob.raw(&format!("@+draft/unreact=👍;+draft/reply={msgid} TAGMSG #tags")).await?;
    ann.wait_for("its end", |event| {
        event.kind() == "m.room.redaction" && event.json["content"]["redacts"] == reaction.id()
            || event.json["redacts"] == reaction.id()
    })
    .await?;

    // From Matrix, to one of IRC.
    bob.privmsg("#tags", "second").await?;
    let said = ann.wait_for("the second", |event| event.says(&room, "second")).await?;
    let line = bob.wait_for("its echo", |it| it.is_message("#tags", "second")).await?;
    let msgid = line.tag("msgid").unwrap_or_default().to_owned();
    ann.send_message(&room, reply("well said", said.id())).await?;
    let line = bob.wait_for("the reply", |it| it.is_message("#tags", "well said")).await?;
    assert_eq!(line.tag("+draft/reply"), Some(msgid.as_str()));
    assert_eq!(line.tag("+reply"), Some(msgid.as_str()));
    let reaction = ann.send(&room, "m.reaction", annotation(said.id(), "🎉")).await?;
    let line = bob
        .wait_for("the reaction", |it| it.tag("+draft/react").is_some() && it.nick() == "ann[m]")
        .await?;
    assert_eq!(line.tag("+draft/react"), Some("🎉"));
    assert_eq!(line.tag("+draft/reply"), Some(msgid.as_str()));
    ann.redact(&room, &reaction, "no").await?;
    let line = bob
        .wait_for("its end", |it| it.tag("+draft/unreact").is_some() && it.nick() == "ann[m]")
        .await?;
    assert_eq!(line.tag("+draft/unreact"), Some("🎉"));
    assert_eq!(line.tag("+draft/reply"), Some(msgid.as_str()));
    Ok(())
}

#[tokio::test]
async fn relations_are_words_on_a_plain_server() -> Result<()> {
    let stack = Stack::plain_irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#words").await?;
    let room = ann.join(&stack.alias("#words")).await?;
    bob.privmsg("#words", "what is the time").await?;
    let asked = ann.wait_for("the question", |it| it.says(&room, "what is the time")).await?;
    ann.send_message(&room, reply("noon", asked.id())).await?;
    bob.wait_for("the reply", |it| it.text().contains("noon")).await?;
    let quoted = |(nick, words): &(String, String)| nick == "ann[m]" && words.contains("the time");
    assert!(bob.said_in("#words").iter().any(quoted), "{:?}", bob.said_in("#words"));
    ann.send(&room, "m.reaction", annotation(asked.id(), "👍")).await?;
    bob.wait_for("the reaction", |it| it.text().contains("👍")).await?;
    let event = ann.send_text(&room, "wrogn").await?;
    bob.wait_for("the mistake", |it| it.is_message("#words", "wrogn")).await?;
    ann.send_message(
        &room,
        json!({
            "msgtype": "m.text", "body": "* wrong",
            "m.new_content": {"msgtype": "m.text", "body": "wrong"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event},
        }),
    )
    .await?;
    bob.wait_for("the edit", |it| it.text() == "* wrong").await?;
    Ok(())
}

#[tokio::test]
async fn people_are_addressed_by_name() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("Bob"))?;
    bob.join("#names").await?;
    let room = ann.join(&stack.alias("#names")).await?;
    ann.send_text(&room, "here").await?;
    bob.wait_for("ann", |it| it.is_message("#names", "here")).await?;

    bob.privmsg("#names", "ann[m]: are you there?").await?;
    let event = ann.wait_for("a question", |it| it.body().ends_with("are you there?")).await?;
    assert_eq!(event.content()["m.mentions"]["user_ids"], json!([ann.id()]));
    let html = event.content()["formatted_body"].as_str().unwrap_or_default();
    assert!(html.contains("https://matrix.to/#/"), "{html}");
    bob.privmsg("#names", "nobody: and you?").await?;
    let event = ann.wait_for("another", |it| it.body().ends_with("and you?")).await?;
    assert_eq!(event.content()["m.mentions"], json!({}));

    let ghost = stack.ghost("bob");
    ann.send_message(
        &room,
        json!({
            "msgtype": "m.text", "body": "somebody: yes",
            "format": "org.matrix.custom.html",
            "formatted_body": format!("<a href=\"https://matrix.to/#/{ghost}\">somebody</a>: yes"),
            "m.mentions": {"user_ids": [ghost]},
        }),
    )
    .await?;
    bob.wait_for("the answer", |it| it.is_message("#names", "Bob: yes")).await?;
    Ok(())
}

#[tokio::test]
async fn who_writes_is_shown() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), modern(&stack, "bob"))?;
    bob.join("#typing").await?;
    let room = ann.join(&stack.alias("#typing")).await?;
    ann.send_text(&room, "hello").await?;
    bob.wait_for("ann", |it| it.is_message("#typing", "hello")).await?;
    bob.privmsg("#typing", "hi").await?;
    ann.wait_for("bob", |it| it.says(&room, "hi")).await?;

    ann.set_typing(&room, true).await?;
    let typing = |state: &'static str| {
        move |it: &bridge_tests::irc::Line| {
            it.command == "TAGMSG" && it.nick() == "ann[m]" && it.tag("+typing") == Some(state)
        }
    };
    bob.wait_for("ann to write", typing("active")).await?;
    ann.set_typing(&room, false).await?;
    bob.wait_for("ann to stop", typing("done")).await?;

    bob.raw("@+typing=active TAGMSG #typing").await?;
    let ghost = stack.ghost("bob");
    ann.wait_for_typing(&room, &[&ghost]).await?;
    // Nobody says that bob has stopped; it is over after a while.
    ann.wait_for_typing(&room, &[]).await?;
    Ok(())
}
