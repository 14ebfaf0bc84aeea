//! Lanes at work: a whole bridge whose network does as it is told.

use std::{sync::Arc, time::Duration};

use ruma::{EventId, OwnedEventId, OwnedRoomId};
use serde::Deserialize;
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    bridge_test::Running,
    config::ConfigError,
    id::{Direction, GhostKey, PortalKey, SessionGroup},
    network::{
        Action, Caps, ChannelInfo, Delivery, Descriptor, Fields, InFlight, LinkState, Network,
        NetworkEnv, NetworkError, OpenError, Outgoing, Refusal, Remote, Settlement, Ticket, Token,
    },
    store::{Row, RowState, Store, StoreError, sqlite::SqliteStore},
    testkit::homeserver::{TestHomeserver, TestUser},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A network that takes every message, and leaves what becomes of it to the test.
struct Told {
    remote: OnceCell<Remote>,
    heard: watch::Sender<Vec<(String, Token)>>,
}

#[derive(Deserialize)]
struct Nothing {}

impl Told {
    fn new() -> Arc<Self> {
        let heard = watch::Sender::new(Vec::new());
        Arc::new(Self { remote: OnceCell::new(), heard })
    }

    /// Waits until so many messages have been handed over; answers their texts.
    async fn wait(&self, count: usize) -> Vec<String> {
        let mut heard = self.heard.subscribe();
        let waiting = heard.wait_for(|heard| heard.len() >= count);
        let heard = tokio::time::timeout(PATIENCE, waiting).await.expect("in time").unwrap();
        heard.iter().map(|(text, _)| text.clone()).collect()
    }

    fn settle(&self, text: &str, settlement: Settlement) {
        let heard = self.heard.borrow();
        let (_, token) = heard.iter().find(|(said, _)| said == text).expect("it was said");
        self.remote.get().unwrap().settle(*token, settlement);
    }
}

impl Network for Told {
    const KIND: &'static str = "told";
    type Config = Nothing;

    fn descriptor() -> Descriptor {
        Descriptor {
            name: "Told",
            bot: "_toldbot",
            ghost_template: "_told_{nick}",
            alias_template: "_told_{place}",
            example: "told: {}\n",
            answers: &[],
        }
    }

    fn new(_: Nothing, _: NetworkEnv) -> Result<Self, ConfigError> {
        unreachable!("tests make it themselves")
    }

    async fn run(
        self: Arc<Self>,
        remote: Remote,
        shutdown: CancellationToken,
    ) -> Result<(), NetworkError> {
        remote.link("told", &LinkState::Up);
        drop(self.remote.set(remote));
        shutdown.cancelled().await;
        Ok(())
    }

    fn caps(&self, _: &PortalKey) -> Caps {
        Caps::default()
    }

    fn affinity(&self, _: &PortalKey) -> SessionGroup {
        "told".into()
    }

    fn ghost_fields(&self, key: &GhostKey) -> Fields {
        vec![("nick".to_owned(), key.to_string())]
    }

    fn ghost_key(&self, fields: &Fields) -> Option<GhostKey> {
        fields.first().map(|(_, nick)| nick.as_str().into())
    }

    fn alias_fields(&self, portal: &PortalKey) -> Option<Fields> {
        Some(vec![("place".to_owned(), portal.to_string())])
    }

    fn portal_of_alias(&self, fields: &Fields) -> Option<PortalKey> {
        fields.first().map(|(_, place)| place.as_str().into())
    }

    fn portal_of_name(&self, remote: &str) -> Result<PortalKey, String> {
        Ok(remote.into())
    }

    async fn open(&self, _: &PortalKey) -> Result<ChannelInfo, OpenError> {
        Ok(ChannelInfo::default())
    }

    async fn deliver(&self, outgoing: Outgoing, ticket: Ticket) -> Delivery {
        let Action::Message(message) = outgoing.action else {
            return Delivery::Done { ids: Vec::new() };
        };
        ticket.sending(None).await.unwrap();
        let text = message.body.plain();
        self.heard.send_modify(|heard| heard.push((text, ticket.token())));
        Delivery::AwaitEcho
    }

    async fn reconcile(&self, _: &PortalKey, _: Vec<InFlight>) -> Vec<(Token, Settlement)> {
        Vec::new()
    }
}

/// A person in a room of that network.
struct Scene {
    homeserver: TestHomeserver,
    folder: tempfile::TempDir,
    network: Arc<Told>,
    running: Running,
    alice: TestUser,
    room: OwnedRoomId,
}

