//! The owner of the link: what is read from it, what is written to it, and what is awaited.
//!
//! Everything about rooms has this one owner, so nothing needs a lock. It waits for no store and
//! no homeserver: what takes time is done by tasks that send a [`Command`] when they have done it.

mod archive;
mod fanout;
mod gateway;
mod incoming;
mod muc;
mod occupants;
mod prepare;
mod puppet;
mod service;

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bridge_core::{
    id::{GhostKey, PortalKey, RemoteId, Timestamp},
    network::{
        ChannelInfo, Completion, InFlight, LinkState, OpenError, Outgoing, Remote, RemoteEvent,
        Settlement, Token,
        journal::{Entry, Journal},
    },
    ruma::{OwnedEventId, OwnedUserId},
};
use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tokio_xmpp::minidom::Element;

use self::{gateway::GatewayRoom, muc::Muc};
use crate::{
    address::Address,
    config::{Gateway, Mucs},
    session::{Cut, LinkEvent, Settings},
    xml,
};

pub(crate) use self::prepare::{NotNow, Prepared};

/// How long a stanza is awaited in its room before the room's archive is asked.
const SEEN: Duration = Duration::from_secs(8);

/// How often overdue stanzas are looked for.
const TICK: Duration = Duration::from_secs(1);

/// What the bridge is set up for.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) link: Settings,
    pub(crate) mucs: Mucs,
    pub(crate) gateway: Gateway,
}

/// Who waits to hear what a room is like.
type Opener = oneshot::Sender<Result<ChannelInfo, OpenError>>;

/// Who waits to hear what became of stanzas.
type Asker = (Vec<InFlight>, oneshot::Sender<Vec<(Token, Settlement)>>);

/// What the hub is asked for.
pub(crate) enum Command {
    /// Begin to read a room.
    Open { room: String, answer: Option<Opener> },
    /// Stop reading a room.
    Close { room: String },
    /// What was kept of a room was looked up: how far its archive is read, and our occupants.
    Recalled { room: String, cursor: Option<String>, ours: Vec<String> },
    /// A Matrix user came into a room.
    Join { room: String, user: OwnedUserId, name: Option<String> },
    /// A Matrix user left a room.
    Leave { room: String, user: OwnedUserId, reason: Option<String> },
    /// Make the stanza of an event, once its author may speak.
    Prepare(Request),
    /// Write it; answers whether it was.
    Say { token: Token, prepared: Box<Prepared>, answer: oneshot::Sender<bool> },
    /// Find out what became of stanzas.
    Reconcile {
        room: String,
        rows: Vec<InFlight>,
        answer: oneshot::Sender<Vec<(Token, Settlement)>>,
    },
    /// Tell an event to the XMPP users of a Matrix room; answers whether it was written.
    Fan { outgoing: Box<Outgoing>, keys: Vec<String>, answer: oneshot::Sender<bool> },
    /// Matrix has taken an event, or refused it.
    Settled { event: Box<RemoteEvent>, outcome: Completion },
    /// A Matrix room that an XMPP user asked for was looked up.
    Found(gateway::Found),
}

/// An event to be made a stanza of.
pub(crate) struct Request {
    pub(crate) outgoing: Box<Outgoing>,
    /// All reactions that the author has to the message now.
    pub(crate) keys: Vec<String>,
    pub(crate) answer: oneshot::Sender<Result<Box<Prepared>, NotNow>>,
}

/// A stanza that was written and not seen yet.
struct Pending {
    token: Token,
    room: String,
    ids: Ids,
    until: Instant,
}

/// Which ids an event has once its room has reflected it.
#[derive(Clone, Debug)]
pub(crate) enum Ids {
    /// That of the room and ours.
    Message(OwnedEventId),
    /// These.
    Known(Vec<RemoteId>),
}

/// The owner of the link.
pub(crate) struct Hub {
    setup: Setup,
    remote: Remote,
    journal: Journal,
    output: mpsc::Sender<Bytes>,
    commands: mpsc::UnboundedSender<Command>,
    up: bool,
    mucs: HashMap<String, Muc>,
    pending: HashMap<String, Pending>,
    queries: HashMap<String, archive::Query>,
    gateways: HashMap<PortalKey, GatewayRoom>,
    joining: HashMap<RemoteId, gateway::Joining>,
    reflecting: HashMap<RemoteId, Element>,
    counter: u64,
    tasks: TaskTracker,
    /// Why the first attempt was refused, if it was.
    refused: Option<oneshot::Sender<String>>,
}

impl Hub {
    pub(crate) fn new(
        setup: Setup,
        remote: Remote,
        journal: Journal,
        output: mpsc::Sender<Bytes>,
        commands: mpsc::UnboundedSender<Command>,
        refused: oneshot::Sender<String>,
    ) -> Self {
        Self {
            setup,
            remote,
            journal,
            output,
            commands,
            up: false,
            mucs: HashMap::new(),
            pending: HashMap::new(),
            queries: HashMap::new(),
            gateways: HashMap::new(),
            joining: HashMap::new(),
            reflecting: HashMap::new(),
            counter: 0,
            tasks: TaskTracker::new(),
            refused: Some(refused),
        }
    }

