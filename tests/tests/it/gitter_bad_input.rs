//! Databases and documents that are not as they should be.

use anyhow::Result;
use bridge_tests::{gitter::GitterStack, rig::MongodBuilder, wait};
use mongodb::bson::{Bson, DateTime, Document, doc, oid::ObjectId};

#[tokio::test]
async fn a_server_without_a_replica_set_is_named_together_with_what_mends_it() -> Result<()> {
    let stack = GitterStack::builder().mongod(MongodBuilder::standalone).start_unready().await?;
    let reason = wait::until("the reason", wait::PATIENCE, async || {
        let Ok((_, health)) = stack.bridge.health().await else { return Ok(None) };
        let reasons = health["reasons"].as_array().cloned().unwrap_or_default();
        let fits = |fix: &str| fix.contains("--replSet");
        Ok(reasons.into_iter().find(|reason| reason["fix"].as_str().is_some_and(fits)))
    })
    .await?;
    assert_eq!(reason["code"], "network_down");
    assert_eq!(reason["subject"], "gitter");
    Ok(())
}

#[tokio::test]
async fn a_missing_backing_user_is_named_and_waited_for() -> Result<()> {
    let mut stack =
        GitterStack::builder().set("gitter.backing_user", "nobody").start_unready().await?;
    wait::until("the reason", wait::PATIENCE, async || {
        let Ok((_, health)) = stack.bridge.health().await else { return Ok(None) };
        let reasons = health["reasons"].as_array().cloned().unwrap_or_default();
        let fits = |what: &str| what.contains("\"nobody\"");
        Ok(reasons.into_iter().find(|reason| reason["what"].as_str().is_some_and(fits)))
    })
    .await?;
    stack.gitter.user("nobody", "Somebody").await?;
    stack.bridge.process.wait_ready().await
}

#[tokio::test]
async fn documents_that_break_the_schema_stop_nothing() -> Result<()> {
    let stack = GitterStack::builder().start().await?;
    let ann = stack.matrix_user("ann").await?;
    let bob = stack.gitter.user("bob", "Bob").await?;
    let removed = stack.gitter.user("ghost~5f5e", "").await?;
    let remote = stack.gitter.room("acme/odd").await?;
    let room = ann.join(&stack.alias("acme/odd")).await?;
    let messages = stack.gitter.collection("chatmessages");
    let base = || -> Document {
        doc! { "_id": ObjectId::new(), "fromUserId": bob.id, "toTroupeId": remote.id,
        "text": "odd", "html": "odd", "sent": DateTime::now() }
    };
    let with = |key: &str, value: Bson| {
        let mut document = base();
        document.insert(key, value);
        document
    };
    let mut without_sent = base();
    without_sent.remove("sent");
    for document in [
        doc! { "_id": "not an ObjectId", "text": 1 },
        doc! {},
        without_sent,
        with("fromUserId", Bson::Null),
        with("text", Bson::Int32(7)),
        with("toTroupeId", ObjectId::new().into()),
        with("toTroupeId", "acme/odd".into()),
    ] {
        messages.insert_one(document).await?;
    }
    // A conversation of two has no uri, and none of the defaults.
    let two = ObjectId::new();
    let users = vec![doc! { "userId": bob.id, "_id": ObjectId::new() }];
    let oddity = doc! { "_id": two, "oneToOne": true, "oneToOneUsers": users, "groupId": null };
    stack.gitter.collection("troupes").insert_one(oddity).await?;
    messages.insert_one(with("toTroupeId", two.into())).await?;

    // What can be made something of comes through.
    bob.post(&remote, "dangling", "dangling", doc! { "parentId": ObjectId::new() }).await?;
    let other = doc! { "virtualUser": { "type": "irc", "externalId": "x", "displayName": "Xe" } };
    bob.post(&remote, "elsewhere", "elsewhere", other).await?;
    removed.say(&remote, "gone").await?;
    bob.say(&remote, "sound").await?;
    ann.wait_for("the sound one", |event| event.says(&room, "sound")).await?;
    let ghost = stack.ghost(&bob);
    let of_the_removed = format!("@ghost-{}:{}", removed.id, stack.synapse.server_name());
    let expected = [
        (ghost.as_str(), "dangling"),
        (ghost.as_str(), "Xe: elsewhere"),
        (of_the_removed.as_str(), "gone"),
        (ghost.as_str(), "sound"),
    ];
    let said = ann.said_in(&room);
    let said: Vec<_> = said.iter().map(|(by, words)| (by.as_str(), words.as_str())).collect();
    assert_eq!(said, expected);
    Ok(())
}
