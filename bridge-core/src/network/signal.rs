//! What passes without a trace: typing and read receipts.
//!
//! Signals never become rows. The latest one counts, and one that finds its way closed is dropped.

use super::RemoteUser;
use crate::id::{PortalKey, RemoteId};

/// A signal, in either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// The user is writing.
    TypingStarted,
    /// The user is not writing any more.
    TypingStopped,
    /// The user has read everything up to this message.
    Read {
        /// The network's id of the message; of several parts the last.
        up_to: RemoteId,
    },
}

/// A signal of a remote user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSignal {
    /// Where.
    pub portal: PortalKey,
    /// Who.
    pub sender: RemoteUser,
    /// What.
    pub signal: Signal,
}
