//! The owner of one network: its readers, its puppets, its channels, and what is awaited.
//!
//! One task owns all of it. Commands come before events: whoever is about to write a line has
//! announced it before its echo can be read.

mod channel;
mod consent;
mod events;
mod hear;
mod puppet;
mod read;
mod reader;
mod replay;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bridge_core::{
    network::{ChannelInfo, InFlight, OpenError, Remote, Settlement, Token, journal::Journal},
    ruma::OwnedUserId,
};
use rustls::ClientConfig;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{channel::Channel, puppet::Puppet, reader::Reader};
use crate::{
    address::ServerAddress,
    casemap::{CaseMapping, Folded},
    config::{NetworkConfig, Rate},
    echo::{ConnectionId, Echoes, Expected},
    nick::NickTemplate,
    sasl::{Sasl, Secret},
    session::{SessionEvent, SessionHandle, SessionId},
};

/// How many events of all sessions wait for the hub.
const EVENTS: usize = 1_024;

/// What a network is told to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Read a channel, and tell what it is like.
    Open { channel: String, answer: oneshot::Sender<Result<ChannelInfo, OpenError>> },
    /// Stop reading a channel.
    Close { channel: Folded },
    /// Find the connection by which somebody speaks.
    Seat { who: Who, target: Place, answer: oneshot::Sender<Result<Seat, NoSeat>> },
    /// A Matrix user came in.
    Join { user: OwnedUserId, name: Option<String>, channel: Folded },
    /// A Matrix user went.
    Leave { user: OwnedUserId, channel: Folded, reason: Option<String> },
    /// A line is about to be written.
    Expect(Expected),
    /// A line that was announced is not written.
    Forget(Token),
    /// Tell what became of lines that a former process was sending.
    Reconcile {
        channel: Folded,
        rows: Vec<InFlight>,
        answer: oneshot::Sender<Vec<(Token, Settlement)>>,
    },
    /// The mask of a puppet is kept: what is said under it is known as ours from now on.
    Kept { user: OwnedUserId, mask: String },
    /// May a channel be linked to a room?
    Consent { channel: Folded, room: String, answer: oneshot::Sender<Result<(), OpenError>> },
    /// Forget a Matrix user.
    ForgetUser(OwnedUserId),
    /// It is time to connect.
    Connect(Connection),
}

/// Who speaks.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// A Matrix user, by their puppet.
    Puppet { user: OwnedUserId, name: Option<String> },
    /// The bot.
    Bot,
}

/// Where something is said.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In a channel.
    Channel(Folded),
    /// To somebody.
    Nick,
}

/// A connection that may speak at a place.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) handle: SessionHandle,
    pub(crate) connection: ConnectionId,
    /// Lines are seen again: by their echo, or by the reader of the channel.
    pub(crate) is_seen: bool,
}

/// Why there is no connection to speak by.
#[derive(Clone, Debug)]
pub(crate) enum NoSeat {
    /// The channel says no.
    Refused(String),
    /// The server takes no connection for this user.
    Unconnected(String),
    /// There are as many puppets as there may be.
    Full,
    /// The network is away.
    Down(String),
    /// The puppet is still connecting.
    Slow,
}

/// A connection to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// A reader.
    Reader(usize),
    /// A puppet.
    Puppet(OwnedUserId),
}

/// What a network is made from.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) name: String,
    pub(crate) config: NetworkConfig,
    pub(crate) servers: Vec<ServerAddress>,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) nicks: NickTemplate,
    pub(crate) pass: Option<Secret>,
    pub(crate) sasl: Option<Sasl>,
}

/// How the first connection to a network ended: registered, or refused in a way that no waiting
/// mends.
pub(crate) type Verdict = Result<(), String>;

