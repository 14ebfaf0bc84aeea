//! Links that an admin makes and ends, from the shell, between real rooms and channels.

use std::process::Output;

use anyhow::{Result, ensure};
use bridge_tests::{
    irc::IrcUser,
    matrix::{MatrixUser, NewRoom},
    stack::Stack,
};
use serde_json::{Value, json};

#[tokio::test]
async fn links_come_go_and_come_again() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    let bot = format!("@_ircbot:{}", stack.synapse.server_name());
    let power = json!({ "users": { bot: 50 } });
    let ours = NewRoom::default().public().set("power_level_content_override", power);
    let room = ann.create_room(ours).await?;

    // The bot comes first, is an operator, and nobody is asked.
    let linked = run(&stack, &["rooms", "link", "local/#new", &room]).await?;
    assert_eq!(linked, format!("linked local/#new {room}\n"));
    let again = run(&stack, &["rooms", "link", "local/#NEW", &room]).await?;
    assert_eq!(again, format!("unchanged local/#new {room}\n"));
    let info = ann.state(&room, "m.bridge", "irc://local/#new").await?;
    assert_eq!(info["protocol"]["id"], "irc");
    bob.join("#new").await?;
    talk(&stack, &ann, &bob, &room, "#new", "first").await?;

    // A room goes to one channel.
    let taken = stack.bridge.cli(&["rooms", "link", "local/#other", &room]).await?;
    assert_eq!(taken.status.code(), Some(1));
    assert!(text(&taken.stderr).contains("is linked to local/#new already"), "{taken:?}");

    let ended = run(&stack, &["rooms", "unlink", &room]).await?;
    assert_eq!(ended, format!("unlinked local/#new {room}\n"));
    let ghost = stack.ghost("bob");
    ann.wait_for("the ghost's end", |it| it.is_membership(&room, &ghost, "leave")).await?;
    bob.wait_for("the puppet's end", |line| line.command == "QUIT" || line.command == "PART")
        .await?;
    assert_eq!(ann.state(&room, "m.bridge", "irc://local/#new").await?, json!({}));
    let links: Value = serde_json::from_str(&run(&stack, &["rooms", "list", "--json"]).await?)?;
    assert_eq!(links[0]["kind"], "unlinked");
    ann.send_text(&room, "nobody hears this").await?;
    bob.privmsg("#new", "nor this").await?;

    // Whoever comes first is an operator, who is asked this time.
    bob.part("#new", "").await?;
    bob.join("#new").await?;
    let (relinked, ()) = tokio::try_join!(
        async { run(&stack, &["rooms", "link", "local/#new", &room]).await },
        op_says(&bob, "#new", "bridge: yes"),
    )?;
    assert_eq!(relinked, format!("linked local/#new {room}\n"));
    talk(&stack, &ann, &bob, &room, "#new", "second").await?;
    let heard = bob.said_in("#new").into_iter().map(|(_, words)| words).collect::<Vec<_>>();
    assert!(!heard.contains(&"nobody hears this".to_owned()), "{heard:?}");
    let seen = ann.said_in(&room).into_iter().map(|(_, words)| words).collect::<Vec<_>>();
    assert!(!seen.contains(&"nor this".to_owned()), "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn an_operator_of_the_channel_decides() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob, eve) =
        tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"), stack.irc_user("eve"))?;
    bob.join("#his").await?;
    eve.join("#his").await?;
    let room = ann.create_room(NewRoom::default().public()).await?;

    let (refused, ()) = tokio::try_join!(
        async { stack.bridge.cli(&["rooms", "link", "local/#his", &room]).await },
        async {
            let asked = |line: &bridge_tests::irc::Line| line.text().contains("bridge: no");
            eve.wait_for("the question", asked).await?;
            // Whoever is no operator may say what they like.
            eve.privmsg("#his", "bridge: yes").await?;
            bob.wait_for("eve", |line| line.is_message("#his", "bridge: yes")).await?;
            bob.privmsg("#his", "bridge: no").await
        },
    )?;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(text(&refused.stderr).contains("bob, an operator of #his, says no"), "{refused:?}");
    bob.wait_for("the bot's end", |line| line.command == "PART" && line.nick() == "bridge").await?;
    assert_eq!(run(&stack, &["rooms", "list"]).await?, "");
    Ok(())
}

