//! Sessions against a scripted server on loopback.

use std::{sync::Arc, time::Duration};

use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::script::{Peer, Script};
use super::{
    Arrival, CloseReason, Closed, EventKind, Interest, PermitError, SendError, Session,
    SessionConfig, SessionEvent, SessionHandle, SessionId,
};
use crate::{
    flood::{Priority, Rate},
    message::Message,
    tls::{TlsOptions, Verification, client_config},
};

mod keeping;
mod script;
mod sending;

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(20);

/// A session with its far end.
struct Talk {
    handle: SessionHandle,
    events: mpsc::Receiver<SessionEvent>,
    peer: Peer,
    shutdown: CancellationToken,
}

impl Talk {
    /// Connects, without a word from the server.
    async fn open(change: impl FnOnce(&mut SessionConfig)) -> Self {
        Self::open_with(64, change).await
    }

    async fn open_with(events: usize, change: impl FnOnce(&mut SessionConfig)) -> Self {
        let script = Script::listen().await;
        let mut config = script.config();
        change(&mut config);
        let (sender, receiver) = mpsc::channel(events);
        let shutdown = CancellationToken::new();
        let tasks = TaskTracker::new();
        let handle = Session::connect(config, sender, shutdown.clone(), &tasks);
        let mut talk = Self { handle, events: receiver, peer: script.accept().await, shutdown };
        assert!(matches!(talk.event().await, EventKind::Opened { .. }));
        talk
    }

    /// Connects and registers, with these capabilities on.
    async fn registered(caps: &str, change: impl FnOnce(&mut SessionConfig)) -> Self {
        let mut talk = Self::open(change).await;
        talk.peer.register(caps).await;
        talk.until_registered().await;
        talk
    }

    async fn until_registered(&mut self) {
        while !matches!(self.event().await, EventKind::Registered) {}
    }

    async fn event(&mut self) -> EventKind {
        let event = timeout(LIMIT, self.events.recv()).await;
        event.expect("no event in time").expect("the session is gone").kind
    }

    async fn message(&mut self) -> Arrival {
        match self.event().await {
            EventKind::Message(arrival) => arrival,
            other => panic!("no message but {other:?}"),
        }
    }

    async fn closed(&mut self) -> Closed {
        loop {
            if let EventKind::Closed(closed) = self.event().await {
                return closed;
            }
        }
    }
}

fn privmsg(text: &str) -> Message {
    Message::new("PRIVMSG", ["#c", text])
}

#[tokio::test]
async fn a_session_registers_and_takes_the_nick_it_is_given() {
    let mut talk = Talk::open(|_| {}).await;
    assert_eq!(talk.peer.line().await, "CAP LS 302");
    assert_eq!(talk.peer.line().await, "NICK al");
    assert_eq!(talk.peer.line().await, "USER al 0 * :Al B");
    talk.peer.say("PING :cookie").await;
    assert_eq!(talk.peer.line().await, "PONG cookie");
    talk.peer.say("CAP * LS * :batch").await;
    talk.peer.say("CAP * LS :echo-message").await;
    assert_eq!(talk.peer.line().await, "CAP REQ :batch echo-message");
    talk.peer.say(":s 433 * al :Nickname is already in use").await;
    assert_eq!(talk.peer.line().await, "NICK al_");
    talk.peer.say("CAP * ACK :batch echo-message").await;
    assert_eq!(talk.peer.line().await, "CAP END");
    assert!(!talk.handle.state().registered);
    talk.peer.say(":irc.s 001 al_x :Welcome al_x!~al@h").await;
    talk.peer.say(":irc.s 005 al_x CASEMAPPING=ascii NICKLEN=20 :are supported").await;
    talk.peer.say(":irc.s 422 al_x :No MOTD").await;

    assert_eq!(talk.message().await.message.numeric(), Some(1));
    assert_eq!(talk.message().await.message.numeric(), Some(5));
    assert_eq!(talk.message().await.message.numeric(), Some(422));
    assert!(matches!(talk.event().await, EventKind::Registered));
    let state = talk.handle.state();
    assert!(state.registered && state.caps.has("echo-message"));
    assert_eq!((&*state.nick, state.host.as_deref()), ("al_x", Some("h")));
    assert_eq!(state.isupport.nick_length(), 20);
}

