//! What people do besides speaking in a channel: private messages, coming, going, renaming, topics.

use anyhow::Result;
use bridge_tests::{matrix::NewRoom, stack::Stack};

#[tokio::test]
async fn two_people_talk_in_private() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    let ghost = stack.ghost("bob");
    let room = ann.create_room(NewRoom::default().direct().invite(&[&ghost])).await?;
    ann.wait_for("the ghost", |event| event.is_membership(&room, &ghost, "join")).await?;
    ann.send_text(&room, "psst").await?;
    let line = bob.wait_for("the private line", |line| line.is_message("bob", "psst")).await?;
    bob.privmsg(line.nick(), "what is it?").await?;
    let answer = ann.wait_for("the answer", |event| event.says(&room, "what is it?")).await?;
    assert_eq!(answer.sender(), ghost);
    Ok(())
}

#[tokio::test]
async fn who_comes_goes_and_renames_on_irc_does_so_on_matrix() -> Result<()> {
    let stack = Stack::irc().set("irc.networks.local.membership", "full").start().await?;
    let (ann, mut bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    let room = ann.join(&stack.alias("#life")).await?;
    bob.join("#life").await?;
    let (old, new) = (stack.ghost("bob"), stack.ghost("robert"));
    ann.wait_for("the join", |event| event.is_membership(&room, &old, "join")).await?;
    bob.rename("robert").await?;
    ann.wait_for("the new name", |event| event.is_membership(&room, &new, "join")).await?;
    ann.wait_for("the end of the old", |event| event.is_membership(&room, &old, "leave")).await?;
    bob.part("#life", "enough").await?;
    ann.wait_for("the part", |event| event.is_membership(&room, &new, "leave")).await?;
    Ok(())
}

#[tokio::test]
async fn a_topic_set_on_irc_stands_on_matrix() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#topical").await?;
    let room = ann.join(&stack.alias("#topical")).await?;
    bob.topic("#topical", "news of today").await?;
    bob.wait_for("the topic", |line| line.command == "TOPIC").await?;
    ann.wait_for("the topic", |event| {
        event.kind() == "m.room.topic" && event.content()["topic"] == "news of today"
    })
    .await?;
    assert_eq!(ann.state(&room, "m.room.topic", "").await?["topic"], "news of today");
    Ok(())
}
