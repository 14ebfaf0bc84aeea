//! Conversations between Matrix rooms and rooms of XMPP.

use anyhow::Result;
use bridge_tests::{
    matrix::{Event, MatrixUser},
    xmpp::{Reply, XmppStack, XmppUser},
};
use serde_json::json;

#[tokio::test]
async fn every_kind_of_content_crosses_both_ways() -> Result<()> {
    let stack = XmppStack::start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.xmpp_user("bob"))?;
    let muc = stack.muc("kinds");
    bob.join(&muc, "bob").await?;
    bob.subject(&muc, "what is said").await?;
    bob.wait_for("the subject", |it| it.text_of("subject") == "what is said").await?;
    let room = ann.join(&stack.alias("kinds")).await?;
    assert_eq!(ann.state(&room, "m.room.topic", "").await?["topic"], "what is said");

    // Text, from a puppet and from a ghost.
    let hello = ann.send_text(&room, "hello").await?;
    let seen_hello = bob.wait_for("the text", |it| it.says(&muc, "hello")).await?;
    assert_eq!(seen_hello.nick(), "ann");
    let said = bob.say(&muc, "hi there").await?;
    let seen_hi = ann.wait_for("the text", |it| it.says(&room, "hi there")).await?;
    assert!(seen_hi.sender().starts_with("@_xmpp_occ_"), "{seen_hi:?}");
    assert_eq!(ann.members(&room).await?[seen_hi.sender()], "bob");
    let hi = bob.wait_for("its reflection", |it| it.says(&muc, "hi there")).await?.stanza_id();

    // Emotes.
    ann.send_emote(&room, "waves").await?;
    bob.wait_for("the emote", |it| it.says(&muc, "/me waves")).await?;
    bob.say(&muc, "/me nods").await?;
    let nod = ann.wait_for("the emote", |it| it.says(&room, "nods")).await?;
    assert_eq!(nod.msgtype(), "m.emote");

    // Replies.
    let reply = json!({
        "msgtype": "m.text", "body": "welcome",
        "m.relates_to": { "m.in_reply_to": { "event_id": seen_hi.id() } }
    });
    ann.send_message(&room, reply).await?;
    let welcome = bob.wait_for("the reply", |it| it.child("reply").is_some()).await?;
    assert_eq!(welcome.child("reply").map(|it| it.attr("id").to_owned()), Some(hi.clone()));
    assert_eq!(without_fallback(&welcome), "welcome");
    assert_eq!(welcome.body(), "> bob wrote:\n> hi there\nwelcome");
    let hello_id = seen_hello.stanza_id();
    let to = format!("{muc}/ann");
    let answered = Reply { id: &hello_id, to: &to, quote: "hello" };
    bob.reply(&muc, answered, "to you too").await?;
    let answer = ann.wait_for("the reply", |it| it.says(&room, "to you too")).await?;
    assert_eq!(answer.content()["m.relates_to"]["m.in_reply_to"]["event_id"], hello.as_str());

    // Edits, and an edit of an edit.
    for text in ["hello all", "hello everybody"] {
        let edit = json!({
            "msgtype": "m.text", "body": format!("* {text}"),
            "m.new_content": { "msgtype": "m.text", "body": text },
            "m.relates_to": { "rel_type": "m.replace", "event_id": hello }
        });
        ann.send_message(&room, edit).await?;
        let edited = bob.wait_for("the edit", |it| it.says(&muc, text)).await?;
        let first = edited.child("replace").map(|it| it.attr("id").to_owned());
        assert_eq!(first.as_deref(), Some(seen_hello.attr("id")));
    }
    for text in ["hi everyone", "hi world"] {
        bob.correct(&muc, &said, text).await?;
        let edited =
            ann.wait_for("the edit", |it| it.content()["m.new_content"]["body"] == text).await?;
        assert_eq!(edited.content()["m.relates_to"]["event_id"], seen_hi.id());
    }

    // Reactions, whose sets are told apart.
    let thumb = react(&ann, &room, seen_hi.id(), "👍").await?;
    let keys = |it: &bridge_tests::xmpp::Stanza| {
        let set = it.child("reactions").filter(|it| it.attr("id") == hi)?;
        Some(set.children().iter().map(|it| it.text().to_owned()).collect::<Vec<_>>())
    };
    bob.wait_for("a reaction", |it| keys(it).is_some_and(|it| it == ["👍"])).await?;
    react(&ann, &room, seen_hi.id(), "🎉").await?;
    bob.wait_for("two", |it| keys(it).is_some_and(|it| it == ["👍", "🎉"])).await?;
    ann.redact(&room, &thumb, "").await?;
    bob.wait_for("the other", |it| keys(it).is_some_and(|it| it == ["🎉"])).await?;
    let reacted = |key: &'static str| {
        let (room, hello) = (room.clone(), hello.clone());
        move |it: &Event| {
            let relation = &it.content()["m.relates_to"];
            it.room == room && relation["event_id"] == hello.as_str() && relation["key"] == key
        }
    };
    bob.react(&muc, &hello_id, &["👀", "🚀"]).await?;
    let eyes = ann.wait_for("the one", reacted("👀")).await?;
    ann.wait_for("the other", reacted("🚀")).await?;
    bob.react(&muc, &hello_id, &["🚀", "🌍"]).await?;
    ann.wait_for("the new one", reacted("🌍")).await?;
    ann.wait_for("the end of the one", |it| redacts(it, &room, eyes.id())).await?;

    // Retractions.
    ann.redact(&room, &hello, "").await?;
    let gone = bob.wait_for("the retraction", |it| it.child("retract").is_some()).await?;
    assert_eq!(gone.child("retract").map(|it| it.attr("id").to_owned()), Some(hello_id));
    bob.retract(&muc, &hi).await?;
    ann.wait_for("the redaction", |it| redacts(it, &room, seen_hi.id())).await?;

    // The topic.
    bob.subject(&muc, "what was said").await?;
    ann.wait_for("the topic", |it| {
        it.kind() == "m.room.topic" && it.content()["topic"] == "what was said"
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn people_come_rename_and_go() -> Result<()> {
    let stack = XmppStack::builder().set("xmpp.mucs.membership", "full").start().await?;
    let (ann, bea, bob) = tokio::try_join!(
        stack.matrix_user("ann"),
        stack.matrix_user("bea"),
        stack.xmpp_user("bob")
    )?;
    let muc = stack.muc("people");
    let room = ann.join(&stack.alias("people")).await?;
    bob.join(&muc, "bob").await?;
    let joined = ann
        .wait_for("the join", |it| it.kind() == "m.room.member" && ghost_named(it, "bob"))
        .await?;
    let ghost = joined.json["state_key"].as_str().unwrap_or_default().to_owned();

    // A nick is a display name: the person stays the same.
    bob.rename(&muc, "robert").await?;
    ann.wait_for("the new name", |it| {
        it.is_membership(&room, &ghost, "join") && ghost_named(it, "robert")
    })
    .await?;
    bob.say(&muc, "still me").await?;
    let said = ann.wait_for("their words", |it| it.says(&room, "still me")).await?;
    assert_eq!(said.sender(), ghost);

    // A Matrix user is an occupant, and one whose nick is taken gets another.
    bob.wait_for("ann", |it| it.is_presence(&muc, "ann", "")).await?;
    stack.matrix_user("bob").await?.join(&room).await?;
    bea.join(&room).await?;
    bob.wait_for("bea", |it| it.is_presence(&muc, "bea", "")).await?;
    bea.leave(&room).await?;
    bob.wait_for("her end", |it| it.is_presence(&muc, "bea", "unavailable")).await?;
    bob.leave(&muc, "robert").await?;
    ann.wait_for("the end", |it| it.is_membership(&room, &ghost, "leave")).await?;
    Ok(())
}

#[tokio::test]
async fn bursts_keep_their_order_both_ways() -> Result<()> {
    let stack = XmppStack::start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.xmpp_user("bob"))?;
    let muc = stack.muc("burst");
    bob.join(&muc, "bob").await?;
    let room = ann.join(&stack.alias("burst")).await?;
    let lines = |side: &str| (0..40).map(|n| format!("{side} {n}")).collect::<Vec<_>>();
    let (ours, theirs) = (lines("from Matrix"), lines("from XMPP"));
    tokio::try_join!(
        async {
            for line in &ours {
                ann.send_text(&room, line).await?;
            }
            Ok::<_, anyhow::Error>(())
        },
        async {
            for line in &theirs {
                bob.say(&muc, line).await?;
            }
            Ok(())
        },
    )?;
    bob.wait_for("the last from Matrix", |it| it.says(&muc, &ours[39])).await?;
    ann.wait_for("the last from XMPP", |it| it.says(&room, &theirs[39])).await?;
    assert_eq!(said_by(&bob, &muc, "ann"), ours);
    let heard: Vec<_> = ann
        .said_in(&room)
        .into_iter()
        .filter(|(sender, _)| sender.starts_with("@_xmpp_"))
        .map(|(_, words)| words)
        .collect();
    assert_eq!(heard, theirs);
    Ok(())
}

#[tokio::test]
async fn what_xml_cannot_hold_ends_no_link() -> Result<()> {
    let stack = XmppStack::start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.xmpp_user("bob"))?;
    let muc = stack.muc("illegal");
    bob.join(&muc, "bob").await?;
    let room = ann.join(&stack.alias("illegal")).await?;
    ann.send_text(&room, "a\u{1}b\u{ffff}c").await?;
    bob.wait_for("the text", |it| it.says(&muc, "a\u{fffd}b\u{fffd}c")).await?;
    ann.send_text(&room, "and on").await?;
    bob.wait_for("the next", |it| it.says(&muc, "and on")).await?;
    Ok(())
}

