//! The seam between the core and a network: one trait to implement.
//!
//! A network owns its sockets, clients or listeners ([`Network::run`]); core owns everything that
//! must not be lost. Events go up through [`Remote::push`], and come down through
//! [`Network::deliver`], already cut down to what [`Caps`] allow.

mod adopt;
mod caps;
mod delivery;
mod event;
pub mod features;
mod file;
pub mod journal;
mod remote;
mod signal;

use std::{future::Future, sync::Arc};

use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

pub use self::{
    adopt::{AdoptError, Adopted},
    caps::{Caps, Idempotency, Ordering, Support, TextCaps},
    delivery::{
        Action, Author, Delivery, InFlight, Message, Outgoing, Progress, Refusal, RetryScope,
        Settlement, Token, Voice,
    },
    event::{Completion, Reach, RemoteAction, RemoteEvent, RemoteUser},
    file::{File, FileSource},
    remote::{LinkState, PortalInfo, Pushed, Remote, Ticket},
    signal::{RemoteSignal, Signal},
};
pub use crate::content::{MentionTarget, MessageKind};
use crate::{
    config::ConfigError,
    id::{GhostKey, PortalKey, SessionGroup},
};

/// Named parts of an id, such as `network` and `nick`; the names are those of the templates.
pub type Fields = Vec<(String, String)>;

/// A chat network, as the core sees it.
pub trait Network: Send + Sync + Sized + 'static {
    /// The name of the network's section in the configuration, of the binary (`bridge-` before
    /// it) and of the protocol on Matrix: `irc`.
    const KIND: &'static str;

    /// The network's section of the configuration.
    type Config: DeserializeOwned + Send;

    /// What is fixed about this network.
    fn descriptor() -> Descriptor;

    /// Makes the network from its section of the configuration; opens nothing yet.
    ///
    /// # Errors
    /// Names the key that is wrong and what would be right.
    fn new(config: Self::Config, env: NetworkEnv) -> Result<Self, ConfigError>;

    /// Runs the network until `shutdown`, then ends its links in good order.
    ///
    /// Reconnects by itself and reports each link by [`Remote::link`]. Dropping the future ends
    /// the links at once.
    ///
    /// # Errors
    /// Only what no later attempt can mend, such as refused credentials of the only link.
    fn run(
        self: Arc<Self>,
        remote: Remote,
        shutdown: CancellationToken,
    ) -> impl Future<Output = Result<(), NetworkError>> + Send;

    /// What the network of this portal can do at present. Cheap: it is asked for every event.
    fn caps(&self, portal: &PortalKey) -> Caps;

    /// What must be on the same worker as this portal's lane.
    fn affinity(&self, portal: &PortalKey) -> SessionGroup;

    /// The parts of a ghost's id, for the template; the reverse of [`Network::ghost_key`].
    fn ghost_fields(&self, key: &GhostKey) -> Fields;

    /// The ghost that these parts name, if they name one.
    fn ghost_key(&self, fields: &Fields) -> Option<GhostKey>;

    /// The parts of a portal's alias, for the template; `None` if it gets no alias.
    fn alias_fields(&self, portal: &PortalKey) -> Option<Fields>;

    /// The portal that the parts of an alias name, if anyone may open it that way.
    fn portal_of_alias(&self, fields: &Fields) -> Option<PortalKey>;

    /// [`Network::portal_of_alias`] for a network whose channels have a lasting key behind the name
    /// that the alias shows, so that the network has to be asked for it.
    ///
    /// # Errors
    /// Only if the network cannot be asked; a channel that is not there is `Ok(None)`.
    fn find_portal(
        &self,
        fields: &Fields,
    ) -> impl Future<Output = Result<Option<PortalKey>, OpenError>> + Send {
        std::future::ready(Ok(self.portal_of_alias(fields)))
    }

    /// The portal that a `REMOTE` of the command line or the configuration names.
    ///
    /// # Errors
    /// Says what a name looks like on this network.
    fn portal_of_name(&self, remote: &str) -> Result<PortalKey, String>;

    /// The portal of a conversation of one Matrix user with one remote user, if there can be one.
    fn direct_portal(&self, user: &ruma::UserId, ghost: &GhostKey) -> Option<PortalKey> {
        let _ = (user, ghost);
        None
    }

    /// Links that the configuration makes: portals and the rooms (ids or aliases) they go to.
    fn configured_rooms(&self) -> Vec<(PortalKey, String)> {
        Vec::new()
    }

    /// Begins to read a channel and tells what it is like. Called again at every start.
    ///
    /// Core waits 5 s for an alias query and goes on without name and topic after that.
    fn open(
        &self,
        portal: &PortalKey,
    ) -> impl Future<Output = Result<ChannelInfo, OpenError>> + Send;

    /// The network or community that a portal belongs to: those of one share a Space.
    fn space(&self, portal: &PortalKey) -> String {
        let _ = portal;
        Self::KIND.to_owned()
    }

    /// Tries to get in, as [`Network::run`] would, and says what is in the way. The bridge may be
    /// running beside it.
    fn probe(&self) -> impl Future<Output = Vec<crate::doctor::Trouble>> + Send {
        async { Vec::new() }
    }

    /// Finds out whether a channel may be linked to a room: yes where the bridge has a say there
    /// or the network is the admin's own, else an operator of the channel is asked, for a while.
    ///
    /// The channel is open ([`Network::open`]). Nobody is asked about links of the configuration.
    ///
    /// # Errors
    /// Says who said no, or who must say yes and how.
    fn consent(
        &self,
        portal: &PortalKey,
        room: &ruma::RoomId,
    ) -> impl Future<Output = Result<(), OpenError>> + Send {
        let _ = (portal, room);
        async { Ok(()) }
    }

    /// Forgets what this process knows of a Matrix user, and ends their session.
    fn forget(&self, user: &ruma::UserId) -> impl Future<Output = ()> + Send {
        let _ = user;
        async {}
    }

    /// Stops reading a channel, and takes the puppets out of it.
    fn close(&self, portal: &PortalKey) -> impl Future<Output = ()> + Send {
        let _ = portal;
        async {}
    }

    /// Sends one event. Calls of one lane come one after the other, in order.
    ///
    /// The network calls [`Ticket::sending`] right before the first byte can leave, and not
    /// earlier: a row that never was `sending` is sent again after a crash without further ado.
    /// Dropping the future before that point must send nothing.
    fn deliver(&self, outgoing: Outgoing, ticket: Ticket) -> impl Future<Output = Delivery> + Send;

    /// Finds out what became of rows that were `sending` when the process or the link ended.
    ///
    /// Called once a lane, before anything else of it is delivered. Rows without an answer are
    /// taken as uncertain.
    fn reconcile(
        &self,
        portal: &PortalKey,
        rows: Vec<InFlight>,
    ) -> impl Future<Output = Vec<(Token, Settlement)>> + Send;

    /// The name by which people on the network are addressed: of a ghost, or of a Matrix user who
    /// has a puppet there. `None` leaves the name as it was written.
    fn name_of(&self, portal: &PortalKey, who: &MentionTarget) -> Option<String> {
        let _ = (portal, who);
        None
    }

    /// The host that a remote user comes from, where hosts are what people are told apart by:
    /// server ACLs and policy lists that ban servers go by it.
    fn host_of(&self, ghost: &GhostKey) -> Option<String> {
        let _ = ghost;
        None
    }

    /// Passes on that a Matrix user writes or has read something. Best effort: nothing is kept,
    /// and nobody waits. Called only where [`Caps`] say that the network has it.
    fn signal(&self, portal: &PortalKey, author: &Author, signal: &Signal) {
        let _ = (portal, author, signal);
    }

    /// Tells how an event that the network pushed ended on Matrix.
    fn settled(&self, event: &RemoteEvent, outcome: &Completion) {
        let _ = (event, outcome);
    }
}

