//! Edits and redactions of rows that still wait in the queue.

use super::ToNetwork;
use crate::{
    id::Seq,
    inbox::Head,
    network::Network,
    portal::from_matrix::Replacement,
    store::{Batch, Op, Row, RowState, StoreError},
};

impl<N: Network> ToNetwork<N> {
    /// Applies a row that changes or removes what another row of the queue says.
    ///
    /// A removed row is not sent at all; a changed one is sent with its new text, and the row of
    /// the change is settled together with it.
    pub(super) async fn revise(&mut self, seq: Seq) -> Result<(), StoreError> {
        let Some(row) = self.queue.iter().find(|row| row.seq == seq).cloned() else {
            return Ok(());
        };
        let Ok(head) = Head::parse_str(&row.body) else { return Ok(()) };
        if let Some(target) = head.redacts() {
            if let Some(removed) = self.queued(target.as_str(), seq) {
                let absorbed = self.absorbed.remove(&removed).unwrap_or_default();
                self.queue.remove_seq(removed);
                self.queue.remove_seq(seq);
                let at = self.core.clock.now();
                let mut ops = vec![
                    Op::Move { seq: removed, to: RowState::Cancelled, at },
                    Op::Move { seq, to: RowState::Done, at },
                ];
                ops.extend(absorbed.into_iter().map(|seq| Op::Move {
                    seq,
                    to: RowState::Done,
                    at,
                }));
                self.core.commit(Batch::settled(ops)).await?;
            }
            return Ok(());
        }
        if let Some(replacement) = Replacement::of(&head)
            && let Some(target) = self.queued(replacement.target.as_str(), seq)
        {
            let first = self.queue.iter_mut().find(|row| row.seq == target);
            let Some(first) = first else { return Ok(()) };
            if let Some(body) = replacement.applied_to(&first.body, &head) {
                first.body = body;
                self.queue.remove_seq(seq);
                self.absorbed.entry(target).or_default().push(seq);
            }
        }
        Ok(())
    }

    /// The row of an event that waits in the queue before `before` and was never tried.
    fn queued(&self, event_id: &str, before: Seq) -> Option<Seq> {
        let untouched = |row: &&Row| {
            matches!(row.state, RowState::New | RowState::Retry { .. }) && row.progress.is_none()
        };
        self.queue
            .iter()
            .take_while(|row| row.seq < before)
            .filter(untouched)
            .find(|row| row.key.as_deref() == Some(event_id))
            .map(|row| row.seq)
    }
}
