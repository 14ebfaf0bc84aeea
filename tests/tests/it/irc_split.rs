//! Servers that lose each other, and what of it is seen on Matrix.

use anyhow::Result;
use bridge_tests::{
    irc::IrcUser,
    matrix::MatrixUser,
    rig::{InspIrcd, LinkRole, free_port},
    stack::Stack,
    wait,
};
use futures_util::future::try_join_all;
use serde_json::json;

/// How many people are on the server that is cut off.
const PEOPLE: usize = 30;

/// Two servers, the bridge on one of them, and people on the other.
struct Split {
    stack: Stack,
    leaf: InspIrcd,
    bob: IrcUser,
    ann: MatrixUser,
    room: String,
    people: Vec<IrcUser>,
}

fn nick(number: usize) -> String {
    format!("leaf{number}")
}

/// Links two servers, fills a channel from the second one, and cuts the link.
async fn split(window_s: u64) -> Result<Split> {
    let port = free_port();
    let stack = Stack::irc()
        .inspircd(|server| server.link("leaf.localhost", port, LinkRole::Listens))
        .set("irc.networks.local.membership", "full")
        .set("irc.networks.local.netsplit", json!({"window_s": window_s, "per_second": 1000}))
        .start()
        .await?;
    let leaf = InspIrcd::builder()
        .named("leaf.localhost", "2LF")
        .link("irc.localhost", port, LinkRole::Connects)
        .start();
    let (mut leaf, ann, bob) =
        tokio::try_join!(leaf, stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#split").await?;
    let room = ann.join(&stack.alias("#split")).await?;
    let nicks: Vec<String> = (0..PEOPLE).map(nick).collect();
    let people =
        try_join_all(nicks.iter().map(|nick| IrcUser::connect(leaf.address(), nick))).await?;
    wait::until("the servers are linked", wait::PATIENCE, async || {
        let answer =
            people[0].ask("WHOIS bob", |line| matches!(&*line.command, "311" | "401")).await?;
        Ok((answer.command == "311").then_some(()))
    })
    .await?;
    try_join_all(people.iter().map(|user| user.join("#split"))).await?;
    for nick in &nicks {
        let ghost = stack.ghost(nick);
        ann.wait_for("a ghost", |it| it.is_membership(&room, &ghost, "join")).await?;
    }
    leaf.process.kill_9().await?;
    let is_split = |line: &bridge_tests::irc::Line| {
        line.command == "QUIT" && line.text() == "irc.localhost leaf.localhost"
    };
    bob.inbox()
        .wait("everybody is split off", wait::PATIENCE, |lines| {
            (lines.iter().filter(|line| is_split(line)).count() == PEOPLE).then_some(())
        })
        .await?;
    Ok(Split { stack, leaf, bob, ann, room, people })
}

#[tokio::test]
async fn who_is_split_off_and_comes_back_was_never_gone() -> Result<()> {
    let Split { stack, leaf, bob, ann, room, people } = split(3_600).await?;
    drop((people, leaf));
    let nicks: Vec<String> = (0..PEOPLE).map(nick).collect();
    let people = try_join_all(nicks.iter().map(|nick| stack.irc_user(nick))).await?;
    try_join_all(people.iter().map(|user| user.join("#split"))).await?;
    for user in &people {
        user.privmsg("#split", &format!("{} is back", user.nick())).await?;
    }
    for user in &people {
        let words = format!("{} is back", user.nick());
        ann.wait_for("who is back", |it| it.says(&room, &words)).await?;
    }
    bob.privmsg("#split", "so they are").await?;
    ann.wait_for("the last", |it| it.says(&room, "so they are")).await?;
    for nick in &nicks {
        let ghost = stack.ghost(nick);
        let count = |membership| {
            let events = ann.events();
            events.iter().filter(|it| it.is_membership(&room, &ghost, membership)).count()
        };
        assert_eq!((count("join"), count("leave")), (1, 0), "{ghost}");
    }
    Ok(())
}

#[tokio::test]
async fn who_is_split_off_and_stays_away_leaves_after_the_window() -> Result<()> {
    let Split { stack, leaf, bob, ann, room, people } = split(3).await?;
    drop((people, leaf));
    for nick in (0..PEOPLE).map(nick) {
        let ghost = stack.ghost(&nick);
        ann.wait_for("a leave", |it| it.is_membership(&room, &ghost, "leave")).await?;
    }
    drop(bob);
    Ok(())
}