impl Scene {
    async fn set(keys: &str) -> Self {
        let homeserver = TestHomeserver::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let network = Told::new();
        let keys = format!("told: {{}}\n{keys}");
        let running =
            Running::start(&homeserver, folder.path(), None, network.clone(), &keys).await;
        let alice = homeserver.user("alice");
        let room = alice.join(&format!("#_told_here:{}", homeserver.domain())).await.unwrap();
        Self { homeserver, folder, network, running, alice, room }
    }

    /// Says something and waits until the bridge has it.
    async fn say(&self, text: &str) -> OwnedEventId {
        let event = self.alice.say(&self.room, text).unwrap();
        self.taken().await;
        event
    }

    /// Waits until the bridge has all that was said.
    async fn taken(&self) {
        self.homeserver.wait_idle(Told::KIND, PATIENCE).await.unwrap();
    }

    /// Waits for a notice of the bot.
    async fn notice(&self) -> String {
        let bot = format!("@_toldbot:{}", self.homeserver.domain());
        let notice = self.homeserver.wait_for(&self.room, PATIENCE, |event| {
            event.sender == bot && event.body().is_some_and(|body| body.contains("this message"))
        });
        notice.await.unwrap().body().unwrap()
    }

    /// Ends the bridge, and reads the row of an event.
    async fn row(self, event: &EventId) -> Row {
        let Self { running, network, folder, .. } = self;
        running.stop().await;
        drop(network); // which holds the core, and so the store
        let path = folder.path().join("bridge.db");
        let opened = async {
            loop {
                // What still ends holds the lock of the store for a moment.
                match SqliteStore::open(&path) {
                    Err(StoreError::InUse { .. }) => tokio::task::yield_now().await,
                    opened => break opened.unwrap(),
                }
            }
        };
        let (store, _feed) = tokio::time::timeout(PATIENCE, opened).await.expect("in time");
        let row = store.row_by_key(Direction::ToNetwork, event.as_str()).await.unwrap();
        row.expect("the event has a row")
    }
}

fn done() -> Settlement {
    Settlement::Done { ids: Vec::new() }
}

fn uncertain() -> Settlement {
    Settlement::Uncertain { why: "cut off".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_redacted_while_it_is_sent_leaves_no_text_when_it_dies() {
    let scene = Scene::set("").await;
    let secret = scene.say("secret").await;
    scene.network.wait(1).await;
    scene.alice.redact(&scene.room, &secret).unwrap();
    scene.taken().await;
    let refusal = Refusal { why: "no".to_owned(), text: "no".to_owned() };
    scene.network.settle("secret", Settlement::Refused(refusal));
    scene.say("after").await;
    scene.network.wait(2).await;
    scene.network.settle("after", done());
    let row = scene.row(&secret).await;
    assert_eq!((&*row.body, row.state), ("", RowState::Cancelled));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_notify_an_uncertain_message_is_not_sent_again_and_its_author_is_told() {
    let scene = Scene::set("").await;
    let first = scene.say("one").await;
    scene.network.wait(1).await;
    scene.network.settle("one", uncertain());
    assert!(scene.notice().await.contains("cut off"));
    scene.say("two").await;
    assert_eq!(scene.network.wait(2).await, ["one", "two"]);
    scene.network.settle("two", done());
    assert!(matches!(scene.row(&first).await.state, RowState::Uncertain { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_resend_an_uncertain_message_is_sent_again() {
    let scene = Scene::set("delivery: {uncertain: resend}").await;
    scene.say("one").await;
    scene.network.wait(1).await;
    scene.network.settle("one", uncertain());
    assert_eq!(scene.network.wait(2).await, ["one", "one"]);
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_hold_an_uncertain_message_is_kept_and_those_after_it_go_on() {
    let scene = Scene::set("delivery: {uncertain: hold}").await;
    let first = scene.say("one").await;
    scene.network.wait(1).await;
    scene.network.settle("one", uncertain());
    scene.say("two").await;
    assert_eq!(scene.network.wait(2).await, ["one", "two"]);
    scene.network.settle("two", done());
    let row = scene.row(&first).await;
    assert!(matches!(row.state, RowState::Uncertain { .. }) && row.body.contains("one"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_homeserver_lost_is_fetched_when_it_numbers_its_transactions_anew() {
    let scene = Scene::set("").await;
    scene.say("before").await;
    scene.homeserver.hold(Told::KIND);
    scene.alice.say(&scene.room, "lost").unwrap();
    // The bridge asks the homeserver for nothing meanwhile, so it cannot see the outage.
    scene.homeserver.restart().await;
    scene.homeserver.reset_txn_counter(Told::KIND);
    scene.homeserver.release(Told::KIND);
    scene.say("next").await;
    assert_eq!(scene.network.wait(3).await, ["before", "lost", "next"]);
    scene.running.stop().await;
}
