use std::time::Duration;

use anyhow::Result;
use bridge_tests::{
    irc::IrcUser,
    matrix::{MatrixError, MatrixUser, NewRoom},
    rig::{Mode, NgIrcd, Proxy, Rule, Synapse},
    wait::{self, PATIENCE},
};

#[tokio::test]
async fn irc_is_passed_cut_refused_and_stalled() -> Result<()> {
    let server = NgIrcd::builder().start().await?;
    let proxy = Proxy::tcp(server.address()).await?;
    let ann = IrcUser::connect(&proxy.address(), "ann").await?;
    ann.join("#talk").await?;

    proxy.cut();
    wait::until("the cut", PATIENCE, async || Ok(ann.inbox().closed())).await?;

    let ben = IrcUser::connect(&proxy.address(), "ben").await?;
    ben.join("#talk").await?;
    proxy.set(Mode::Stall);
    let direct = IrcUser::connect(server.address(), "cleo").await?;
    direct.join("#talk").await?;
    direct.privmsg("#talk", "held back").await?;
    ben.privmsg("#talk", "held back too").await?;
    assert_eq!(direct.names("#talk").await?.len(), 2);
    assert_eq!((ben.said_in("#talk").len(), direct.said_in("#talk").len()), (0, 0));
    proxy.set(Mode::Pass);
    ben.wait_for("the held line", |line| line.is_message("#talk", "held back")).await?;
    direct.wait_for("the held line", |line| line.is_message("#talk", "held back too")).await?;

    proxy.set(Mode::Refuse);
    wait::until("the refusal", PATIENCE, async || {
        Ok(IrcUser::connect(&proxy.address(), "dora").await.err())
    })
    .await?;
    wait::until("no link is left", PATIENCE, async || Ok((proxy.open() == 0).then_some(())))
        .await?;
    proxy.set(Mode::Pass);
    wait::until("a link again", PATIENCE, async || {
        Ok(IrcUser::connect(&proxy.address(), "emil").await.ok())
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn requests_are_answered_held_and_left_unanswered() -> Result<()> {
    let synapse = Synapse::builder().start().await?;
    let proxy = Proxy::http(synapse.url().trim_start_matches("http://")).await?;
    let direct = MatrixUser::register(&synapse, "ann").await?;
    let token = synapse.register("ben", "secret").await?;
    let ben = MatrixUser::with_token(&proxy.url(), token).await?;
    let room = direct.create_room(NewRoom::default().public()).await?;
    let other = direct.create_room(NewRoom::default().public()).await?;
    for room in [&room, &other] {
        ben.join(room).await?;
    }

    proxy.set(Mode::Answer(502));
    let error = ben.send_text(&room, "into the void").await.expect_err("a 502");
    assert_eq!(error.downcast::<MatrixError>()?.status, 502);
    proxy.set_for(Mode::Answer(502), Duration::from_millis(1));
    wait::until("an end of 502", PATIENCE, async || Ok(ben.profile(ben.id()).await.ok())).await?;

    proxy.add(Rule::Hang(urlencoded(&room)));
    let send = ben.send_text(&room, "in time");
    tokio::pin!(send);
    tokio::select! {
        answer = &mut send => anyhow::bail!("not held: {answer:?}"),
        // Another room is served meanwhile.
        sent = ben.send_text(&other, "at once") => { sent?; }
    }
    assert!(direct.said_in(&room).is_empty());
    proxy.clear_rules();
    send.await?;

    proxy.add(Rule::LoseAnswer("/send/".to_owned()));
    ben.send_text(&room, "served, but not answered").await.expect_err("no answer");
    let kept = |event: &bridge_tests::matrix::Event| event.says(&room, "served, but not answered");
    direct.wait_for("what was served", kept).await?;
    let sends = proxy.requests().all().iter().filter(|it| it.contains("/send/")).count();
    assert_eq!(sends, 4);
    Ok(())
}

/// A room id as it stands in a path.
fn urlencoded(room: &str) -> String {
    room.trim_start_matches('!').to_owned()
}
