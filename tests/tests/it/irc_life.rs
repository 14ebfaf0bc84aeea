//! Coming and going as the configuration wants it, and what people tell the bridge to do.

use anyhow::Result;
use bridge_tests::{matrix::NewRoom, stack::Stack};
use serde_json::json;

#[tokio::test]
async fn nobody_comes_or_goes_where_that_is_not_shown() -> Result<()> {
    let quiet = json!({"#quiet": {"membership": "none", "puppets": "none"}});
    let stack = Stack::irc().set("irc.networks.local.channels", quiet).start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#quiet").await?;
    let room = ann.join(&stack.alias("#quiet")).await?;
    ann.send_text(&room, "hello").await?;
    let line = bob.wait_for("ann", |it| it.text().contains("hello")).await?;
    assert_eq!(line.nick(), "bridge", "{line:?}");
    assert!(line.text().contains("ann"), "{line:?}");
    bob.privmsg("#quiet", "hi").await?;
    ann.wait_for("bob", |it| it.says(&room, "hi")).await?;
    bob.part("#quiet", "enough").await?;
    bob.join("#quiet").await?;
    bob.privmsg("#quiet", "again").await?;
    ann.wait_for("bob again", |it| it.says(&room, "again")).await?;
    let ghost = stack.ghost("bob");
    let left = ann.events().iter().any(|it| it.is_membership(&room, &ghost, "leave"));
    assert!(!left, "{:?}", ann.events());
    Ok(())
}

#[tokio::test]
async fn who_left_while_the_bridge_was_away_leaves() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#away").await?;
    let room = ann.join(&stack.alias("#away")).await?;
    bob.privmsg("#away", "here").await?;
    ann.wait_for("bob", |it| it.says(&room, "here")).await?;
    stack.bridge.kill_9().await?;
    bob.quit("enough").await?;
    stack.bridge.start_again().await?;
    let ghost = stack.ghost("bob");
    ann.wait_for("the leave", |it| it.is_membership(&room, &ghost, "leave")).await?;
    Ok(())
}

#[tokio::test]
async fn people_tell_the_bridge_what_to_do() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#orders").await?;
    let room = ann.join(&stack.alias("#orders")).await?;
    ann.send_text(&room, "hello").await?;
    bob.wait_for("ann", |it| it.is_message("#orders", "hello")).await?;

    ann.send_text(&room, "!irc nick annette").await?;
    bob.wait_for("the nick", |it| it.command == "NICK" && it.text() == "annette").await?;
    ann.wait_for("the answer", |it| it.says(&room, "you are annette now")).await?;
    ann.send_text(&room, "!irc nick bob").await?;
    let taken =
        |it: &bridge_tests::matrix::Event| it.is_message_in(&room) && it.body().contains("(433)");
    ann.wait_for("the refusal", taken).await?;
    ann.send_text(&room, "!irc nick annette").await?;

    let bot = format!("@_ircbot:{}", stack.synapse.server_name());
    let dm = ann.create_room(NewRoom::default().direct().invite(&[&bot])).await?;
    ann.wait_for("the bot", |event| event.is_membership(&dm, &bot, "join")).await?;
    ann.send_text(&dm, "status").await?;
    let status = |it: &bridge_tests::matrix::Event| {
        it.is_message_in(&dm) && it.body().contains("you are annette on")
    };
    ann.wait_for("the status", status).await?;
    ann.send_text(&dm, "whois bob").await?;
    let whois =
        |it: &bridge_tests::matrix::Event| it.is_message_in(&dm) && it.body().contains("#orders");
    ann.wait_for("who bob is", whois).await?;

    // The choice outlives the bridge, and no command was carried to IRC.
    stack.bridge.kill_9().await?;
    stack.bridge.start_again().await?;
    ann.send_text(&room, "again").await?;
    let line = bob.wait_for("ann again", |it| it.is_message("#orders", "again")).await?;
    assert_eq!(line.nick(), "annette");
    let carried = bob.said_in("#orders").iter().any(|(_, words)| words.starts_with("!irc"));
    assert!(!carried);
    Ok(())
}