async fn react(user: &MatrixUser, room: &str, event: &str, key: &str) -> Result<String> {
    let relation = json!({ "rel_type": "m.annotation", "event_id": event, "key": key });
    user.send(room, "m.reaction", json!({ "m.relates_to": relation })).await
}

fn redacts(event: &Event, room: &str, target: &str) -> bool {
    event.room == room
        && event.kind() == "m.room.redaction"
        && (event.content()["redacts"] == target || event.json["redacts"] == target)
}

fn ghost_named(event: &Event, name: &str) -> bool {
    event.content()["displayname"] == name
        && event.json["state_key"].as_str().is_some_and(|user| user.starts_with("@_xmpp_"))
}

/// The body without the range that stands for a reply, counted in code points.
fn without_fallback(stanza: &bridge_tests::xmpp::Stanza) -> String {
    let range = stanza.child("fallback").and_then(|fallback| fallback.child("body"));
    let end = range.and_then(|range| range.attr("end").parse().ok()).unwrap_or(0);
    stanza.body().chars().skip(end).collect()
}

fn said_by(user: &XmppUser, muc: &str, nick: &str) -> Vec<String> {
    let said = user.said_in(muc).into_iter().filter(|(speaker, _)| speaker == nick);
    said.map(|(_, words)| words).collect()
}
