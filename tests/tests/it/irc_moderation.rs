//! Ranks, bans and doors, on both sides.

use anyhow::Result;
use bridge_tests::{matrix::MatrixUser, stack::Stack, wait};
use serde_json::Value;

/// Waits until state stands as `fits` says.
async fn state(
    user: &MatrixUser,
    room: &str,
    kind: &str,
    key: &str,
    fits: impl Fn(&Value) -> bool,
) -> Result<()> {
    wait::until(format_args!("{kind} of {key:?}"), wait::PATIENCE, async || {
        let content = user.state(room, kind, key).await?;
        Ok(fits(&content).then_some(()))
    })
    .await
}

#[tokio::test]
async fn ranks_and_power_go_both_ways() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, cid, bob, dan) = tokio::try_join!(
        stack.matrix_user("ann"),
        stack.matrix_user("cid"),
        stack.irc_user("bob"),
        stack.irc_user("dan"),
    )?;
    bob.join("#ranks").await?;
    dan.join("#ranks").await?;
    let room = ann.join(&stack.alias("#ranks")).await?;
    cid.join(&room).await?;
    for user in [&ann, &cid] {
        let words = format!("this is {}", user.id());
        user.send_text(&room, &words).await?;
        bob.wait_for("a word", |it| it.is_message("#ranks", &words)).await?;
    }
    // bob founded the channel, and speaks.
    bob.privmsg("#ranks", "hello").await?;
    let ghost = stack.ghost("bob");
    state(&ann, &room, "m.room.power_levels", "", |it| it["users"][&*ghost] == 50).await?;
    bob.mode("#ranks", "+o ann[m]").await?;
    state(&ann, &room, "m.room.power_levels", "", |it| it["users"][ann.id()] == 50).await?;
    bob.mode("#ranks", "-o ann[m]").await?;
    state(&ann, &room, "m.room.power_levels", "", |it| it["users"].get(ann.id()).is_none()).await?;

    // Only voices may speak; then everybody.
    bob.mode("#ranks", "+m").await?;
    state(&ann, &room, "m.room.power_levels", "", |it| it["events_default"] == 1).await?;
    bob.mode("#ranks", "+v ann[m]").await?;
    state(&ann, &room, "m.room.power_levels", "", |it| it["users"][ann.id()] == 1).await?;
    bob.mode("#ranks", "-m").await?;
    state(&ann, &room, "m.room.power_levels", "", |it| it["events_default"] == 0).await?;
    bob.mode("#ranks", "+i").await?;
    state(&ann, &room, "m.room.join_rules", "", |it| it["join_rule"] == "invite").await?;
    bob.mode("#ranks", "-i").await?;
    state(&ann, &room, "m.room.join_rules", "", |it| it["join_rule"] == "public").await?;
    Ok(())
}

#[tokio::test]
async fn who_is_kept_out_on_one_side_is_on_the_other() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob, dan) =
        tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"), stack.irc_user("dan"),)?;
    bob.join("#bans").await?;
    dan.join("#bans").await?;
    let room = ann.join(&stack.alias("#bans")).await?;
    ann.send_text(&room, "hello").await?;
    bob.wait_for("ann", |it| it.is_message("#bans", "hello")).await?;

    bob.mode("#bans", "+b ann[m]!*@*").await?;
    ann.wait_for("the ban", |it| it.is_membership(&room, ann.id(), "ban")).await?;
    bob.mode("#bans", "-b ann[m]!*@*").await?;
    ann.wait_for("its end", |it| it.is_membership(&room, ann.id(), "leave")).await?;
    ann.join(&room).await?;

    ann.send_text(&room, "back").await?;
    bob.wait_for("ann again", |it| it.is_message("#bans", "back")).await?;

    // The bot made the room; who has its power on Matrix bans on IRC by an operator's puppet.
    bob.mode("#bans", "+o ann[m]").await?;
    state(&ann, &room, "m.room.power_levels", "", |it| it["users"][ann.id()] == 50).await?;
    dan.privmsg("#bans", "spam").await?;
    ann.wait_for("spam", |it| it.says(&room, "spam")).await?;
    let ghost = stack.ghost("dan");
    ann.ban(&room, &ghost, "spam").await?;
    bob.wait_for("the ban", |it| it.command == "MODE" && it.nick() == "ann[m]").await?;
    let kick = bob.wait_for("the kick", |it| it.command == "KICK").await?;
    assert_eq!((kick.nick(), kick.param(1), kick.text()), ("ann[m]", "dan", "spam"));
    Ok(())
}

#[tokio::test]
async fn a_channel_that_lets_nobody_in_says_so() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#closed").await?;
    let room = ann.join(&stack.alias("#closed")).await?;
    bob.wait_for("ann", |it| it.command == "JOIN" && it.nick() == "ann[m]").await?;
    bob.mode("#closed", "+b cid[m]!*@*").await?;
    bob.wait_for("the ban", |it| it.command == "MODE" && it.param(1) == "+b").await?;
    let cid = stack.matrix_user("cid").await?;
    cid.join(&room).await?;
    let notice = cid
        .wait_for("the notice", |it| it.is_message_in(&room) && it.msgtype() == "m.notice")
        .await?;
    assert!(notice.body().contains(cid.id()), "{notice:?}");
    assert!(notice.body().contains("474"), "{notice:?}");
    Ok(())
}