#[tokio::test]
async fn linking_takes_power_in_the_room() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, ben) = tokio::try_join!(stack.matrix_user("ann"), stack.matrix_user("ben"))?;
    let bot = format!("@_ircbot:{}", stack.synapse.server_name());
    let link = async |room: &str, user: &str| {
        let args = ["rooms", "link", "local/#power", room, "--as", user];
        let output = stack.bridge.cli(&args).await?;
        anyhow::Ok((output.status.code(), text(&output.stderr)))
    };

    let closed = ann.create_room(NewRoom::default()).await?;
    let (code, why) = link(&closed, ann.id()).await?;
    assert_eq!(code, Some(1));
    assert!(why.contains("invite it there"), "{why}");

    let room = ann.create_room(NewRoom::default().public()).await?;
    let (_, why) = link(&room, ben.id()).await?;
    assert!(why.contains("is not in"), "{why}");
    ben.join(&room).await?;
    let (_, why) = link(&room, ben.id()).await?;
    assert!(why.contains("has power 0") && why.contains("takes 50"), "{why}");

    // The invite makes a talk with the bot of it; the link takes the room over.
    ann.invite(&closed, &bot).await?;
    ann.wait_for("the bot", |it| it.is_membership(&closed, &bot, "join")).await?;
    let mut levels = ann.state(&closed, "m.room.power_levels", "").await?;
    levels["invite"] = json!(50);
    ann.set_state(&closed, "m.room.power_levels", "", levels.clone()).await?;
    let (_, why) = link(&closed, ann.id()).await?;
    assert!(why.contains("takes an invite") && why.contains("power 0"), "{why}");
    levels["users"][&bot] = json!(50);
    ann.set_state(&closed, "m.room.power_levels", "", levels).await?;
    let (code, why) = link(&closed, ann.id()).await?;
    assert_eq!(code, Some(0), "{why}");
    let bob = stack.irc_user("bob").await?;
    bob.join("#power").await?;
    talk(&stack, &ann, &bob, &closed, "#power", "closed").await
}

#[tokio::test]
async fn links_in_quick_succession_end_right() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    let room = ann.create_room(NewRoom::default().public()).await?;
    run(&stack, &["rooms", "link", "local/#quick", &room]).await?;
    bob.join("#quick").await?;
    talk(&stack, &ann, &bob, &room, "#quick", "before").await?;
    // The bot is still an operator when it comes back at once, or an operator is asked; here
    // nobody need be.
    stack.bridge.set("irc.networks.local.ask_operators", false)?;
    stack.bridge.restart().await?;
    let (link, unlink) =
        (json!({ "remote": "local/#quick", "room": room }), json!({ "room": room }));
    for _ in 0..5 {
        // Three are under way at once, in whatever order they arrive; the fourth comes last.
        tokio::try_join!(
            stack.bridge.api("POST", "links/unlink", &unlink),
            stack.bridge.api("PUT", "links", &link),
            stack.bridge.api("POST", "links/unlink", &unlink),
        )?;
        let (status, answer) = stack.bridge.api("PUT", "links", &link).await?;
        assert_eq!(status, 200, "{answer}");
    }
    bob.privmsg("#quick", "are you there?").await?;
    talk(&stack, &ann, &bob, &room, "#quick", "after").await
}

#[tokio::test]
async fn the_api_takes_its_token_only_and_describes_itself() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    let get = async |token| stack.bridge.api_as(token, "GET", "openapi.json", &json!(null)).await;
    assert_eq!(get(None).await?.0, 401);
    assert_eq!(get(Some("wrong")).await?.0, 403);
    let (status, description) = stack.bridge.api("GET", "openapi.json", &json!(null)).await?;
    assert_eq!(status, 200);
    assert!(description["paths"]["/links"]["put"].is_object(), "{description}");

    let admin = stack.bridge.admin_url();
    stack.bridge.stop().await?;
    let output = stack.bridge.cli(&["rooms", "list"]).await?;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("is not running") && said.contains(&admin), "{said}");
    Ok(())
}

/// An operator waits for the question and answers.
async fn op_says(op: &IrcUser, channel: &str, words: &str) -> Result<()> {
    // Whoever came first after the bot left is no operator: the channel never was empty.
    op.ask(&format!("MODE {channel}"), |line| line.command == "324").await?;
    op.wait_for("the question", |line| line.text().contains("bridge: no")).await?;
    op.privmsg(channel, words).await
}

/// A line each way.
async fn talk(
    stack: &Stack,
    ann: &MatrixUser,
    bob: &IrcUser,
    room: &str,
    channel: &str,
    about: &str,
) -> Result<()> {
    let (out, back) = (format!("{about}, from Matrix"), format!("{about}, from IRC"));
    ann.send_text(room, &out).await?;
    bob.wait_for(&out, |line| line.is_message(channel, &out)).await?;
    bob.privmsg(channel, &back).await?;
    let event = ann.wait_for(&back, |event| event.says(room, &back)).await?;
    assert_eq!(event.sender(), stack.ghost("bob"));
    Ok(())
}

/// Runs a command that must succeed; its output.
async fn run(stack: &Stack, args: &[&str]) -> Result<String> {
    let Output { status, stdout, stderr } = stack.bridge.cli(args).await?;
    ensure!(status.success(), "{args:?}: {status}: {}{}", text(&stdout), text(&stderr));
    Ok(text(&stdout))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
