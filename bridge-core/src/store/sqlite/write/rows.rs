//! Rows of the lanes.

use ruma::EventId;
use rusqlite::OptionalExtension;

use super::Tx;
use crate::{
    id::{Direction, Seq, Timestamp},
    store::{
        NewRow, Row, RowState, StoreError,
        sqlite::{
            Doing,
            codec::{self, StateColumns},
            read,
        },
    },
};

/// Whether a lane has to work on a row in this state.
pub(super) const fn has_work(state: &RowState) -> bool {
    matches!(state, RowState::New | RowState::Sending | RowState::Retry { .. })
}

impl Tx<'_> {
    pub(super) fn append(&mut self, row: NewRow) -> Result<Option<Seq>, StoreError> {
        let columns = StateColumns::from(&row.state);
        let body = if row.state.is_settled() { "" } else { &*row.body };
        let inserted = self.execute(
            "appending a row",
            "INSERT INTO rows (lane, direction, state, why, not_before, created, changed, key, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8)
             ON CONFLICT (direction, key) WHERE key IS NOT NULL DO NOTHING",
            (
                row.lane,
                row.direction,
                columns.code,
                columns.why,
                columns.not_before,
                row.created,
                &row.key,
                body,
            ),
        )?;
        if inserted == 0 {
            return Ok(None);
        }
        let seq = Seq(self.conn.last_insert_rowid());
        if has_work(&row.state) {
            self.fresh.push(Row {
                seq,
                lane: row.lane,
                direction: row.direction,
                key: row.key,
                body: row.body,
                state: row.state,
                progress: None,
                attempts: 0,
                created: row.created,
                changed: row.created,
            });
        }
        Ok(Some(seq))
    }

    /// Moves a row to a state; `false` if it is settled already, or gone.
    pub(super) fn move_row(
        &mut self,
        seq: Seq,
        to: &RowState,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        const MOVE: &str = "UPDATE rows
            SET state = ?2, why = ?3, not_before = ?4, changed = ?5, attempts = attempts + ?6,
                trail = iif(length(trail) > 4000, trail, coalesce(trail, '') || ?7)
            WHERE seq = ?1 AND state < 6";
        const SETTLE: &str = "UPDATE rows
            SET state = ?2, why = NULL, not_before = NULL, changed = ?3, progress = NULL, body = '',
                trail = coalesce(trail, '') || ?4
            WHERE seq = ?1 AND state < 6";
        let StateColumns { code, why, not_before } = to.into();
        let step = codec::step(to, at);
        let moved = if to.is_settled() {
            self.execute("settling a row", SETTLE, (seq, code, at, step))?
        } else {
            let tried = i64::from(*to == RowState::Sending);
            self.execute("moving a row", MOVE, (seq, code, why, not_before, at, tried, step))?
        };
        self.touch(seq);
        Ok(moved > 0)
    }

    pub(super) fn progress(&mut self, seq: Seq, progress: &str) -> Result<(), StoreError> {
        self.execute(
            "keeping a row's progress",
            "UPDATE rows SET progress = ?2 WHERE seq = ?1 AND state < 6",
            (seq, progress),
        )?;
        self.touch(seq);
        Ok(())
    }

    pub(super) fn requeue(&mut self, seqs: &[Seq]) -> Result<(), StoreError> {
        for &seq in seqs {
            let row = read::row(self.conn, seq).doing("reading a row to requeue", self.path)?;
            if let Some(row) = row.filter(|row| has_work(&row.state)) {
                self.place_anew(row)?;
            }
        }
        Ok(())
    }

    /// The old row goes first, since it holds the key.
    fn place_anew(&mut self, mut row: Row) -> Result<(), StoreError> {
        let trail = read::trail(self.conn, row.seq).doing("reading a row to requeue", self.path)?;
        self.execute("requeueing a row", "DELETE FROM rows WHERE seq = ?1", [row.seq])?;
        self.touch(row.seq);
        let columns = StateColumns::from(&row.state);
        self.execute(
            "requeueing a row",
            "INSERT INTO rows (lane, direction, state, why, not_before, attempts, created, changed,
                               key, progress, body, trail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            (
                row.lane,
                row.direction,
                columns.code,
                columns.why,
                columns.not_before,
                row.attempts,
                row.created,
                row.changed,
                &row.key,
                &row.progress,
                &row.body,
                trail,
            ),
        )?;
        row.seq = Seq(self.conn.last_insert_rowid());
        self.fresh.push(row);
        Ok(())
    }

    pub(super) fn erase(&mut self, event_id: &EventId, at: Timestamp) -> Result<(), StoreError> {
        let what = "erasing an event";
        let step = codec::step(&RowState::Cancelled, at);
        let erased = self
            .statement(
                what,
                "UPDATE rows SET state = 7, why = NULL, not_before = NULL, changed = ?3,
                                 progress = NULL, body = '', trail = coalesce(trail, '') || ?4
                 WHERE direction = ?1 AND key = ?2 AND state NOT IN (1, 6, 7)
                 RETURNING seq",
            )?
            .query_row((Direction::ToNetwork, event_id.as_str(), at, step), |row| row.get(0))
            .optional()
            .doing(what, self.path)?;
        if let Some(seq) = erased {
            self.touch(seq);
        }
        Ok(())
    }

    /// Removes settled rows from `after` to `upto` that were settled before `before`.
    pub(in crate::store::sqlite) fn trim(
        &mut self,
        (after, upto): (Seq, Seq),
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let removed = self.execute(
            "trimming settled rows",
            "DELETE FROM rows WHERE seq > ?1 AND seq <= ?2 AND state >= 6 AND changed < ?3",
            (after, upto, before),
        )?;
        Ok(removed as u64)
    }

    /// Remembers that a row of this very transaction is no longer as it was appended.
    fn touch(&mut self, seq: Seq) {
        if self.fresh.first().is_some_and(|first| first.seq <= seq) {
            self.touched.push(seq);
        }
    }
}