#[tokio::test]
async fn messages_come_in_order_with_their_owner_and_pings_do_not() {
    let mut talk = Talk::registered("", |_| {}).await;
    talk.peer.say(":al!u@h NICK bob").await;
    talk.peer.say("PING 1").await;
    talk.peer.say(":bob!u@h JOIN #c").await;
    talk.peer.say(":al!x@y PRIVMSG #c :not me any more").await;
    talk.peer.bytes(b":x!y@z PRIVMSG #c :caf\xe9\r\n").await;
    let mut found = Vec::new();
    for _ in 0..4 {
        let arrival = talk.message().await;
        found.push((
            arrival.message.command.clone(),
            arrival.own,
            arrival.message.text().to_owned(),
        ));
    }
    let expected = [
        ("NICK", true, "bob"),
        ("JOIN", true, "#c"),
        ("PRIVMSG", false, "not me any more"),
        ("PRIVMSG", false, "café"),
    ];
    assert_eq!(
        found,
        expected.map(|(command, own, text)| (command.to_owned(), own, text.to_owned()))
    );
    assert_eq!(talk.peer.line().await, "PONG 1");
    assert_eq!(talk.handle.state().nick, "bob");
}

#[tokio::test]
async fn a_puppet_hears_only_what_concerns_it() {
    let mut talk = Talk::registered("", |config| config.interest = Interest::Own).await;
    talk.peer.say(":x!y@z PRIVMSG #c :to all").await;
    talk.peer.say(":x!y@z PRIVMSG al :to me").await;
    assert_eq!(talk.message().await.message.text(), "to me");
}

#[tokio::test]
async fn ten_megabytes_without_an_end_are_one_marker() {
    let mut talk = Talk::registered("", |_| {}).await;
    let long = vec![b'x'; 10 << 20];
    talk.peer.bytes(&long).await;
    talk.peer.bytes(b"\r\n").await;
    talk.peer.say(":x!y@z PRIVMSG #c :after").await;
    match talk.event().await {
        EventKind::Overlong { bytes } => assert_eq!(bytes, (10 << 20) + 1),
        other => panic!("{other:?}"),
    }
    assert_eq!(talk.message().await.message.text(), "after");
}

#[tokio::test]
async fn new_capabilities_are_asked_for() {
    let mut talk = Talk::registered("batch", |_| {}).await;
    talk.peer.say("CAP al NEW :chghost unheard-of").await;
    assert_eq!(talk.peer.line().await, "CAP REQ chghost");
    talk.peer.say("CAP al ACK :chghost").await;
    talk.peer.say("CAP al DEL :batch").await;
    for _ in 0..3 {
        talk.message().await;
    }
    assert!(talk.handle.state().caps.has("chghost") && !talk.handle.state().caps.has("batch"));
}

#[tokio::test]
async fn tls_works_and_a_stranger_is_refused() {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key =
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap();
    let server = Arc::new(server);
    let folder = tempfile::TempDir::new().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, certificate.cert.pem()).unwrap();

    for (options, trusted) in [
        (TlsOptions { ca_file: Some(ca_file), ..TlsOptions::default() }, true),
        (TlsOptions { verification: Verification::Off, ..TlsOptions::default() }, true),
        (TlsOptions::default(), false),
    ] {
        let script = Script::listen().await;
        let mut config = script.tls_config();
        config.tls = client_config(&options).ok();
        let (sender, mut events) = mpsc::channel(64);
        let (handle, session) = Session::new(config, sender, CancellationToken::new());
        let running = tokio::spawn(session.run());
        let peer = script.accept_tls(Arc::clone(&server)).await;
        if trusted {
            let mut peer = peer.expect("no handshake");
            peer.register("").await;
            while !handle.state().registered {
                events.recv().await.unwrap();
            }
        } else {
            let reason = timeout(LIMIT, running).await.unwrap().unwrap().reason;
            assert!(matches!(reason, CloseReason::Tls { .. }), "{reason}");
        }
    }
}
