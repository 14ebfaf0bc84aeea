//! What a session needs to know.

use std::{net::IpAddr, sync::Arc, time::Duration};

use rustls::ClientConfig;

use super::Interest;
use crate::{address::ServerAddress, codec::Charset, flood::Rate, registration::Registrant};

/// Tells the sessions apart whose events go into one channel. The caller chooses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// One connection to be.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Whose events these are.
    pub id: SessionId,
    /// Servers in the order in which they are tried, each once.
    pub servers: Vec<ServerAddress>,
    /// For servers with TLS; shared by all sessions of a network.
    pub tls: Option<Arc<ClientConfig>>,
    /// The local address to connect from.
    pub bind: Option<IpAddr>,
    /// Who registers, under which nicks and names.
    pub registrant: Registrant,
    /// How fast lines may be written.
    pub flood: Rate,
    /// How many lines may wait for their permit; more are refused.
    pub queue: usize,
    /// How lines are read that are not UTF-8.
    pub charset: Charset,
    /// Which messages become events.
    pub interest: Interest,
    /// The reason of the `QUIT` at the end.
    pub quit_message: String,
    /// Time limits.
    pub timing: Timing,
}

impl SessionConfig {
    /// A session with the usual limits.
    pub fn new(id: SessionId, servers: Vec<ServerAddress>, registrant: Registrant) -> Self {
        Self {
            id,
            servers,
            tls: None,
            bind: None,
            registrant,
            flood: Rate::default(),
            queue: 1000,
            charset: Charset::default(),
            interest: Interest::default(),
            quit_message: String::new(),
            timing: Timing::default(),
        }
    }
}

/// The time limits of a session.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From the first packet to the end of the TLS handshake, for each server.
    pub connect: Duration,
    /// From there to the end of the server's greeting.
    pub register: Duration,
    /// The silence after which we ask with `PING`.
    pub ping_after: Duration,
    /// The silence after which the connection counts as dead.
    pub dead_after: Duration,
    /// From `QUIT` to the moment when we hang up ourselves.
    pub linger: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            register: Duration::from_mins(1),
            ping_after: Duration::from_mins(1),
            dead_after: Duration::from_mins(2),
            linger: Duration::from_secs(2),
        }
    }
}
