//! The half of a lane that goes to the network.
//!
//! One row is handed over at a time. Rows that were written and whose echo is awaited stand
//! beside the queue, so that lines of one puppet are pipelined; where every sender has a
//! connection of their own, a change of sender waits until the line before was seen.

mod await_echo;
mod hand_over;
mod revise;
mod settle;

use std::{collections::HashMap, sync::Arc, time::Duration};

use ruma::OwnedUserId;
use tokio::time::Instant;

use self::{
    await_echo::Awaited,
    hand_over::{deliver, reconcile},
};
use super::{dispatch::Settled, queue::Queue, step::Step};
use crate::{
    core::Core,
    id::{Direction, LaneId, Seq},
    inbox::Head,
    network::{Delivery, Network, Ordering, Progress, Refusal, RetryScope, Settlement, Token},
    portal::{
        from_matrix::Replacement,
        gap::{self, Occasion},
    },
    store::{Batch, MappingKind, Op, PortalBy, Row, RowState, StoreError},
};

/// How many rows may be written and unseen at a time.
const WINDOW: usize = 64;

/// What one step of work came to.
pub(super) enum Outcome {
    /// What was missed while the bridge or the homeserver was away is in the store.
    GapChecked(Vec<Seq>),
    /// Rows that an earlier process was sending are settled, as far as the network can tell.
    Reconciled(Vec<(Row, Option<Settlement>)>),
    /// A row was handed over.
    Delivered(Row, Sent),
}

/// What a row came to.
pub(super) struct Sent {
    delivery: Delivery,
    /// Who said it; `None` if nothing had to be sent.
    sender: Option<OwnedUserId>,
    /// What its ids are to be mapped to.
    mapping: Option<MappingKind>,
}

/// The queue to the network, and what is on its way.
pub(super) struct ToNetwork<N> {
    core: Arc<Core>,
    network: Arc<N>,
    lane: LaneId,
    queue: Queue,
    /// Rows in `sending` whose process or link ended before their outcome was known.
    left: Vec<Row>,
    pub(super) step: Step<Outcome>,
    awaited: Awaited,
    /// Rows by whose sender, until when: the others go on.
    parked: HashMap<OwnedUserId, Instant>,
    /// Until when the whole lane waits.
    held_until: Option<Instant>,
    /// Up to which epoch of the homeserver its gap is closed.
    gap_epoch: String,
    /// No sweep of the room is asked for.
    swept: bool,
    /// Rows that are settled together with a row that took their text over.
    absorbed: HashMap<Seq, Vec<Seq>>,
}

