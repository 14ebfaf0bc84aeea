//! The identifiers of the core: opaque newtypes, so that one is never taken for another.
//!
//! Only the bridge that owns a network looks inside its keys; the core stores and compares them.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text of this identifier.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Arc<str>>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

text_id! {
    /// Names a channel, conversation or room of the remote side for good: `local/#rust`.
    ///
    /// It is the stable key of a portal; a room upgrade or a new alias never changes it.
    PortalKey
}

text_id! {
    /// Names a remote user for good: `local/alice`, an occupant id, a user's `_id`.
    GhostKey
}

text_id! {
    /// A message's own name on the remote network: a `msgid`, a stanza id, an `_id`.
    RemoteId
}

text_id! {
    /// What one worker holds at a time: an IRC network, an XMPP component, a Gitter portal.
    ///
    /// Leases are per group, so that a lane and the socket that serves it share a worker.
    SessionGroup
}

/// The place of a row in the store. Rows of one lane and direction are worked off in this order.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Seq(pub i64);

/// The store's number for a portal; a lane carries the number of its portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LaneId(pub i64);

/// Which way a row travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the homeserver to the network.
    ToNetwork,
    /// From the network to the homeserver.
    ToMatrix,
}

impl Direction {
    /// The value of the `direction` label of metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ToNetwork => "to_network",
            Self::ToMatrix => "to_matrix",
        }
    }
}

/// A point in time, in milliseconds since the Unix epoch.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Milliseconds from `earlier` to this point; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
