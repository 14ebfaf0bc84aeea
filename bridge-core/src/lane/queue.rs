//! The part of a queue that is in memory; the rest stays in the store.

use std::collections::VecDeque;

use crate::{
    core::Core,
    id::{Direction, LaneId, Seq},
    store::{Batch, Op, Row, RowState, StoreError},
};

/// How many rows of one lane and direction are in memory at most.
const HELD: usize = 64;

/// Rows of one lane and direction, in order.
pub(super) struct Queue {
    lane: LaneId,
    direction: Direction,
    rows: VecDeque<Row>,
    /// The newest row that was ever taken in.
    high: Seq,
    /// The store has rows after `high`.
    spilled: bool,
}

impl Queue {
    /// An empty queue, which reads what the store has first.
    pub(super) fn new(lane: LaneId, direction: Direction) -> Self {
        Self { lane, direction, rows: VecDeque::new(), high: Seq(0), spilled: true }
    }

    /// Takes a row that was just committed, or leaves it in the store if there is no room.
    ///
    /// Answers whether it was taken.
    pub(super) fn push(&mut self, row: Row) -> bool {
        if self.spilled || row.seq <= self.high {
            return false;
        }
        if self.rows.len() >= HELD {
            self.spilled = true;
            return false;
        }
        self.high = row.seq;
        self.rows.push_back(row);
        true
    }

    /// Rows were left in the store.
    pub(super) fn spill(&mut self) {
        self.spilled = true;
    }

    /// Reads rows that were left in the store, once there is room. Answers those that it read.
    pub(super) async fn refill(&mut self, core: &Core) -> Result<Vec<Seq>, StoreError> {
        if !self.spilled || self.rows.len() > HELD / 2 {
            return Ok(Vec::new());
        }
        let read = core.store.pending(self.lane, self.direction, self.high, HELD).await?;
        self.spilled = read.len() >= HELD;
        let seqs = read.iter().map(|row| row.seq).collect();
        if let Some(last) = read.last() {
            self.high = last.seq;
        }
        self.rows.extend(read);
        Ok(seqs)
    }

    /// Puts a row back in its place.
    pub(super) fn put_back(&mut self, row: Row) {
        let at = self.rows.partition_point(|other| other.seq < row.seq);
        self.rows.insert(at, row);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut()
    }

    pub(super) fn pop_front(&mut self) -> Option<Row> {
        self.rows.pop_front()
    }

    /// Takes the row at this position out.
    pub(super) fn remove(&mut self, at: usize) -> Option<Row> {
        self.rows.remove(at)
    }

    /// Takes the row of this place out, if it is in memory.
    pub(super) fn remove_seq(&mut self, seq: Seq) -> Option<Row> {
        let at = self.rows.iter().position(|row| row.seq == seq)?;
        self.rows.remove(at)
    }

    /// Takes a row out for good: `false` if it is neither here nor left in the store.
    pub(super) async fn withdraw(&mut self, core: &Core, seq: Seq) -> Result<bool, StoreError> {
        if self.remove_seq(seq).is_none() && seq <= self.high {
            return Ok(false);
        }
        let op = Op::Move { seq, to: RowState::Cancelled, at: core.clock.now() };
        core.commit(Batch::durable(vec![op])).await?;
        Ok(true)
    }

    /// Nothing in memory and nothing in the store.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && !self.spilled
    }
}
