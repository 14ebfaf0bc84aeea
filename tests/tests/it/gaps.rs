//! Events that the homeserver did not hand over, as after its own restart.

use anyhow::Result;
use bridge_tests::{
    matrix::{MatrixUser, NewRoom},
    rig::{Mode, Proxy},
    stack::Stack,
    wait,
};

#[tokio::test]
async fn what_the_homeserver_dropped_is_fetched_also_in_quiet_rooms() -> Result<()> {
    let mut stack = Stack::irc().proxied().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    let mut rooms = Vec::new();
    for channel in ["#busy", "#quiet"] {
        bob.join(channel).await?;
        let room = ann.join(&stack.alias(channel)).await?;
        ann.send_text(&room, "first").await?;
        bob.wait_for("the first", |line| line.is_message(channel, "first")).await?;
        rooms.push(room);
    }
    let ghost = stack.ghost("bob");
    let direct = ann.create_room(NewRoom::default().direct().invite(&[&ghost])).await?;
    ann.wait_for("the ghost", |event| event.is_membership(&direct, &ghost, "join")).await?;
    ann.send_text(&direct, "first").await?;
    bob.wait_for("the first", |line| line.is_message("bob", "first")).await?;

    let from = &stack.proxies()?.from_homeserver;
    from.set(Mode::Answer(200));
    for room in [&rooms[0], &rooms[1], &direct] {
        for words in ["lost", "lost too"] {
            send_into_the_void(&ann, room, words, from).await?;
        }
    }
    from.set(Mode::Pass);
    stack.bridge.restart().await?;
    ann.send_text(&rooms[0], "news").await?;
    bob.wait_for("the news", |line| line.is_message("#busy", "news")).await?;
    assert_eq!(words(bob.said_in("#busy")), ["first", "lost", "lost too", "news"]);
    // Nobody says anything in these.
    bob.wait_for("the last", |line| line.is_message("#quiet", "lost too")).await?;
    assert_eq!(words(bob.said_in("#quiet")), ["first", "lost", "lost too"]);
    bob.wait_for("the last", |line| line.is_message("bob", "lost too")).await?;
    assert_eq!(words(bob.said_in("bob")), ["first", "lost", "lost too"]);

    // The same without a restart: the homeserver goes away and comes back.
    from_void_after_an_outage(&stack, &ann, &bob, &rooms[1]).await
}

async fn from_void_after_an_outage(
    stack: &Stack,
    ann: &MatrixUser,
    bob: &bridge_tests::irc::IrcUser,
    room: &str,
) -> Result<()> {
    let proxies = stack.proxies()?;
    proxies.from_homeserver.set(Mode::Answer(200));
    send_into_the_void(ann, room, "lost again", &proxies.from_homeserver).await?;
    proxies.from_homeserver.set(Mode::Pass);
    proxies.to_homeserver.set(Mode::Refuse);
    bob.privmsg("#busy", "is anybody there?").await?;
    wait::until("the outage is noticed", wait::PATIENCE, async || {
        let up = stack.bridge.metric("bridge_homeserver_up", &[]).await?;
        Ok((up < 1.0).then_some(()))
    })
    .await?;
    proxies.to_homeserver.set(Mode::Pass);
    bob.wait_for("what was lost", |line| line.is_message("#quiet", "lost again")).await?;
    assert_eq!(words(bob.said_in("#quiet")), ["first", "lost", "lost too", "lost again"]);
    Ok(())
}

/// Says something in a transaction that the bridge never sees.
async fn send_into_the_void(ann: &MatrixUser, room: &str, words: &str, void: &Proxy) -> Result<()> {
    let seen = void.requests().count();
    ann.send_text(room, words).await?;
    void.requests()
        .wait("the transaction is swallowed", wait::PATIENCE, |requests| {
            requests[seen..].iter().find(|it| it.contains("/transactions/")).map(|_| ())
        })
        .await
}

fn words(said: Vec<(String, String)>) -> Vec<String> {
    said.into_iter().filter(|(nick, _)| nick == "ann[m]").map(|(_, words)| words).collect()
}
