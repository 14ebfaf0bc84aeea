//! What was read, on its way to disk.
//!
//! Entries are committed in the order in which they were read, together with how far the archives
//! of their rooms are read, as many at a time as have gathered while the batch before was written.

use std::{collections::BTreeMap, time::Duration};

use bridge_core::{
    network::{Remote, RemoteEvent},
    store::StoreError,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How many entries wait at most; when it is full, reading stops.
const WAITING: usize = 4_096;

/// How many entries one commit takes at most.
const BATCH: usize = 256;

/// How long to wait before a store that failed is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Something to keep.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What happened.
    pub(crate) news: News,
    /// What holds once it is kept, such as how far an archive is read.
    pub(crate) facts: Vec<(String, Option<String>)>,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum News {
    /// Nothing that Matrix must see.
    Nothing,
    /// An event.
    Event(Box<RemoteEvent>),
}

/// The way into the journal.
pub(crate) type Journal = mpsc::Sender<Entry>;

/// A journal and what is to be written from it.
pub(crate) fn journal() -> (Journal, mpsc::Receiver<Entry>) {
    mpsc::channel(WAITING)
}

/// Commits what is read until the other side is gone or `stop`.
pub(crate) async fn run(
    remote: Remote,
    mut entries: mpsc::Receiver<Entry>,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while entries.recv_many(&mut batch, BATCH).await > 0 {
        while let Err(error) = commit(&remote, &batch).await {
            tracing::error!(%error, "what was read on XMPP waits for the store");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        batch.clear();
    }
}

async fn commit(remote: &Remote, batch: &[Entry]) -> Result<(), StoreError> {
    let event = |entry: &Entry| match &entry.news {
        News::Nothing => None,
        News::Event(event) => Some((**event).clone()),
    };
    let events: Vec<_> = batch.iter().filter_map(event).collect();
    // Of several cursors of one room the last counts.
    let facts: BTreeMap<_, _> = batch.iter().flat_map(|entry| entry.facts.clone()).collect();
    let facts: Vec<_> = facts.into_iter().collect();
    remote.push_with(&events, &facts).await.map(drop)
}
