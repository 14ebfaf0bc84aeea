//! What is written at once, and what it must survive.

use std::sync::Arc;

use ruma::{OwnedEventId, OwnedUserId};

use super::{Ghost, Mapping, Member, Portal, RowState};
use crate::id::{Direction, LaneId, Seq, SessionGroup, Timestamp};

/// Proof of a lease: a write under an older fence is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The group that is leased.
    pub group: SessionGroup,
    /// Grows with every change of owner.
    pub counter: i64,
}

/// Writes that belong together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// What to write, in order.
    pub ops: Vec<Op>,
    /// The lease under which it is written.
    pub fence: Option<Fence>,
    /// What must survive before the commit returns.
    pub durability: Durability,
}

impl Batch {
    /// A batch that must survive a power failure: what others were told that we have.
    pub fn durable(ops: Vec<Op>) -> Self {
        Self { ops, fence: None, durability: Durability::Disk }
    }

    /// A batch that must survive the end of the process, and that can be found out anew after a
    /// power failure.
    pub fn settled(ops: Vec<Op>) -> Self {
        Self { ops, fence: None, durability: Durability::Process }
    }

    /// The same batch under a lease.
    #[must_use]
    pub fn fenced(mut self, fence: Option<Fence>) -> Self {
        self.fence = fence;
        self
    }
}

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// The end of the process.
    #[default]
    Process,
    /// A power failure.
    Disk,
}

/// One write of a batch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Op {
    /// Appends a row, unless one with the same direction and key exists.
    Append(NewRow),
    /// Moves a row to another state, unless it is settled. A move to `sending` counts an attempt.
    Move {
        /// The row.
        seq: Seq,
        /// Its new state.
        to: RowState,
        /// When it is moved, for traces.
        at: Timestamp,
    },
    /// Replaces what a row that is not settled keeps of its progress.
    Progress {
        /// The row.
        seq: Seq,
        /// The progress, as JSON.
        progress: String,
    },
    /// Gives unsettled rows new places behind all others of their lane, in the order given:
    /// what was missed goes in front of them. They come out of the [`Feed`](super::Feed) again.
    Requeue(Vec<Seq>),
    /// Erases what an event said from its row. It becomes `cancelled`, whether it is `new`, parked
    /// or `dead`; one in `sending` is left alone, and loses its body once it is settled.
    Erase {
        /// The event.
        event_id: OwnedEventId,
        /// When.
        at: Timestamp,
    },
    /// Records which remote id and which event are the same.
    Map(Mapping),
    /// Inserts a portal, or replaces it if its number, or its key with number zero, exists (the
    /// known number is returned then). A replacement leaves `last_event` and `gap_from` as they
    /// are: these have operations of their own. Only one that moves the portal to another room
    /// brings its own.
    ///
    /// The batch fails with [`StoreError::Taken`](super::StoreError::Taken) if the key, room or alias is another portal's.
    Portal(Portal),
    /// Records the newest event seen in a portal's room.
    ///
    /// The first one of an `epoch` keeps the event before it as [`Portal::gap_from`].
    LastEvent {
        /// The portal.
        lane: LaneId,
        /// The event.
        event_id: OwnedEventId,
        /// The present start of the process or outage of the homeserver.
        epoch: String,
    },
    /// Forgets [`Portal::gap_from`]: what was missed has been fetched.
    GapClosed(LaneId),
    /// Inserts or replaces a ghost.
    ///
    /// The batch fails with [`StoreError::Taken`](super::StoreError::Taken) if the user id is another ghost's.
    Ghost(Ghost),
    /// Inserts or replaces a membership.
    Member(Member),
    /// Forgets a Matrix user or ghost: memberships, the ghost, mappings of what they sent, and
    /// conversations of two that they are in, with their rows and mappings.
    ///
    /// Rows of other portals stay; those of the user are to be moved to `cancelled`.
    Forget(OwnedUserId),
    /// Sets a cursor.
    Cursor {
        /// What it is the cursor of.
        scope: String,
        /// Its value; `None` forgets it.
        value: Option<String>,
    },
}

/// What a commit did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// For each [`Op::Append`], in order: the row's place, or `None` if its key was known.
    pub appended: Vec<Option<Seq>>,
    /// For each [`Op::Portal`], in order: its number.
    pub portals: Vec<LaneId>,
    /// Rows that an [`Op::Move`] left as they were, since they are settled already or gone.
    pub stale: Vec<Seq>,
}

/// A row to append.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// The lane.
    pub lane: LaneId,
    /// The direction.
    pub direction: Direction,
    /// What makes the row one of a kind in its direction: the event id, or portal and remote id.
    pub key: Option<String>,
    /// The event, as JSON.
    pub body: Arc<str>,
    /// When it came to us.
    pub created: Timestamp,
    /// `new`, or `dead` for what cannot even be read.
    pub state: RowState,
}