    /// Works until `stop`, then tells the rooms goodbye.
    pub(crate) async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Command>,
        mut events: mpsc::Receiver<LinkEvent>,
        stop: CancellationToken,
    ) {
        self.recall_portals();
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                event = events.recv() => match event {
                    Some(event) => self.hear(event).await,
                    None => break,
                },
                Some(command) = inbox.recv() => self.obey(command).await,
                _ = tick.tick() => self.expire(),
            }
        }
        self.say_goodbye().await;
        self.tasks.close();
    }

    async fn hear(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up => self.link_up().await,
            LinkEvent::Down(cut) => self.link_down(&cut),
            LinkEvent::Stanza(stanza) => self.take(*stanza).await,
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Open { room, answer } => self.open(&room, answer).await,
            Command::Close { room } => self.close(&room).await,
            Command::Recalled { room, cursor, ours } => self.recalled(&room, cursor, ours).await,
            Command::Join { room, user, name } => self.come_in(&room, user, name).await,
            Command::Leave { room, user, reason } => self.go(&room, &user, reason).await,
            Command::Prepare(request) => self.prepare(request).await,
            Command::Say { token, prepared, answer } => {
                let written = self.say(token, *prepared).await;
                let _ = answer.send(written);
            }
            Command::Reconcile { room, rows, answer } => {
                self.reconcile(&room, (rows, answer)).await;
            }
            Command::Fan { outgoing, keys, answer } => {
                let written = self.fan_out(&outgoing, &keys).await;
                let _ = answer.send(written);
            }
            Command::Settled { event, outcome } => self.settled(*event, outcome).await,
            Command::Found(found) => self.found(found).await,
        }
    }

    async fn link_up(&mut self) {
        tracing::info!(link = ?self.setup.link, "the link to the XMPP server is up");
        self.up = true;
        self.refused = None;
        self.remote.link(&self.setup.link.jid, &LinkState::Up);
        let rooms: Vec<String> = self.mucs.keys().cloned().collect();
        for room in rooms {
            self.enter(&room).await;
        }
    }

    fn link_down(&mut self, cut: &Cut) {
        tracing::warn!(link = ?self.setup.link, %cut, "there is no link to the XMPP server");
        self.up = false;
        let refused = matches!(cut, Cut::Refused(_));
        if refused && let Some(tell) = self.refused.take() {
            drop(tell.send(cut.to_string()));
        }
        let fix = if refused {
            "give the component the same domain and secret here and in the XMPP server"
        } else {
            "start the XMPP server, or correct xmpp.component.server"
        };
        let down = LinkState::Down { what: cut.to_string(), fix: fix.to_owned() };
        self.remote.link(&self.setup.link.jid, &down);
        self.queries.clear();
        for muc in self.mucs.values_mut() {
            muc.lose();
        }
        for (_, pending) in self.pending.drain() {
            self.remote.settle(pending.token, Settlement::Lost);
        }
        self.lose_gateways();
    }

    /// Opens the rooms that were portals before.
    fn recall_portals(&self) {
        let (remote, commands) = (self.remote.clone(), self.commands.clone());
        self.tasks.spawn(async move {
            match remote.portals("").await {
                Ok(portals) => {
                    for portal in portals {
                        if let Some(crate::id::Target::Muc(room)) =
                            crate::id::read_portal(&portal.key)
                        {
                            let room = room.to_owned();
                            drop(commands.send(Command::Open { room, answer: None }));
                        }
                    }
                }
                Err(error) => tracing::error!(%error, "the rooms of XMPP are not known"),
            }
        });
    }

    /// Asks the archives about stanzas that were not seen for long.
    fn expire(&mut self) {
        let now = Instant::now();
        let remote = &self.remote;
        self.pending.retain(|_, pending| {
            let waits = pending.until > now;
            if !waits {
                remote.settle(pending.token, Settlement::Lost);
            }
            waits
        });
    }

    /// Writes a stanza, if there is a link. Waits for a link that is slow, which keeps order.
    async fn send(&self, stanza: &Element) -> bool {
        let Some(bytes) = xml::to_bytes(stanza) else {
            metrics::counter!("bridge_xmpp_unwritable_total").increment(1);
            tracing::error!(name = stanza.name(), "a stanza cannot be written as XML");
            return false;
        };
        self.send_bytes(bytes).await
    }

    async fn send_bytes(&self, bytes: Bytes) -> bool {
        self.up && self.output.send(bytes).await.is_ok()
    }

    async fn note(&self, event: Option<RemoteEvent>, facts: Vec<(String, Option<String>)>) {
        drop(self.journal.send(Entry { event, direct: None, facts }).await);
    }

    /// A number that no stanza of this process had before.
    fn next_id(&mut self) -> String {
        self.counter += 1;
        format!("bw{}", self.counter)
    }

    /// The occupant that reads rooms.
    fn reader(&self) -> String {
        format!("bridge@{}/bridge", self.setup.link.jid)
    }

    /// The address by which a Matrix user is in rooms.
    fn puppet_jid(&self, user: &OwnedUserId) -> String {
        format!("{}@{}/matrix", crate::escape::user(user), self.setup.link.jid)
    }

    /// The Matrix user of an address of ours.
    fn puppet_of(&self, address: &Address) -> Option<OwnedUserId> {
        (address.domain == self.setup.link.jid).then(|| crate::escape::read_user(&address.local))?
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A remote user.
fn person(key: GhostKey, name: &str) -> bridge_core::network::RemoteUser {
    bridge_core::network::RemoteUser { key, name: name.to_owned() }
}
