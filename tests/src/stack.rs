//! A whole installation: homeserver, bridge and network, started side by side.

mod builder;

use anyhow::{Context, Result};

pub use self::builder::StackBuilder;
use crate::{
    bridge::Bridge,
    irc::{IrcLogin, IrcUser},
    matrix::MatrixUser,
    nio::NioUser,
    rig::{InspIrcd, NgIrcd, Process, Proxy, Synapse, Tls},
};

/// Everything is running and ready. The parts are dropped from the bridge outwards.
#[derive(Debug)]
pub struct Stack {
    /// The bridge between the two.
    pub bridge: Bridge,
    /// The homeserver.
    pub synapse: Synapse,
    /// The IRC server that the bridge calls `local`.
    pub irc: IrcServer,
    proxies: Option<Proxies>,
    tls: Option<Tls>,
}

/// Switches on the bridge's three links.
#[derive(Debug)]
pub struct Proxies {
    /// The bridge's requests to the homeserver.
    pub to_homeserver: Proxy,
    /// The homeserver's transactions and queries to the bridge.
    pub from_homeserver: Proxy,
    /// All of the bridge's IRC connections.
    pub irc: Proxy,
}

/// The one or the other kind of IRC server.
#[derive(Debug)]
pub enum IrcServer {
    /// With tags, labels, echoes and history.
    Modern(InspIrcd),
    /// With nothing of the kind.
    Plain(NgIrcd),
}

impl IrcServer {
    /// `127.0.0.1:port` of the plain listener.
    pub fn address(&self) -> &str {
        match self {
            Self::Modern(server) => server.address(),
            Self::Plain(server) => server.address(),
        }
    }

    /// `127.0.0.1:port` of the TLS listener, if it has one.
    pub fn tls_address(&self) -> Option<&str> {
        match self {
            Self::Modern(server) => server.tls_address(),
            Self::Plain(server) => server.tls_address(),
        }
    }

    /// The process, to be stopped, killed, frozen and started again.
    pub fn process(&mut self) -> &mut Process {
        match self {
            Self::Modern(server) => &mut server.process,
            Self::Plain(server) => &mut server.process,
        }
    }
}

impl Stack {
    /// `bridge-irc` between Synapse and InspIRCd.
    pub fn irc() -> StackBuilder {
        StackBuilder::new(InspIrcd::builder().into())
    }

    /// `bridge-irc` between Synapse and ngIRCd.
    pub fn plain_irc() -> StackBuilder {
        StackBuilder::new(NgIrcd::builder().into())
    }

    /// The switches, if the stack was built with them.
    pub fn proxies(&self) -> Result<&Proxies> {
        self.proxies.as_ref().context("this stack was built without proxies")
    }

    /// The alias under which a channel of the network `local` appears, as
    /// `#_irc_local_#rust:localhost`.
    pub fn alias(&self, channel: &str) -> String {
        format!("#_irc_local_{channel}:{}", self.synapse.server_name())
    }

    /// The ghost of a nick on the network `local`, if the nick needs no escapes.
    pub fn ghost(&self, nick: &str) -> String {
        format!("@_irc_local_{}:{}", nick.to_ascii_lowercase(), self.synapse.server_name())
    }

    /// A Matrix user of this name.
    pub async fn matrix_user(&self, localpart: &str) -> Result<MatrixUser> {
        MatrixUser::register(&self.synapse, localpart).await
    }

    /// A Matrix user of this name on matrix-nio.
    pub async fn nio_user(&self, localpart: &str) -> Result<NioUser> {
        NioUser::register(&self.synapse, localpart).await
    }

    /// An IRC user, over TLS if the stack has it. Connect several at once: the modern server
    /// welcomes clients once a second.
    pub async fn irc_user(&self, nick: &str) -> Result<IrcUser> {
        match (&self.tls, self.irc.tls_address()) {
            (Some(tls), Some(address)) => IrcLogin::new(address, nick).tls(tls).connect().await,
            _ => IrcUser::connect(self.irc.address(), nick).await,
        }
    }
}
