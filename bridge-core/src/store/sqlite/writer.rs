//! The one thread that writes: whatever is queued goes into one transaction.
//!
//! Each piece of work stands in a savepoint of its own, so that one that fails takes nothing with
//! it. Answers go out after the commit, and appended rows reach the feed before them.

use std::{path::Path, sync::Arc, thread::JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Doing, spawn, write::Tx};
use crate::store::{Durability, Row, StoreError};

/// How many pieces of work may wait. Beyond it, whoever brings more waits for room.
const QUEUE: usize = 4096;

/// How many pieces of work share a transaction at most: it bounds how long the first one waits.
const GROUP: usize = 1024;

/// The way to the writing thread. Dropping it waits until everything queued is written.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn spawn(
        conn: Connection,
        path: Arc<Path>,
        feed: mpsc::UnboundedSender<Row>,
    ) -> Result<Self, StoreError> {
        conn.set_prepared_statement_cache_capacity(64);
        let (queue, work) = mpsc::channel(QUEUE);
        let writing = Writing { conn, path, feed, synced: Durability::Process };
        let thread = spawn("store-writer", move || writing.run(work))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Queues work and waits until it is committed.
    pub(super) async fn write<T, F>(&self, durability: Durability, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Job { durability, work: Some(work), result: None, answer };
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(Box::new(job)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A piece of work, whatever it answers.
trait Work: Send {
    fn durability(&self) -> Durability;

    /// Does the work; `false` if it failed and is to be rolled back.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;

    /// Answers, once the transaction is committed (`None`) or lost.
    fn answer(self: Box<Self>, lost: Option<StoreError>);
}

struct Job<T, F> {
    durability: Durability,
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Job<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        self.result = self.work.take().map(|work| work(tx));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, lost: Option<StoreError>) {
        let result = match (self.result, lost) {
            (Some(Ok(_)) | None, Some(lost)) => Err(lost),
            (Some(result), _) => result,
            (None, None) => Err(StoreError::Closed),
        };
        let _ = self.answer.send(result); // nobody may be waiting any more
    }
}

/// What the thread owns.
struct Writing {
    conn: Connection,
    path: Arc<Path>,
    feed: mpsc::UnboundedSender<Row>,
    /// What `PRAGMA synchronous` is set for.
    synced: Durability,
}

impl Writing {
    fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Work>>) {
        let mut group = Vec::new();
        while let Some(first) = queue.blocking_recv() {
            group.push(first);
            while group.len() < GROUP
                && let Ok(next) = queue.try_recv()
            {
                group.push(next);
            }
            self.commit(&mut group);
        }
    }

    /// Commits a group, feeds the rows that it appended and answers.
    fn commit(&mut self, group: &mut Vec<Box<dyn Work>>) {
        let lost = match self.transaction(group) {
            Ok(rows) => {
                for row in rows {
                    let _ = self.feed.send(row); // the reader ends before the store does
                }
                None
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store cannot write");
                if !self.conn.is_autocommit() {
                    let _ = self.execute("ROLLBACK"); // `BEGIN` would tell if it failed
                }
                Some(Arc::new(error))
            }
        };
        for work in group.drain(..) {
            work.answer(lost.as_ref().map(|error| StoreError::Failed {
                what: format!("writing to {}", self.path.display()),
                source: Some(Box::new(Arc::clone(error))),
            }));
        }
    }

    /// Runs a group in one transaction and returns the rows to feed, in order.
    fn transaction(&mut self, group: &mut [Box<dyn Work>]) -> Result<Vec<Row>, StoreError> {
        self.sync_for(group)?;
        self.execute("BEGIN IMMEDIATE")?;
        let mut tx = Tx::new(&self.conn, &self.path);
        for work in group {
            self.execute("SAVEPOINT work")?;
            let mark = tx.mark();
            if !work.run(&mut tx) {
                tx.forget_since(mark);
                // A full disk and the like end the whole transaction, and this fails.
                self.execute("ROLLBACK TO work")?;
            }
            self.execute("RELEASE work")?;
        }
        let rows = tx.into_fresh()?;
        self.execute("COMMIT")?;
        Ok(rows)
    }

    /// Has the next commit wait for the disk if any of the group asks for it.
    ///
    /// A commit that does not wait leaves its pages to the next one that does.
    fn sync_for(&mut self, group: &[Box<dyn Work>]) -> Result<(), StoreError> {
        let asked = group.iter().map(|work| work.durability()).max().unwrap_or_default();
        if asked != self.synced {
            let level = match asked {
                Durability::Process => "NORMAL",
                Durability::Disk => "FULL",
            };
            self.conn
                .pragma_update(None, "synchronous", level)
                .doing("setting PRAGMA synchronous", &self.path)?;
            self.synced = asked;
        }
        Ok(())
    }

    fn execute(&self, sql: &'static str) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .doing(sql, &self.path)
    }
}
