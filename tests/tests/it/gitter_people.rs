//! People on Gitter who come, go, and read.

use anyhow::Result;
use bridge_tests::{gitter::GitterStack, matrix::Event, wait};

#[tokio::test]
async fn who_joins_comes_in_and_who_leaves_goes() -> Result<()> {
    let stack = GitterStack::builder().set("gitter.membership", "full").start().await?;
    let ann = stack.matrix_user("ann").await?;
    let bob = stack.gitter.user("bob", "Bob").await?;
    let remote = stack.gitter.room("acme/rockets").await?;
    let room = ann.join(&stack.alias("acme/rockets")).await?;
    let ghost = stack.ghost(&bob);
    bob.join(&remote).await?;
    ann.wait_for("the join", |event| event.is_membership(&room, &ghost, "join")).await?;
    bob.leave(&remote).await?;
    ann.wait_for("the leave", |event| event.is_membership(&room, &ghost, "leave")).await?;
    bob.join(&remote).await?;
    bob.say(&remote, "back").await?;
    ann.wait_for("bob", |event| event.says(&room, "back")).await?;
    assert!(ann.members(&room).await?.contains_key(&ghost));
    Ok(())
}

#[tokio::test]
async fn what_was_read_on_gitter_is_marked_on_matrix() -> Result<()> {
    let stack = GitterStack::builder().start().await?;
    let ann = stack.matrix_user("ann").await?;
    let bob = stack.gitter.user("bob", "Bob").await?;
    let remote = stack.gitter.room("acme/rockets").await?;
    let room = ann.join(&stack.alias("acme/rockets")).await?;
    bob.say(&remote, "here").await?;
    ann.wait_for("bob", |event| event.says(&room, "here")).await?;
    let words = ann.send_text(&room, "read me").await?;
    remote.wait_for_text("read me").await?;
    let ghost = stack.ghost(&bob);
    // Gitter notes it whenever a room is looked at; a note that comes too early marks less.
    wait::until("the receipt", wait::PATIENCE, async || {
        bob.look(&remote).await?;
        let is_receipt = |event: &Event| {
            event.room == room
                && event.kind() == "m.receipt"
                && event.content()[&words]["m.read"].get(&ghost).is_some()
        };
        Ok(ann.inbox().all().iter().any(is_receipt).then_some(()))
    })
    .await
}
