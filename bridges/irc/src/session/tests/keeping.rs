//! Staying alive, and ending.

use std::time::Duration;

use super::{
    CancellationToken, CloseReason, EventKind, LIMIT, Message, Priority, Script, Session, Talk,
    mpsc, privmsg, timeout,
};
use crate::{
    registration::RegistrationError,
    session::{OUTSTANDING, Retry},
};

#[tokio::test]
async fn a_silent_server_is_asked_and_then_given_up() {
    let mut talk = Talk::registered("", |config| {
        config.timing.ping_after = Duration::from_millis(100);
        config.timing.dead_after = Duration::from_millis(400);
    })
    .await;
    assert_eq!(talk.peer.line().await, "PING irc.s");
    talk.peer.say(":irc.s PONG irc.s :irc.s").await;
    assert_eq!(talk.peer.line().await, "PING irc.s", "an answer begins a new silence");
    let closed = talk.closed().await;
    assert_eq!(closed.reason, CloseReason::Silent);
    assert!(closed.registered);
}

#[tokio::test]
async fn a_server_that_does_not_greet_is_left() {
    let mut talk = Talk::open(|config| config.timing.register = Duration::from_millis(100)).await;
    let closed = talk.closed().await;
    assert_eq!(closed.reason, CloseReason::RegistrationTimeout);
    assert!(!closed.registered && closed.server.is_some());
}

#[tokio::test]
async fn the_last_words_of_the_server_are_the_reason() {
    let mut talk = Talk::registered("", |_| {}).await;
    talk.peer.say("ERROR :Closing link: (al@h) [K-lined: enough]").await;
    drop(talk.peer);
    let mut events = talk.events;
    let closed = loop {
        let event = timeout(LIMIT, events.recv()).await.unwrap().unwrap();
        if let EventKind::Closed(closed) = event.kind {
            break closed;
        }
    };
    assert!(matches!(&closed.reason, CloseReason::Banned { why } if why.contains("enough")));
    assert_eq!(closed.reason.retry(), Retry::Hopeless);
}

#[tokio::test]
async fn refusals_while_registering_are_told_apart() {
    for (lines, expected) in [
        (&[":s 465 * :You are banned"][..], "the server banned us: You are banned"),
        (
            &[":s 464 * :Password incorrect", "ERROR :Bye"],
            "the server refused the password: Password incorrect",
        ),
        (
            &["ERROR :Trying to reconnect too fast."],
            "the server slows us down: Trying to reconnect too fast.",
        ),
    ] {
        let mut talk = Talk::open(|config| config.timing.linger = Duration::from_millis(100)).await;
        for line in lines {
            talk.peer.say(line).await;
        }
        drop(std::mem::replace(&mut talk.peer, Script::nobody()));
        assert_eq!(talk.closed().await.reason.to_string(), expected);
    }
    let mut talk = Talk::open(|_| {}).await;
    talk.peer.say(":s 433 * al :In use").await;
    talk.peer.say(":s 433 * al_ :In use").await;
    assert!(matches!(
        talk.closed().await.reason,
        CloseReason::Registration(RegistrationError::Nick { .. })
    ));
}

#[tokio::test]
async fn shutdown_says_quit_and_reads_to_the_end() {
    let mut talk = Talk::registered("", |config| config.quit_message = "going home".into()).await;
    talk.handle.send(1, privmsg("last")).await.unwrap();
    talk.shutdown.cancel();
    assert_eq!(talk.peer.line().await, "PRIVMSG #c last");
    assert_eq!(talk.peer.line().await, "QUIT :going home");
    talk.peer.say(":x!y@z PRIVMSG #c :in passing").await;
    talk.peer.say("ERROR :Closing link: [Quit: banned]").await;
    assert_eq!(talk.message().await.message.text(), "in passing");
    assert_eq!(talk.message().await.message.command, "ERROR");
    drop(std::mem::replace(&mut talk.peer, Script::nobody()));
    assert_eq!(talk.closed().await.reason, CloseReason::Quit);
}

#[tokio::test]
async fn a_server_that_ignores_quit_is_hung_up_on() {
    let mut talk =
        Talk::registered("", |config| config.timing.linger = Duration::from_millis(50)).await;
    let permit = talk.handle.permit(Priority::Barrier, 0).await.unwrap();
    permit.write(Message::new("QUIT", ["bye"])).await.unwrap();
    assert_eq!(talk.peer.line().await, "QUIT bye");
    assert_eq!(talk.closed().await.reason, CloseReason::Quit);
    assert_eq!(talk.peer.line().await, "", "hung up");
}

#[tokio::test]
async fn without_handles_or_listeners_the_session_quits() {
    let mut talk = Talk::registered("", |_| {}).await;
    drop(talk.handle);
    assert_eq!(talk.peer.line().await, "QUIT");

    let mut talk = Talk::registered("", |_| {}).await;
    drop(talk.events);
    talk.peer.say(":x!y@z PRIVMSG #c :anyone?").await;
    assert_eq!(talk.peer.line().await, "QUIT");
}

#[tokio::test]
async fn the_next_server_is_tried_when_one_is_away() {
    let away = Script::listen().await.server();
    let script = Script::listen().await;
    let mut config = script.config();
    config.servers.insert(0, away.clone());
    let (sender, mut events) = mpsc::channel(64);
    let (_handle, session) = Session::new(config, sender, CancellationToken::new());
    let running = tokio::spawn(session.run());
    let _peer = script.accept().await;
    match timeout(LIMIT, events.recv()).await.unwrap().unwrap().kind {
        EventKind::Opened { server, local, .. } => {
            assert_eq!(server, script.server());
            assert!(local.ip().is_loopback());
        }
        other => panic!("{other:?}"),
    }
    running.abort();

    let mut config = script.config();
    config.servers = vec![away.clone()];
    let (sender, _events) = mpsc::channel(64);
    let (_handle, session) = Session::new(config, sender, CancellationToken::new());
    let closed = timeout(LIMIT, session.run()).await.unwrap();
    assert!(
        matches!(&closed.reason, CloseReason::Unreachable { server, .. } if *server == away.to_string())
    );
    assert_eq!(closed.server, None);
}

#[tokio::test]
async fn a_slow_consumer_bounds_what_is_read_and_loses_nothing() {
    const LINES: usize = 10_000;
    let mut talk = Talk::open_with(4, |_| {}).await;
    talk.peer.register("").await;
    talk.until_registered().await;
    let Talk { handle: _handle, mut events, mut peer, .. } = talk;
    let text = "x".repeat(300);
    let server = tokio::spawn(async move {
        for number in 0..LINES {
            peer.say(&format!(":x!y@z PRIVMSG #c :{number} {text}")).await;
        }
        peer
    });

    // Keeps what it gets: after a while there is nothing more to get.
    let mut kept = Vec::new();
    while let Ok(event) = timeout(Duration::from_millis(300), events.recv()).await {
        kept.push(event.unwrap());
    }
    assert!(kept.len() < LINES);
    assert!(kept.len() * 300 <= OUTSTANDING, "{} messages are out", kept.len());

    let mut next = 0;
    let mut check = |event: super::SessionEvent| {
        let EventKind::Message(arrival) = event.kind else { panic!("{event:?}") };
        assert!(arrival.message.text().starts_with(&format!("{next} ")));
        next += 1;
        next
    };
    for event in kept {
        check(event);
    }
    while let Ok(Some(event)) = timeout(LIMIT, events.recv()).await {
        if check(event) == LINES {
            break;
        }
    }
    server.await.unwrap();
    assert_eq!(next, LINES);
}
