//! Hands rows and settlements to the lanes, and starts a lane when it gets its first.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Lane;
use crate::{
    core::Core,
    id::{Direction, LaneId, Seq},
    inbox::NO_LANE,
    network::{Network, Settlement, Token},
    store::{Feed, Row, StoreError},
};

/// How many rows wait between the dispatcher and a lane; those beyond stay in the store.
const WAITING: usize = 32;

/// An outcome that came later than the send.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) token: Token,
    pub(crate) settlement: Settlement,
}

/// What reaches a lane beside its queues.
pub(crate) enum Mail {
    /// The outcome of a row.
    Settled(Settled),
    /// Rows were left in the store for want of room.
    Spilled,
    /// The room is to be looked at for events that the homeserver did not send.
    Sweep,
    /// Whatever waits to be tried again is tried now.
    Hurry,
    /// A row is withdrawn; the answer says whether that was still possible.
    Drop { seq: Seq, direction: Direction, answer: oneshot::Sender<bool> },
}

/// A lane that has had nothing to do for a while.
pub(super) struct Idle {
    pub(super) lane: LaneId,
    /// How many rows it has received. If that is all that were sent, nothing is on the way.
    pub(super) received: u64,
}

/// What reaches the dispatcher.
pub(crate) enum Word {
    /// The outcome of a row.
    Settled(Settled),
    /// A lane is to do something that no row asks for.
    Order(LaneId, Mail),
}

/// The way of settlements and orders to the lanes.
///
/// The channel is unbounded: it holds at most one settlement for each row that is being sent, what
/// an admin asks for, and sweeps, which come at their own slow pace.
#[derive(Clone)]
pub(crate) struct Dispatch(mpsc::UnboundedSender<Word>);

impl Dispatch {
    pub(crate) fn settle(&self, settled: Settled) {
        // A closed channel means that the bridge stops; the row is settled at the next start.
        drop(self.0.send(Word::Settled(settled)));
    }

    /// Has a lane look at its room.
    pub(crate) fn sweep(&self, lane: LaneId) {
        drop(self.0.send(Word::Order(lane, Mail::Sweep)));
    }

    /// Tries what waits in a lane now.
    pub(crate) fn hurry(&self, lane: LaneId) {
        drop(self.0.send(Word::Order(lane, Mail::Hurry)));
    }

    /// Withdraws a row that is not settled; `false` if it is being sent.
    pub(crate) async fn withdraw(&self, row: &Row) -> bool {
        let (answer, answered) = oneshot::channel();
        let mail = Mail::Drop { seq: row.seq, direction: row.direction, answer };
        drop(self.0.send(Word::Order(row.lane, mail)));
        answered.await.unwrap_or(false)
    }
}

/// A dispatch and what it sends.
pub(crate) fn dispatch() -> (Dispatch, mpsc::UnboundedReceiver<Word>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Dispatch(sender), receiver)
}

struct Handle {
    rows: mpsc::Sender<Row>,
    sent: u64,
    mail: mpsc::UnboundedSender<Mail>,
}

/// The owner of all lanes of this worker.
pub(crate) struct Lanes<N> {
    core: Arc<Core>,
    network: Arc<N>,
    handles: HashMap<LaneId, Handle>,
    idle: mpsc::UnboundedSender<Idle>,
    idle_in: mpsc::UnboundedReceiver<Idle>,
    tracker: TaskTracker,
}

impl<N: Network> Lanes<N> {
    pub(crate) fn new(core: Arc<Core>, network: Arc<N>) -> Self {
        let (idle, idle_in) = mpsc::unbounded_channel();
        Self { core, network, handles: HashMap::new(), idle, idle_in, tracker: TaskTracker::new() }
    }

    /// Runs the lanes until `shutdown`, and returns once all of them have stopped.
    pub(crate) async fn run(
        mut self,
        mut feed: Feed,
        mut words: mpsc::UnboundedReceiver<Word>,
        shutdown: CancellationToken,
    ) -> Result<(), StoreError> {
        for lane in self.core.store.pending_lanes().await? {
            self.ensure(lane, &shutdown);
        }
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(word) = words.recv() => match word {
                    Word::Settled(settled) => self.post(settled),
                    Word::Order(lane, mail) => drop(self.ensure(lane, &shutdown).mail.send(mail)),
                },
                Some(row) = feed.recv() => self.hand_over(row, &shutdown),
                Some(idle) = self.idle_in.recv() => self.retire(&idle),
                else => break,
            }
        }
        self.tracker.close();
        self.tracker.wait().await;
        Ok(())
    }

    fn post(&self, settled: Settled) {
        if let Some(handle) = self.handles.get(&settled.token.lane) {
            drop(handle.mail.send(Mail::Settled(settled)));
        }
    }

    fn hand_over(&mut self, row: Row, shutdown: &CancellationToken) {
        let lane = row.lane;
        if lane == NO_LANE {
            return;
        }
        let handle = self.ensure(lane, shutdown);
        match handle.rows.try_send(row) {
            Ok(()) => handle.sent += 1,
            Err(mpsc::error::TrySendError::Full(_)) => drop(handle.mail.send(Mail::Spilled)),
            Err(mpsc::error::TrySendError::Closed(_)) => {
                // The lane has lost its lease or stops; its successor finds the row in the store.
                self.handles.remove(&lane);
            }
        }
    }

    /// Ends a lane that asks for it, unless a row is on its way to it.
    fn retire(&mut self, idle: &Idle) {
        if self.handles.get(&idle.lane).is_some_and(|handle| handle.sent == idle.received) {
            self.handles.remove(&idle.lane);
        }
    }

    fn ensure(&mut self, lane: LaneId, shutdown: &CancellationToken) -> &mut Handle {
        self.handles.entry(lane).or_insert_with(|| {
            let (rows, rows_in) = mpsc::channel(WAITING);
            let (mail, mail_in) = mpsc::unbounded_channel();
            let task =
                Lane::new(&self.core, &self.network, lane, rows_in, mail_in, self.idle.clone());
            self.tracker.spawn(task.run(shutdown.clone()));
            Handle { rows, sent: 0, mail }
        })
    }
}