impl<N: Network> ToNetwork<N> {
    pub(super) fn new(core: Arc<Core>, network: Arc<N>, lane: LaneId) -> Self {
        Self {
            core,
            network,
            lane,
            queue: Queue::new(lane, Direction::ToNetwork),
            left: Vec::new(),
            step: Step::idle(),
            awaited: Awaited::default(),
            parked: HashMap::new(),
            held_until: None,
            gap_epoch: String::new(),
            swept: true,
            absorbed: HashMap::new(),
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.step.is_under_way()
            || !self.awaited.is_empty()
            || !self.queue.is_empty()
            || !self.left.is_empty()
    }

    pub(super) fn spill(&mut self) {
        self.queue.spill();
    }

    /// Has the room looked at even if nothing is said in it.
    pub(super) fn sweep(&mut self) {
        self.swept = false;
    }

    /// Tries now what waits to be tried again.
    pub(super) fn hurry(&mut self) {
        self.parked.clear();
        self.held_until = None;
    }

    /// Withdraws a row that waits; `false` if it is on its way.
    pub(super) async fn withdraw(&mut self, seq: Seq) -> Result<bool, StoreError> {
        self.queue.withdraw(&self.core, seq).await
    }

    /// Reads rows from the store if some were left there.
    pub(super) async fn refill(&mut self) -> Result<(), StoreError> {
        let read = self.queue.refill(&self.core).await?;
        for seq in read {
            let sending = self.queue.iter().any(|row| {
                row.seq == seq && row.state == RowState::Sending && !self.awaited.contains(seq)
            });
            if sending && let Some(row) = self.queue.remove_seq(seq) {
                self.left.push(row);
            } else {
                self.revise(seq).await?;
            }
        }
        Ok(())
    }

    /// Takes a row that has just been committed.
    pub(super) async fn accept(&mut self, row: Row) -> Result<(), StoreError> {
        let seq = row.seq;
        if self.queue.push(row) {
            self.revise(seq).await?;
        }
        Ok(())
    }

    /// When something has to be looked at even if nothing happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let waiting = if !self.step.is_under_way() && !self.queue.is_empty() {
            let parked = self.parked.values().min().copied();
            parked.into_iter().chain(self.held_until).min()
        } else {
            None
        };
        waiting.into_iter().chain(self.awaited.deadline()).min()
    }

    /// Settles what was not seen in time.
    pub(super) async fn expire(&mut self) -> Result<(), StoreError> {
        let now = Instant::now();
        self.parked.retain(|_, until| *until > now);
        if self.held_until.is_some_and(|until| until <= now) {
            self.held_until = None;
        }
        let unseen = self.awaited.unseen(now);
        let lane = self.lane;
        let settled = unseen
            .into_iter()
            .map(|seq| Settled { token: Token { lane, seq }, settlement: Settlement::Unconfirmed });
        self.settle(settled.collect()).await
    }

    /// Begins the next step, if one is due and none is under way.
    pub(super) async fn start(&mut self) -> Result<(), StoreError> {
        if self.step.is_under_way() || self.held_until.is_some() {
            return Ok(());
        }
        if !self.left.is_empty() {
            self.reconcile();
            return Ok(());
        }
        if !self.swept {
            self.swept = true;
            self.gap_epoch = self.core.epoch();
            self.check_gap(Occasion::Sweep);
            return Ok(());
        }
        if self.queue.iter().next().is_none() || self.awaited.len() >= WINDOW {
            return Ok(());
        }
        let epoch = self.core.epoch();
        if self.gap_epoch != epoch {
            self.gap_epoch = epoch;
            self.check_gap(Occasion::Event);
            return Ok(());
        }
        let Some((at, sender)) = self.next() else { return Ok(()) };
        if self.waits_for_its_target(at) {
            return Ok(());
        }
        let Some(portal) = self.core.portals.find(&PortalBy::Lane(self.lane)).await? else {
            return Ok(());
        };
        if self.network.caps(&portal.key).ordering == Ordering::PerSender {
            match self.awaited.in_the_way_of(sender.as_ref(), Instant::now()) {
                await_echo::Way::Free => {}
                await_echo::Way::Blocked => return Ok(()),
                await_echo::Way::Overtake => {
                    metrics::counter!("bridge_order_relaxed_total").increment(1);
                }
            }
        }
        let Some(row) = self.queue.remove(at) else { return Ok(()) };
        self.deliver(row);
        Ok(())
    }

    /// The first row whose sender is not parked.
    fn next(&self) -> Option<(usize, Option<OwnedUserId>)> {
        self.queue
            .iter()
            .enumerate()
            .map(|(at, row)| (at, sender_of(row)))
            .find(|(_, sender)| sender.as_ref().is_none_or(|s| !self.parked.contains_key(s)))
    }

    /// An edit or redaction of what was written and not seen yet: what it came to, and under which
    /// ids, must be known first.
    fn waits_for_its_target(&self, at: usize) -> bool {
        let Some(row) = self.queue.iter().nth(at) else { return false };
        let Ok(head) = Head::parse_str(&row.body) else { return false };
        let target = head.redacts().or_else(|| Replacement::of(&head).map(|edit| edit.target));
        target.is_some_and(|target| self.awaited.contains_event(target.as_str()))
    }

    fn check_gap(&mut self, occasion: Occasion) {
        let (core, lane) = (self.core.clone(), self.lane);
        self.step
            .begin(async move { Outcome::GapChecked(gap::close(&core, lane, occasion).await) });
    }

    fn deliver(&mut self, row: Row) {
        let (core, network) = (self.core.clone(), self.network.clone());
        self.step.begin(async move {
            let sent = deliver(&core, &*network, &row).await;
            Outcome::Delivered(row, sent)
        });
    }

    fn reconcile(&mut self) {
        let (core, network, lane) = (self.core.clone(), self.network.clone(), self.lane);
        let rows = std::mem::take(&mut self.left);
        self.step.begin(async move {
            Outcome::Reconciled(reconcile(&core, &*network, lane, rows).await)
        });
    }

    /// Draws the consequences of a step.
    pub(super) async fn finish(&mut self, outcome: Outcome) -> Result<(), StoreError> {
        match outcome {
            Outcome::GapChecked(moved) => {
                for seq in moved {
                    self.queue.remove_seq(seq);
                }
                Ok(())
            }
            Outcome::Reconciled(rows) => {
                for (row, settlement) in rows {
                    // Asking again would go round in circles.
                    let settlement = settlement.filter(|it| *it != Settlement::Lost);
                    let uncertain =
                        || Settlement::Uncertain { why: "the send was cut off".to_owned() };
                    let settlement = settlement.unwrap_or_else(uncertain);
                    self.conclude(row, MappingKind::Message, settlement).await?;
                }
                Ok(())
            }
            Outcome::Delivered(row, sent) => self.delivered(row, sent).await,
        }
    }

    async fn delivered(&mut self, row: Row, sent: Sent) -> Result<(), StoreError> {
        let kind = sent.mapping.unwrap_or(MappingKind::Message);
        match sent.delivery {
            Delivery::Done { ids } => self.conclude(row, kind, Settlement::Done { ids }).await,
            Delivery::AwaitEcho => {
                if let Some(settlement) = self.awaited.add(row, kind, sent.sender) {
                    let (row, kind, settlement) = settlement;
                    return self.conclude(row, kind, settlement).await;
                }
                Ok(())
            }
            Delivery::Relay { why } => {
                let text = why.clone();
                self.conclude(row, kind, Settlement::Refused(Refusal { why, text })).await
            }
            Delivery::Refused(refusal) => {
                self.conclude(row, kind, Settlement::Refused(refusal)).await
            }
            Delivery::Uncertain { why } => {
                self.conclude(row, kind, Settlement::Uncertain { why }).await
            }
            Delivery::Retry { after, scope, why } => {
                self.retry(row, sent.sender, after, scope, why).await
            }
        }
    }

    async fn retry(
        &mut self,
        mut row: Row,
        sender: Option<OwnedUserId>,
        after: Duration,
        scope: RetryScope,
        why: String,
    ) -> Result<(), StoreError> {
        let now = self.core.clock.now();
        if now.since(row.created) > max_age(&self.core) {
            let text = format!("it could not be delivered in time: {why}");
            return self.die(row, Refusal { why, text }).await;
        }
        metrics::counter!("bridge_retried_total", "direction" => "to_network").increment(1);
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let at = crate::id::Timestamp(now.0.saturating_add(after_ms));
        let to = RowState::Retry { at, why };
        self.core
            .commit(Batch::settled(vec![Op::Move { seq: row.seq, to: to.clone(), at: now }]))
            .await?;
        let stored = self.core.store.row(row.seq).await?;
        let Some(stored) = stored.filter(|stored| !stored.state.is_settled()) else {
            return Ok(()); // redacted while it was tried
        };
        row.state = to;
        // What the network fixed before its first byte must be the same at the next try.
        row.progress = stored.progress;
        self.queue.put_back(row);
        let until = Instant::now() + after;
        match (scope, sender) {
            (RetryScope::Sender, Some(sender)) => {
                self.parked.insert(sender, until);
            }
            _ => self.held_until = Some(until),
        }
        Ok(())
    }
}

fn max_age(core: &Core) -> u64 {
    u64::try_from(core.config.delivery.max_age.as_millis()).unwrap_or(u64::MAX)
}

fn sender_of(row: &Row) -> Option<OwnedUserId> {
    Head::parse_str(&row.body).ok().map(|head| head.sender)
}

fn progress_of(row: &Row) -> Option<Progress> {
    serde_json::from_str(row.progress.as_deref()?).ok()
}
