//! Rows of the lanes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{Direction, LaneId, Seq, Timestamp};

/// A row of a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its place.
    pub seq: Seq,
    /// Its lane.
    pub lane: LaneId,
    /// Its direction.
    pub direction: Direction,
    /// See [`NewRow::key`](super::NewRow::key).
    pub key: Option<String>,
    /// The event, as JSON; empty once the row is settled.
    pub body: Arc<str>,
    /// Its state.
    pub state: RowState,
    /// What it keeps of its progress, as JSON; `None` once the row is settled.
    pub progress: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it came to us.
    pub created: Timestamp,
    /// When its state last changed.
    pub changed: Timestamp,
}

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowState {
    /// Not tried yet.
    New,
    /// Handed to the other side, without an answer yet.
    Sending,
    /// To be tried again.
    Retry {
        /// Not before this time.
        at: Timestamp,
        /// Why it failed.
        why: String,
    },
    /// Perhaps sent; nobody can tell.
    Uncertain {
        /// What cut the send off.
        why: String,
    },
    /// Waits for keys to decrypt it. Reserved for encrypted rooms.
    Waiting,
    /// Delivered, or nothing had to be delivered.
    Done,
    /// Withdrawn before it was sent.
    Cancelled,
    /// Given up; its author was told.
    Dead {
        /// Why.
        why: String,
    },
}

/// A state that a row went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The label of the state ([`RowState::label`]).
    pub state: String,
    /// When the row got there.
    pub at: Timestamp,
    /// Why, where there is a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl RowState {
    /// Why, for the states that have a reason.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Retry { why, .. } | Self::Uncertain { why } | Self::Dead { why } => Some(why),
            _ => None,
        }
    }

    /// The value of the `state` label of metrics and of `queue list`.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Sending => "sending",
            Self::Retry { .. } => "retry",
            Self::Uncertain { .. } => "uncertain",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Dead { .. } => "dead",
        }
    }

    /// No more work follows and the body can go. `dead` and `uncertain` rows keep theirs, so that
    /// they can be retried.
    pub const fn is_settled(&self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
}

/// Which rows [`Store::queue`](super::Store::queue) returns.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    /// Only rows whose state has one of these labels; all of `retry`, `uncertain` and `dead` if
    /// empty.
    pub states: Vec<String>,
    /// Only rows of this lane.
    pub lane: Option<LaneId>,
}

/// How much is unsettled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Unsettled rows to the network.
    pub to_network: u64,
    /// Unsettled rows to Matrix.
    pub to_matrix: u64,
    /// When the oldest unsettled row came to us.
    pub oldest: Option<Timestamp>,
    /// Rows that are uncertain.
    pub uncertain: u64,
    /// Rows that are dead.
    pub dead: u64,
}
