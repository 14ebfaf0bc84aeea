//! What the readers read, on its way to disk.
//!
//! Lines are committed in the order in which they were read, as many at a time as have gathered
//! while the batch before was written. A store that is away holds reading up only once the
//! journal is full.

use std::time::Duration;

use bridge_core::{
    id::GhostKey,
    network::{Remote, RemoteEvent},
    ruma::OwnedUserId,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How many events wait at most; about 1 MiB of lines of usual length.
const WAITING: usize = 4_096;

/// How many events one commit takes at most.
const BATCH: usize = 256;

/// How long to wait before a store that failed is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// An event to keep.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The event.
    pub event: RemoteEvent,
    /// Whose conversation it begins, if it is said in one.
    pub direct: Option<(OwnedUserId, GhostKey)>,
    /// What is to be remembered with it.
    pub fact: Option<(String, String)>,
}

impl From<RemoteEvent> for Entry {
    fn from(event: RemoteEvent) -> Self {
        Self { event, direct: None, fact: None }
    }
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
            tracing::error!(%error, "what was read on IRC waits for the store");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        batch.clear();
    }
}

async fn commit(remote: &Remote, batch: &[Entry]) -> Result<(), bridge_core::store::StoreError> {
    for entry in batch {
        if let Some((user, ghost)) = &entry.direct {
            remote.ensure_direct(&entry.event.portal, user.clone(), ghost.clone()).await?;
        }
    }
    let events: Vec<_> = batch.iter().map(|entry| entry.event.clone()).collect();
    let fact = |(scope, value): &(String, String)| (scope.clone(), Some(value.clone()));
    let facts: Vec<_> = batch.iter().filter_map(|entry| entry.fact.as_ref().map(fact)).collect();
    remote.push_with(&events, &facts).await.map(drop)
}
