//! What rows came to: done, dead, or of a kind that nobody can tell.

use super::{ToNetwork, progress_of};
use crate::{
    config::UncertainPolicy,
    failpoint,
    id::RemoteId,
    inbox::Head,
    lane::dispatch::Settled,
    network::{Network, Refusal, Settlement},
    portal::{from_matrix, notice},
    store::{Batch, Mapping, MappingKind, Op, Row, RowState, StoreError},
};

impl<N: Network> ToNetwork<N> {
    /// Settles rows whose outcome came after they were written.
    pub(in crate::lane) async fn settle(
        &mut self,
        settled: Vec<Settled>,
    ) -> Result<(), StoreError> {
        for Settled { token, settlement } in settled {
            let current = self.step.is_under_way();
            if let Some((row, kind, settlement)) = self.awaited.take(token.seq, settlement, current)
            {
                self.conclude(row, kind, settlement).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn conclude(
        &mut self,
        mut row: Row,
        kind: MappingKind,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        match settlement {
            Settlement::Done { ids } => self.done(&row, kind, ids).await,
            Settlement::Unconfirmed => {
                metrics::counter!("bridge_unconfirmed_total").increment(1);
                self.done(&row, kind, Vec::new()).await
            }
            Settlement::Refused(refusal) => self.die(row, refusal).await,
            Settlement::NotSent { arrived } => {
                let mut ops = Vec::new();
                if let Some(mut progress) = progress_of(&row) {
                    progress.arrived = arrived;
                    let progress = progress.to_json()?;
                    row.progress = Some(progress.clone());
                    ops.push(Op::Progress { seq: row.seq, progress });
                }
                let at = self.core.clock.now();
                ops.push(Op::Move { seq: row.seq, to: RowState::New, at });
                self.core.commit(Batch::settled(ops)).await?;
                row.state = RowState::New;
                self.queue.put_back(row);
                Ok(())
            }
            Settlement::Lost => {
                self.left.push(row);
                Ok(())
            }
            Settlement::Uncertain { why } => self.doubt(row, why).await,
        }
    }

    async fn done(
        &mut self,
        row: &Row,
        kind: MappingKind,
        ids: Vec<RemoteId>,
    ) -> Result<(), StoreError> {
        failpoint::hit("to_network.echoed");
        let at = self.core.clock.now();
        let mut ops = vec![Op::Move { seq: row.seq, to: RowState::Done, at }];
        for absorbed in self.absorbed.remove(&row.seq).unwrap_or_default() {
            ops.push(Op::Move { seq: absorbed, to: RowState::Done, at });
        }
        if let Ok(head) = Head::parse_str(&row.body) {
            ops.extend(from_matrix::reaction_fact(&head));
            // When the redaction came its target may have been `sending`, and dead since.
            ops.extend(head.redacts().map(|event_id| Op::Erase { event_id, at }));
            for (part, remote_id) in ids.into_iter().enumerate() {
                ops.push(Op::Map(Mapping {
                    lane: self.lane,
                    kind,
                    remote_id,
                    part: u32::try_from(part).unwrap_or(u32::MAX),
                    event_id: head.event_id.clone(),
                    sender: head.sender.clone(),
                }));
            }
        }
        self.core.commit(Batch::settled(ops)).await?;
        from_matrix::note_done(&self.core, row).await?;
        failpoint::hit("to_network.settled");
        metrics::counter!("bridge_delivered_total", "direction" => "to_network").increment(1);
        metrics::histogram!("bridge_delivery_seconds", "direction" => "to_network")
            .record(crate::telemetry::seconds(at.since(row.created)));
        Ok(())
    }

    /// Gives a row up and tells its author.
    pub(super) async fn die(&mut self, row: Row, refusal: Refusal) -> Result<(), StoreError> {
        metrics::counter!("bridge_dead_total", "direction" => "to_network").increment(1);
        tracing::warn!(lane = self.lane.0, seq = row.seq.0, why = refusal.why, "gave a message up");
        let at = self.core.clock.now();
        let text = format!("Not delivered: {}", refusal.text);
        let mut ops = vec![Op::Move { seq: row.seq, to: RowState::Dead { why: refusal.why }, at }];
        ops.extend(notice::about_row(&self.core, &row, &text)?);
        self.core.commit(Batch::durable(ops)).await.map(drop)
    }

    /// Applies the policy for rows of which nobody can tell whether they arrived.
    async fn doubt(&mut self, mut row: Row, why: String) -> Result<(), StoreError> {
        metrics::counter!("bridge_uncertain_total", "direction" => "to_network").increment(1);
        tracing::warn!(lane = self.lane.0, seq = row.seq.0, why, "a message may not have arrived");
        let at = self.core.clock.now();
        let policy = self.core.config.delivery.uncertain;
        if policy == UncertainPolicy::Resend {
            let op = Op::Move { seq: row.seq, to: RowState::New, at };
            self.core.commit(Batch::settled(vec![op])).await?;
            row.state = RowState::New;
            self.queue.put_back(row);
            return Ok(());
        }
        let text = format!("It is not known whether this message arrived: {why}");
        let mut ops = vec![Op::Move { seq: row.seq, to: RowState::Uncertain { why }, at }];
        if policy == UncertainPolicy::Notify {
            ops.extend(notice::about_row(&self.core, &row, &text)?);
        }
        self.core.commit(Batch::durable(ops)).await.map(drop)
    }
}