/// The owner of one network.
pub(crate) struct Hub {
    setup: Setup,
    remote: Remote,
    journal: Journal,
    commands: mpsc::UnboundedSender<Command>,
    events_in: mpsc::Sender<SessionEvent>,
    sessions: HashMap<SessionId, Connection>,
    readers: Vec<Reader>,
    puppets: HashMap<OwnedUserId, Puppet>,
    /// Present nicks of puppets.
    puppet_nicks: HashMap<Folded, OwnedUserId>,
    /// Up to when a former process read lines without an id, in channels that are not read yet.
    read_before: HashMap<Folded, u64>,
    /// Masks of puppets of this and former processes: what they say is ours.
    masks: HashMap<String, OwnedUserId>,
    channels: HashMap<Folded, Channel>,
    echoes: Echoes,
    consents: consent::Consents,
    casemap: CaseMapping,
    next_session: u64,
    /// Tells once how the first connection ended.
    verdict: Option<mpsc::UnboundedSender<Verdict>>,
    /// When the next connections may be opened, oldest first.
    opened: VecDeque<Instant>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Hub {
    pub(crate) fn new(
        setup: Setup,
        remote: Remote,
        journal: Journal,
        commands: mpsc::UnboundedSender<Command>,
        verdict: mpsc::UnboundedSender<Verdict>,
    ) -> (Self, mpsc::Receiver<SessionEvent>) {
        let (events_in, events) = mpsc::channel(EVENTS);
        let hub = Self {
            setup,
            remote,
            journal,
            commands,
            events_in,
            sessions: HashMap::new(),
            readers: Vec::new(),
            puppets: HashMap::new(),
            puppet_nicks: HashMap::new(),
            read_before: HashMap::new(),
            masks: HashMap::new(),
            channels: HashMap::new(),
            echoes: Echoes::default(),
            consents: consent::Consents::default(),
            casemap: CaseMapping::default(),
            next_session: 1,
            verdict: Some(verdict),
            opened: VecDeque::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        (hub, events)
    }

    /// Owns the network until `shutdown`; then everybody says goodbye.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut events: mpsc::Receiver<SessionEvent>,
        shutdown: CancellationToken,
    ) {
        self.remember().await;
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(command) = commands.recv() => self.obey(command).await,
                Some(event) = events.recv() => self.take(event).await,
            }
        }
        self.stop.cancel();
        self.tasks.close();
        while !self.tasks.is_empty() {
            tokio::select! {
                () = self.tasks.wait() => {}
                // Sessions end once their last words are read.
                Some(_) = events.recv() => {}
            }
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Open { channel, answer } => self.open(&channel, answer),
            Command::Close { channel } => self.close(&channel),
            Command::Seat { who, target, answer } => self.seat(who, &target, answer),
            Command::Join { user, name, channel } => self.come_in(&user, name, channel),
            Command::Leave { user, channel, reason } => self.go(&user, &channel, reason),
            Command::Expect(expected) => self.echoes.expect(expected),
            Command::Forget(token) => drop(self.echoes.forget(token)),
            Command::Reconcile { channel, rows, answer } => {
                self.reconcile(&channel, rows, answer);
            }
            Command::Kept { user, mask } => self.mask_kept(&user, &mask),
            Command::Consent { channel, room, answer } => {
                self.ask_consent(&channel, room, answer).await;
            }
            Command::ForgetUser(user) => self.forget_user(&user),
            Command::Connect(connection) => self.connect(&connection),
        }
    }

    /// Reads what the store knows: masks, channels, and who is in them.
    async fn remember(&mut self) {
        let prefix = format!("irc/{}/mask/", self.setup.name);
        for (scope, user) in self.remote.facts(&prefix).await.unwrap_or_default() {
            if let (Some(mask), Ok(user)) = (scope.strip_prefix(&prefix), user.try_into()) {
                self.masks.insert(mask.to_owned(), user);
            }
        }
        let prefix = replay::scope(&self.setup.name, "");
        for (scope, value) in self.remote.facts(&prefix).await.unwrap_or_default() {
            if let (Some(channel), Ok(second)) = (scope.strip_prefix(&prefix), value.parse()) {
                self.read_before.insert(self.casemap.fold(channel), second);
            }
        }
        self.ensure_reader(0);
        let portals = self.remote.portals(&format!("{}/", self.setup.name)).await;
        for portal in portals.unwrap_or_default() {
            let Some((_, crate::id::Target::Channel(channel))) =
                crate::id::read_portal(&portal.key)
            else {
                continue;
            };
            self.ensure_channel(channel.as_str());
            for (user, name) in self.remote.members(&portal.key).await.unwrap_or_default() {
                self.come_in(&user, name, channel.clone());
            }
        }
    }

    /// Opens a connection after `pause`, and not before the network's pace allows it.
    fn connect_later(&mut self, connection: Connection, pause: Duration) {
        let now = Instant::now();
        let mut at = now + pause;
        if let Rate::Limit { burst, per_second } = self.setup.config.connect {
            let burst = usize::try_from(burst).unwrap_or(usize::MAX);
            if self.opened.len() >= burst
                && let Some(oldest) = self.opened.pop_front()
            {
                at = at.max(
                    oldest
                        + Duration::from_secs_f64(
                            f64::from(u32::try_from(burst).unwrap_or(1)) / per_second,
                        ),
                );
            }
            self.opened.push_back(at);
        }
        let commands = self.commands.clone();
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep_until(at) => {
                    drop(commands.send(Command::Connect(connection)));
                }
            }
        });
    }

    /// Tells how the first connection ended; later ones are none of that.
    fn judge(&mut self, verdict: Verdict) {
        if let Some(to) = self.verdict.take() {
            drop(to.send(verdict));
        }
    }

    fn new_session(&mut self, connection: &Connection) -> SessionId {
        let id = SessionId(self.next_session);
        self.next_session += 1;
        self.sessions.insert(id, connection.clone());
        id
    }

    fn connect(&mut self, connection: &Connection) {
        match connection {
            Connection::Reader(at) => self.connect_reader(*at),
            Connection::Puppet(user) => self.connect_puppet(user),
        }
    }

    /// Sends a line of housekeeping, without waiting for it.
    fn post(&self, handle: &SessionHandle, message: crate::message::Message) {
        let handle = handle.clone();
        self.tasks.spawn(async move {
            if let Err(error) = handle.send(0, message).await {
                tracing::debug!(%error, "a line of housekeeping was not sent");
            }
        });
    }
}
