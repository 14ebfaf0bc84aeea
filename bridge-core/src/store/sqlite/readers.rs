//! A few threads that read, each with a connection of its own, beside the writer.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Doing, open_reader, spawn};
use crate::store::StoreError;

/// How many reads may wait. Beyond it, whoever brings more waits for room.
const QUEUE: usize = 1024;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The reading threads. Dropping them waits until what they read is read.
pub(super) struct Readers {
    queue: Option<mpsc::Sender<Read>>,
    threads: Vec<thread::JoinHandle<()>>,
    path: Arc<Path>,
}

impl Readers {
    pub(super) fn spawn(path: Arc<Path>) -> Result<Self, StoreError> {
        let (queue, reads) = mpsc::channel::<Read>(QUEUE);
        let reads = Arc::new(Mutex::new(reads));
        let mut readers = Self { queue: Some(queue), threads: Vec::new(), path };
        let wanted = thread::available_parallelism().map_or(2, usize::from).clamp(2, 4);
        for _ in 0..wanted {
            let conn = open_reader(&readers.path)?;
            conn.set_prepared_statement_cache_capacity(64);
            let reads = Arc::clone(&reads);
            let thread = spawn("store-reader", move || run(&conn, &reads))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Reads on one of the threads; `what` is being read, for the error.
    pub(super) async fn read<T, F>(&self, what: &'static str, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |conn: &Connection| {
            if !answer.is_closed() {
                let _ = answer.send(read(conn)); // nobody may be waiting any more
            }
        });
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?.doing(what, &self.path)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn run(conn: &Connection, reads: &Mutex<mpsc::Receiver<Read>>) {
    loop {
        let next = reads.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        match next {
            Some(read) => read(conn),
            None => return,
        }
    }
}
