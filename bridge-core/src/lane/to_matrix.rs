//! The half of a lane that goes to the homeserver.
//!
//! One event of a room is under way at a time, and its settlement is committed before the next
//! one is sent: after a crash only the first row of a lane can have been sent already.

mod resume;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{queue::Queue, step::Step};
use crate::{
    core::Core,
    failpoint,
    id::{Direction, LaneId, Seq},
    network::{Completion, Network},
    portal::from_network::{self, Performed, Task},
    store::{Batch, Mapping, Op, Row, RowState, StoreError},
};

/// What one step of work came to.
pub(super) enum Outcome {
    /// These rows were found in the room: a former process had sent them.
    Resumed(Vec<(Seq, Vec<Mapping>)>),
    /// A row was worked off.
    Performed(Row, Performed),
}

/// The queue to the homeserver.
pub(super) struct ToMatrix<N> {
    core: Arc<Core>,
    network: Arc<N>,
    lane: LaneId,
    queue: Queue,
    pub(super) step: Step<Outcome>,
    /// What a former process may have sent has been looked for.
    resumed: bool,
}

impl<N: Network> ToMatrix<N> {
    pub(super) fn new(core: Arc<Core>, network: Arc<N>, lane: LaneId) -> Self {
        let queue = Queue::new(lane, Direction::ToMatrix);
        Self { core, network, lane, queue, step: Step::idle(), resumed: false }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.step.is_under_way() || !self.queue.is_empty()
    }

    pub(super) fn spill(&mut self) {
        self.queue.spill();
    }

    /// Withdraws a row that waits; `false` if it is on its way.
    pub(super) async fn withdraw(&mut self, seq: Seq) -> Result<bool, StoreError> {
        self.queue.withdraw(&self.core, seq).await
    }

    pub(super) async fn refill(&mut self) -> Result<(), StoreError> {
        self.queue.refill(&self.core).await.map(drop)
    }

    pub(super) fn accept(&mut self, row: Row) {
        self.queue.push(row);
    }

    /// Begins the next step, if there is one and none is under way.
    pub(super) fn start(&mut self) {
        if self.step.is_under_way() {
            return;
        }
        if !self.resumed {
            self.resumed = true;
            let started = self.core.started;
            let old: Vec<Seq> =
                self.queue.iter().filter(|row| row.created < started).map(|row| row.seq).collect();
            if !old.is_empty() {
                let (core, lane) = (self.core.clone(), self.lane);
                self.step.begin(async move {
                    Outcome::Resumed(resume::find_sent(&core, lane, &old).await)
                });
                return;
            }
        }
        let Some(row) = self.queue.pop_front() else { return };
        let core = self.core.clone();
        self.step.begin(async move {
            let (for_search, lane, seq) = (core.clone(), row.lane, row.seq);
            let find_sent = move || -> BoxFuture<'static, _> {
                let core = for_search.clone();
                Box::pin(async move {
                    let found = resume::find_sent(&core, lane, &[seq]).await;
                    found.into_iter().next().map(|(_, mappings)| mappings)
                })
            };
            let performed = from_network::perform(&core, &row, find_sent).await;
            Outcome::Performed(row, performed)
        });
    }

    /// Draws the consequences of a step.
    pub(super) async fn finish(&mut self, outcome: Outcome) -> Result<(), StoreError> {
        match outcome {
            Outcome::Resumed(found) => {
                for (seq, mappings) in found {
                    if let Some(row) = self.queue.remove_seq(seq) {
                        self.done(row, mappings).await?;
                    }
                }
                Ok(())
            }
            Outcome::Performed(row, Performed::Done(mappings)) => self.done(row, mappings).await,
            Outcome::Performed(row, Performed::Refused { why }) => self.die(row, why).await,
        }
    }

    async fn done(&mut self, row: Row, mappings: Vec<Mapping>) -> Result<(), StoreError> {
        failpoint::hit("to_matrix.answered");
        let at = self.core.clock.now();
        let event_id = mappings.first().map(|mapping| mapping.event_id.clone());
        let mut ops = vec![Op::Move { seq: row.seq, to: RowState::Done, at }];
        ops.extend(mappings.into_iter().map(Op::Map));
        self.core.commit(Batch::settled(ops)).await?;
        failpoint::hit("to_matrix.settled");
        self.tell(&row, &Completion::Accepted { event_id });
        metrics::counter!("bridge_delivered_total", "direction" => "to_matrix").increment(1);
        metrics::histogram!("bridge_delivery_seconds", "direction" => "to_matrix")
            .record(crate::telemetry::seconds(at.since(row.created)));
        Ok(())
    }

    async fn die(&mut self, row: Row, why: String) -> Result<(), StoreError> {
        metrics::counter!("bridge_dead_total", "direction" => "to_matrix").increment(1);
        tracing::warn!(lane = self.lane.0, seq = row.seq.0, why, "gave an event up");
        let at = self.core.clock.now();
        let op = Op::Move { seq: row.seq, to: RowState::Dead { why: why.clone() }, at };
        self.core.commit(Batch::durable(vec![op])).await?;
        self.tell(&row, &Completion::Refused { why });
        Ok(())
    }

    fn tell(&self, row: &Row, outcome: &Completion) {
        if let Ok(Task::Remote(event)) = Task::from_body(&row.body) {
            self.network.settled(&event, outcome);
        }
    }
}
