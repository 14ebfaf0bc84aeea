//! What a batch does to the tables.

mod leases;
mod records;
mod rows;

use std::path::Path;

use rusqlite::{CachedStatement, Connection, Params};

use super::{Doing, read};
use crate::{
    id::Seq,
    store::{Batch, Committed, Op, Row, StoreError},
};

/// An open transaction, and the rows that come out of the feed if it is committed.
pub(super) struct Tx<'a> {
    conn: &'a Connection,
    path: &'a Path,
    /// Appended rows that have work in them, in order.
    fresh: Vec<Row>,
    /// Fresh rows that were changed after they were appended.
    touched: Vec<Seq>,
}

/// Where a [`Tx`] stood before a piece of work.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    fresh: usize,
    touched: usize,
}

impl<'a> Tx<'a> {
    pub(super) fn new(conn: &'a Connection, path: &'a Path) -> Self {
        Self { conn, path, fresh: Vec::new(), touched: Vec::new() }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { fresh: self.fresh.len(), touched: self.touched.len() }
    }

    pub(super) fn forget_since(&mut self, mark: Mark) {
        self.fresh.truncate(mark.fresh);
        self.touched.truncate(mark.touched);
    }

    /// The rows to feed, as they are at the end of the transaction.
    pub(super) fn into_fresh(self) -> Result<Vec<Row>, StoreError> {
        let Self { conn, path, mut fresh, touched } = self;
        for seq in touched {
            let now = read::row(conn, seq).doing("reading a new row", path)?;
            if let Ok(index) = fresh.binary_search_by_key(&seq, |row| row.seq) {
                match now.filter(|row| rows::has_work(&row.state)) {
                    Some(now) => fresh[index] = now,
                    None => drop(fresh.remove(index)),
                }
            }
        }
        Ok(fresh)
    }

    /// Writes a batch.
    pub(super) fn batch(&mut self, batch: Batch) -> Result<Committed, StoreError> {
        if let Some(fence) = batch.fence
            && !self.holds(&fence)?
        {
            return Err(StoreError::Fenced { group: fence.group });
        }
        let mut committed = Committed::default();
        for op in batch.ops {
            self.op(op, &mut committed)?;
        }
        Ok(committed)
    }

    fn op(&mut self, op: Op, committed: &mut Committed) -> Result<(), StoreError> {
        match op {
            Op::Append(row) => committed.appended.push(self.append(row)?),
            Op::Move { seq, to, at } => {
                if !self.move_row(seq, &to, at)? {
                    committed.stale.push(seq);
                }
            }
            Op::Progress { seq, progress } => self.progress(seq, &progress)?,
            Op::Requeue(seqs) => self.requeue(&seqs)?,
            Op::Erase { event_id, at } => self.erase(&event_id, at)?,
            Op::Map(mapping) => self.map(&mapping)?,
            Op::Portal(portal) => committed.portals.push(self.portal(&portal)?),
            Op::LastEvent { lane, event_id, epoch } => self.last_event(lane, &event_id, &epoch)?,
            Op::GapClosed(lane) => self.gap_closed(lane)?,
            Op::Ghost(ghost) => self.ghost(&ghost)?,
            Op::Member(member) => self.member(&member)?,
            Op::Forget(user) => self.forget(&user)?,
            Op::Cursor { scope, value } => self.cursor(&scope, value.as_deref())?,
        }
        Ok(())
    }

    /// Runs a statement and returns how many rows it changed.
    fn execute(
        &self,
        what: &str,
        sql: &'static str,
        params: impl Params,
    ) -> Result<usize, StoreError> {
        self.statement(what, sql)?.execute(params).doing(what, self.path)
    }

    fn statement(&self, what: &str, sql: &'static str) -> Result<CachedStatement<'a>, StoreError> {
        self.conn.prepare_cached(sql).doing(what, self.path)
    }
}
