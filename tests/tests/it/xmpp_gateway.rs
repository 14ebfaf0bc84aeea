//! XMPP users in Matrix rooms.

use anyhow::Result;
use bridge_tests::{
    matrix::NewRoom,
    rig::prosody::COMPONENT,
    xmpp::{Reply, XmppStack},
};
use serde_json::json;

#[tokio::test]
async fn xmpp_users_join_a_matrix_room_by_its_alias_and_its_id() -> Result<()> {
    let stack = XmppStack::start().await?;
    let (ann, bob, cid) =
        tokio::try_join!(stack.matrix_user("ann"), stack.xmpp_user("bob"), stack.xmpp_user("cid"))?;
    let open = NewRoom::default().public().alias("town").name("Town").topic("what is new");
    let room = ann.create_room(open).await?;
    let by_alias = stack.gateway("town");
    bob.join(&by_alias, "bob").await?;
    let ghost = format!("@_xmpp_bob=40localhost:{}", stack.synapse.server_name());
    ann.wait_for("bob", |it| it.is_membership(&room, &ghost, "join")).await?;

    // First who is there, then oneself, then the subject.
    bob.wait_for("the subject", |it| it.text_of("subject") == "what is new").await?;
    let told: Vec<String> = bob
        .inbox()
        .all()
        .iter()
        .filter(|it| it.room() == by_alias)
        .map(|it| format!("{} {}", it.name(), it.nick()))
        .collect();
    assert_eq!(told, ["presence ann", "presence bob", "message "], "{told:?}");
    assert!(bob.disco(&by_alias).await?.child("query").is_some());

    // The id of the room leads to the same room.
    let id: String = room
        .trim_start_matches('!')
        .chars()
        .flat_map(|char| match char {
            'A'..='Z' => vec!['=', char.to_ascii_lowercase()],
            '=' => vec!['=', '='],
            ':' => vec!['%'],
            _ => vec![char],
        })
        .collect();
    let by_id = format!("!{id}@{COMPONENT}");
    cid.join(&by_id, "cid").await?;
    bob.wait_for("cid", |it| it.is_presence(&by_alias, "cid", "")).await?;

    // Words of Matrix and of XMPP reach everybody once, under their authors' names.
    let hello = ann.send_text(&room, "hello").await?;
    for (user, address) in [(&bob, &by_alias), (&cid, &by_id)] {
        let seen = user.wait_for("the text", |it| it.says(address, "hello")).await?;
        assert_eq!((seen.nick(), seen.stanza_id()), ("ann", hello.clone()));
    }
    let said = bob.say(&by_alias, "hi").await?;
    let hi = ann.wait_for("the text", |it| it.says(&room, "hi")).await?;
    assert_eq!(hi.sender(), ghost);
    let reflected = bob.wait_for("the reflection", |it| it.says(&by_alias, "hi")).await?;
    assert_eq!((reflected.attr("id"), reflected.stanza_id().as_str()), (said.as_str(), hi.id()));
    cid.wait_for("the text", |it| it.says(&by_id, "hi") && it.nick() == "bob").await?;

    // Relations.
    let to = format!("{by_id}/bob");
    cid.reply(&by_id, Reply { id: hi.id(), to: &to, quote: "hi" }, "hi bob").await?;
    let reply = ann.wait_for("the reply", |it| it.says(&room, "hi bob")).await?;
    assert_eq!(reply.content()["m.relates_to"]["m.in_reply_to"]["event_id"], hi.id());
    bob.correct(&by_alias, &said, "hi all").await?;
    let edit =
        ann.wait_for("the edit", |it| it.content()["m.new_content"]["body"] == "hi all").await?;
    assert_eq!(edit.content()["m.relates_to"]["event_id"], hi.id());
    cid.react(&by_id, &hello, &["👍"]).await?;
    ann.wait_for("the reaction", |it| {
        it.kind() == "m.reaction" && it.content()["m.relates_to"]["event_id"] == hello.as_str()
    })
    .await?;
    let edit = json!({
        "msgtype": "m.text", "body": "* hello you",
        "m.new_content": { "msgtype": "m.text", "body": "hello you" },
        "m.relates_to": { "rel_type": "m.replace", "event_id": hello }
    });
    ann.send_message(&room, edit).await?;
    let edited = bob.wait_for("the edit", |it| it.says(&by_alias, "hello you")).await?;
    assert_eq!(edited.child("replace").map(|it| it.attr("id").to_owned()), Some(hello));

    bob.leave(&by_alias, "bob").await?;
    ann.wait_for("the end", |it| it.is_membership(&room, &ghost, "leave")).await?;
    cid.wait_for("the end", |it| it.is_presence(&by_id, "bob", "unavailable")).await?;
    Ok(())
}

#[tokio::test]
async fn whoever_may_not_join_is_told_why() -> Result<()> {
    let stack = XmppStack::start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.xmpp_user("bob"))?;
    let open = NewRoom::default().public().alias("banned");
    let room = ann.create_room(open).await?;
    let ghost = format!("@_xmpp_bob=40localhost:{}", stack.synapse.server_name());
    ann.ban(&room, &ghost, "no").await?;
    for (alias, condition) in [("nowhere", "item-not-found"), ("banned", "forbidden")] {
        let address = stack.gateway(alias);
        let muc = "http://jabber.org/protocol/muc";
        bob.raw(&format!(
            "<presence xmlns='jabber:client' to='{address}/bob'><x xmlns='{muc}'/></presence>"
        ))
        .await?;
        bob.wait_for(condition, |it| {
            it.is_presence(&address, "bob", "error")
                && it.child("error").is_some_and(|it| it.child(condition).is_some())
        })
        .await?;
    }
    // Who is not in a room does not speak in it.
    let address = stack.gateway("banned");
    bob.say(&address, "psst").await?;
    let error = bob
        .wait_for("the error", |it| it.name() == "message" && it.attr("type") == "error")
        .await?;
    assert!(error.child("error").is_some_and(|it| it.child("not-acceptable").is_some()));
    Ok(())
}
