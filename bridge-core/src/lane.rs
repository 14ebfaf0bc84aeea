//! Lanes: one ordered queue a portal, with a single owner task for both directions.
//!
//! A lane keeps a few rows in memory and leaves the rest in the store, so that a slow one costs
//! neither memory nor anybody else's time. What comes back later than a send (echoes, refusals)
//! reaches the owner beside the queues, else an awaited echo would stand behind the row that
//! waits for it.

mod dispatch;
mod queue;
mod step;
#[cfg(test)]
mod tests;
mod to_matrix;
mod to_network;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::dispatch::{Dispatch, Lanes, Settled, Word, dispatch};
use self::{
    dispatch::{Idle, Mail},
    to_matrix::ToMatrix,
    to_network::ToNetwork,
};
use crate::{
    core::Core,
    id::{Direction, LaneId},
    network::Network,
    store::{Row, StoreError},
};

/// How long a lane without work keeps its task.
const IDLE: Duration = Duration::from_secs(30);

/// The owner of one portal's queues.
struct Lane<N> {
    id: LaneId,
    rows: mpsc::Receiver<Row>,
    mail: mpsc::UnboundedReceiver<Mail>,
    idle: mpsc::UnboundedSender<Idle>,
    /// How many rows came through `rows`.
    received: u64,
    to_network: ToNetwork<N>,
    to_matrix: ToMatrix<N>,
}

impl<N: Network> Lane<N> {
    fn new(
        core: &Arc<Core>,
        network: &Arc<N>,
        id: LaneId,
        rows: mpsc::Receiver<Row>,
        mail: mpsc::UnboundedReceiver<Mail>,
        idle: mpsc::UnboundedSender<Idle>,
    ) -> Self {
        let to_network = ToNetwork::new(core.clone(), network.clone(), id);
        let to_matrix = ToMatrix::new(core.clone(), network.clone(), id);
        Self { id, rows, mail, idle, received: 0, to_network, to_matrix }
    }

    /// Works until the dispatcher lets it go, or until `shutdown`.
    ///
    /// Rows that were being sent at `shutdown` stay as they are in the store.
    async fn run(mut self, shutdown: CancellationToken) {
        if let Err(error) = self.work(&shutdown).await {
            tracing::warn!(%error, lane = self.id.0, "a lane ends");
        }
    }

    async fn work(&mut self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        let mut idle_since = Instant::now();
        loop {
            self.to_network.refill().await?;
            self.to_matrix.refill().await?;
            self.to_network.start().await?;
            self.to_matrix.start();
            let busy = self.to_network.is_busy() || self.to_matrix.is_busy();
            if busy {
                idle_since = Instant::now();
            }
            let wake = match (self.to_network.deadline(), busy) {
                (Some(deadline), _) => deadline,
                (None, true) => Instant::now() + IDLE,
                (None, false) => idle_since + IDLE,
            };
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                Some(mail) = self.mail.recv() => self.read(mail).await?,
                row = self.rows.recv() => match row {
                    Some(row) => self.accept(row).await?,
                    None => return Ok(()),
                },
                outcome = self.to_network.step.outcome() => self.to_network.finish(outcome).await?,
                outcome = self.to_matrix.step.outcome() => self.to_matrix.finish(outcome).await?,
                () = sleep_until(wake) => {
                    self.to_network.expire().await?;
                    if !busy && idle_since.elapsed() >= IDLE {
                        idle_since = Instant::now();
                        drop(self.idle.send(Idle { lane: self.id, received: self.received }));
                    }
                }
            }
        }
    }

    /// Reads what came back, as much as is there, and settles it in one commit.
    async fn read(&mut self, first: Mail) -> Result<(), StoreError> {
        let mut settled = Vec::new();
        let mut next = Some(first);
        while let Some(mail) = next {
            match mail {
                Mail::Settled(outcome) => settled.push(outcome),
                Mail::Spilled => {
                    self.to_network.spill();
                    self.to_matrix.spill();
                }
                Mail::Sweep => self.to_network.sweep(),
                Mail::Hurry => self.to_network.hurry(),
                Mail::Drop { seq, direction, answer } => {
                    let is_dropped = match direction {
                        Direction::ToNetwork => self.to_network.withdraw(seq).await?,
                        Direction::ToMatrix => self.to_matrix.withdraw(seq).await?,
                    };
                    let _ = answer.send(is_dropped);
                }
            }
            next = self.mail.try_recv().ok();
        }
        self.to_network.settle(settled).await
    }

    /// Takes a row in. What came back before it was committed is settled before it is looked at:
    /// a reply may name the message whose echo has just arrived.
    async fn accept(&mut self, row: Row) -> Result<(), StoreError> {
        self.received += 1;
        if let Ok(mail) = self.mail.try_recv() {
            self.read(mail).await?;
        }
        match row.direction {
            Direction::ToNetwork => self.to_network.accept(row).await,
            Direction::ToMatrix => {
                self.to_matrix.accept(row);
                Ok(())
            }
        }
    }
}
