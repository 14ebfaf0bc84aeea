//! What the bridge remembers, behind one trait: rows of the lanes, portals, ghosts, ids, cursors.
//!
//! Everything is written by one verb, [`Store::commit`]: a [`Batch`] is taken whole or not at all,
//! and the work that it brings comes out of the [`Feed`] in the order of its [`Seq`], once it is
//! durable. No SQL and no transaction leaks, so that a document database fits as well.

pub mod sqlite;
#[cfg(any(test, feature = "testkit"))]
pub mod suite;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::id::{Direction, GhostKey, LaneId, PortalKey, RemoteId, Seq, SessionGroup, Timestamp};

/// Rows in the order of their commit, once they are durable: those that were appended or requeued
/// and are `new`, `sending` or in `retry` at the end of their batch. They are in the feed before
/// their commit returns.
///
/// It is unbounded, and stays short because its one reader only hands rows on.
pub type Feed = mpsc::UnboundedReceiver<Row>;

/// A store. One process uses it at a time, unless it has leases ([`Store::acquire`]).
pub trait Store: Send + Sync + 'static {
    /// Writes a batch whole, or not at all; returns once it is as durable as the batch asks.
    ///
    /// Cancelling the future does not undo the batch; one that still waited for room is not
    /// written at all.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if the batch's fence is no longer held; nothing is written then.
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Committed, StoreError>>;

    /// The unsettled rows of a lane after `after`, in order, at most `limit`.
    ///
    /// Unsettled are `new`, `sending` and `retry`; `uncertain` rows wait for an admin.
    fn pending(
        &self,
        lane: LaneId,
        direction: Direction,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Row>, StoreError>>;

    /// The lanes that have unsettled rows, the oldest row first.
    fn pending_lanes(&self) -> BoxFuture<'_, Result<Vec<LaneId>, StoreError>>;

    /// One row, settled or not, by its place.
    fn row(&self, seq: Seq) -> BoxFuture<'_, Result<Option<Row>, StoreError>>;

    /// The states that a row went through, in order, without `new`; the last ones may be missing
    /// if there were very many. Empty for rows that are not kept, and in stores that keep none.
    fn trail(&self, seq: Seq) -> BoxFuture<'_, Result<Vec<Step>, StoreError>> {
        let _ = seq;
        Box::pin(async { Ok(Vec::new()) })
    }

    /// One row by direction and key ([`NewRow::key`]).
    fn row_by_key<'a>(
        &'a self,
        direction: Direction,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Row>, StoreError>>;

    /// The rows that an admin may want to see, oldest first, at most `limit`.
    fn queue(
        &self,
        filter: QueueFilter,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Row>, StoreError>>;

    /// How many rows are unsettled in each direction, and how old the oldest is.
    fn backlog(&self) -> BoxFuture<'_, Result<Backlog, StoreError>>;

    /// A portal by its number, key, room or alias.
    fn portal(&self, by: PortalBy) -> BoxFuture<'_, Result<Option<Portal>, StoreError>>;

    /// All portals whose key starts with `prefix`, the most recently used first.
    fn portals<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<Portal>, StoreError>>;

    /// A ghost by its key.
    fn ghost<'a>(&'a self, key: &'a GhostKey) -> BoxFuture<'a, Result<Option<Ghost>, StoreError>>;

    /// A ghost by its Matrix id.
    fn ghost_by_user<'a>(
        &'a self,
        user: &'a UserId,
    ) -> BoxFuture<'a, Result<Option<Ghost>, StoreError>>;

    /// The membership of one user in one room, as last seen.
    fn member<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
    ) -> BoxFuture<'a, Result<Option<Member>, StoreError>>;

    /// The users who are joined to a room, as last seen.
    fn members<'a>(&'a self, room: &'a RoomId) -> BoxFuture<'a, Result<Vec<Member>, StoreError>>;

    /// The mappings of one Matrix event, in order of their parts.
    fn mappings_of_event<'a>(
        &'a self,
        event_id: &'a ruma::EventId,
    ) -> BoxFuture<'a, Result<Vec<Mapping>, StoreError>>;

    /// The mappings of one remote id in a portal.
    fn mappings_of_remote<'a>(
        &'a self,
        lane: LaneId,
        remote_id: &'a RemoteId,
    ) -> BoxFuture<'a, Result<Vec<Mapping>, StoreError>>;

    /// The value of a cursor, or of any small fact kept under a scope.
    fn cursor<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Option<String>, StoreError>>;

    /// All scopes that start with `prefix`, with their values.
    fn cursors<'a>(
        &'a self,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<(String, String)>, StoreError>>;

    /// Takes or takes over the lease of a group, if nobody else holds it.
    ///
    /// The fence grows with every change of owner. A store for one process grants every lease.
    fn acquire<'a>(
        &'a self,
        group: &'a SessionGroup,
        owner: &'a str,
        lease: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>>;

    /// Keeps a lease for another `lease`; `false` if it is lost.
    fn renew<'a>(
        &'a self,
        fence: &'a Fence,
        lease: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Gives a lease back.
    fn release<'a>(&'a self, fence: &'a Fence) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Removes settled rows older than `before`; returns how many.
    fn trim(&self, before: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;
}

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
    /// what was missed goes in front of them. They come out of the [`Feed`] again.
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
    /// The batch fails with [`StoreError::Taken`] if the key, room or alias is another portal's.
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
    /// The batch fails with [`StoreError::Taken`] if the user id is another ghost's.
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

