//! What the bridge remembers, behind one trait: rows of the lanes, portals, ghosts, ids, cursors.
//!
//! Everything is written by one verb, [`Store::commit`]: a [`Batch`] is taken whole or not at all,
//! and the work that it brings comes out of the [`Feed`] in the order of its [`Seq`], once it is
//! durable. No SQL and no transaction leaks, so that a document database fits as well.

mod batch;
mod error;
mod record;
mod row;
pub mod sqlite;
#[cfg(any(test, feature = "testkit"))]
pub mod suite;

use std::time::Duration;

use futures_util::future::BoxFuture;
use ruma::{RoomId, UserId};
use tokio::sync::mpsc;

pub use self::{
    batch::{Batch, Committed, Durability, Fence, NewRow, Op},
    error::StoreError,
    record::{Ghost, Mapping, MappingKind, Member, Membership, Portal, PortalBy, PortalKind},
    row::{Backlog, QueueFilter, Row, RowState, Step},
};
use crate::id::{Direction, GhostKey, LaneId, RemoteId, Seq, SessionGroup, Timestamp};

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