/// What is fixed about a network.
#[derive(Clone, Debug)]
pub struct Descriptor {
    /// The protocol's name for people: `IRC`.
    pub name: &'static str,
    /// The default `sender_localpart`: `_ircbot`.
    pub bot: &'static str,
    /// The default template of ghosts: `_irc_{network}_{nick}`.
    pub ghost_template: &'static str,
    /// The default template of aliases: `_irc_{network}_{channel}`.
    pub alias_template: &'static str,
    /// The network's section of a new configuration, commented, with the keys of `answers`
    /// filled in as `{key}`.
    pub example: &'static str,
    /// Values that `init` asks for, to fill the example.
    pub answers: &'static [Answer],
}

/// A value that `init` asks for or takes as a flag.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The placeholder in the example, and the flag with `--` before it: `irc-server`.
    pub flag: &'static str,
    /// The question, for people.
    pub question: &'static str,
    /// What is taken with `--defaults`.
    pub default: &'static str,
}

/// What a network gets from the program around it.
#[derive(Clone, Debug)]
pub struct NetworkEnv {
    /// The folder of the configuration: relative paths start there.
    pub folder: std::path::PathBuf,
    /// The homeserver's name in ids.
    pub domain: ruma::OwnedServerName,
    /// The time.
    pub clock: crate::clock::Clock,
}

/// What a channel is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Its name for people.
    pub name: Option<String>,
    /// Its topic.
    pub topic: Option<String>,
}

/// Why a channel cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The network says no: there is no such channel, or the bridge may not enter.
    #[error("{0}")]
    Refused(String),
    /// The network cannot be asked at present.
    #[error("the network does not answer: {0}")]
    Unavailable(String),
}

/// Why a network cannot go on at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// Every configured network refused the first connection.
    #[error("the network refuses the bridge: {0}")]
    Refused(String),
}