/// A row of a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its place.
    pub seq: Seq,
    /// Its lane.
    pub lane: LaneId,
    /// Its direction.
    pub direction: Direction,
    /// See [`NewRow::key`].
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

/// Which rows [`Store::queue`] returns.
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

/// A Matrix room and the remote channel that it mirrors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// Its number; [`LaneId`] zero asks the store for a new one.
    pub lane: LaneId,
    /// Its stable key.
    pub key: PortalKey,
    /// How it came about.
    pub kind: PortalKind,
    /// The room, once it exists.
    pub room_id: Option<OwnedRoomId>,
    /// The alias's localpart, if it has one of ours.
    pub alias: Option<String>,
    /// The channel's name, as last written to the room.
    pub name: Option<String>,
    /// The channel's topic, as last written to the room.
    pub topic: Option<String>,
    /// The newest event seen in the room.
    pub last_event: Option<OwnedEventId>,
    /// The newest event seen before the present epoch, while what followed it is unknown.
    pub gap_from: Option<OwnedEventId>,
    /// When the portal was last used.
    pub used: Timestamp,
}

/// How a portal came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PortalKind {
    /// The bridge made the room.
    Channel,
    /// The room was there and was linked.
    Plumbed,
    /// A conversation of one Matrix user and one remote user.
    Direct {
        /// The Matrix user.
        user: OwnedUserId,
        /// The remote user.
        ghost: GhostKey,
    },
    /// A room in which people talk with the bot.
    Control,
    /// Unlinked: the ids stay known, nothing is carried.
    Unlinked,
}

/// By what a portal is looked for.
#[derive(Clone, Debug)]
pub enum PortalBy {
    /// Its number.
    Lane(LaneId),
    /// Its key.
    Key(PortalKey),
    /// Its room.
    Room(OwnedRoomId),
    /// The localpart of its alias.
    Alias(String),
}

/// The Matrix user that stands for a remote user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ghost {
    /// Its stable key.
    pub key: GhostKey,
    /// Its Matrix id, fixed at first sight.
    pub user_id: OwnedUserId,
    /// The account exists on the homeserver.
    pub registered: bool,
    /// The display name, as last written to the homeserver.
    pub display_name: Option<String>,
}

/// A membership as last seen in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The room.
    pub room_id: OwnedRoomId,
    /// The user.
    pub user_id: OwnedUserId,
    /// What the membership is.
    pub membership: Membership,
    /// The display name in the room.
    pub display_name: Option<String>,
}

/// What core needs to know of `m.room.member`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// In the room.
    Join,
    /// Asked in.
    Invite,
    /// Gone, or never there.
    Leave,
    /// Kept out.
    Ban,
}

/// A remote message and a Matrix event that are the same; many to one in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The portal.
    pub lane: LaneId,
    /// What is mapped.
    pub kind: MappingKind,
    /// The network's id.
    pub remote_id: RemoteId,
    /// Which part of the remote message, from zero.
    pub part: u32,
    /// The Matrix event.
    pub event_id: OwnedEventId,
    /// Who sent it on the Matrix side: only they, or the bot, may redact it.
    pub sender: OwnedUserId,
}

/// What a [`Mapping`] is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingKind {
    /// A message.
    Message,
    /// An edit of one.
    Edit,
    /// A reaction.
    Reaction,
}

/// Why the store did not do as told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another worker holds the lease now.
    #[error("the lease of {group} was taken over by another worker")]
    Fenced {
        /// The group.
        group: SessionGroup,
    },
    /// A portal or ghost was to be written whose key, room, alias or user id is another's.
    #[error("cannot write {what}")]
    Taken {
        /// What it is, and what it clashes with.
        what: String,
    },
    /// Another process has the store open.
    #[error("the store {path} is in use by another instance of this bridge: stop that one first")]
    InUse {
        /// The file.
        path: String,
    },
    /// The store was written by a newer version.
    #[error(
        "the store {path} was written by a newer version of the bridge (schema {found}, this \
         version reads up to {known}): install that version or newer"
    )]
    TooNew {
        /// The file.
        path: String,
        /// The schema that the file needs at least.
        found: i64,
        /// The newest schema that this version reads.
        known: i64,
    },
    /// The URL in `store.url` cannot be used.
    #[error("store.url {url:?}: {why}")]
    Url {
        /// The URL, without secrets.
        url: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// The database failed.
    #[error("the store failed: {what}")]
    Failed {
        /// What was being done.
        what: String,
        /// What the database said.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Something cannot be put into words that can be read back; waiting does not help.
    #[error("a row's {what} cannot be written: {source}")]
    Unwritable {
        /// What it is.
        what: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A row that was to be sent is settled: its message was redacted meanwhile.
    #[error("the row is settled already")]
    Settled,
    /// The store was closed while the call was under way.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn unwritable(what: &'static str, source: serde_json::Error) -> Self {
        Self::Unwritable { what, source }
    }
}
