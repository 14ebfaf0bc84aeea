//! What a network has read, on its way to disk.
//!
//! Entries are committed in the order in which they were read, as many at a time as have gathered
//! while the batch before was written. A store that is away holds reading up only once the journal
//! is full.

use std::{collections::BTreeMap, time::Duration};

use ruma::OwnedUserId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Remote, RemoteEvent};
use crate::{
    id::{GhostKey, PortalKey},
    store::StoreError,
};

/// How many entries wait at most: about 1 MiB of lines of usual length.
const WAITING: usize = 4_096;

/// How many entries one commit takes at most.
const BATCH: usize = 256;

/// How long to wait before a store that failed is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Something to keep.
#[derive(Debug, Default)]
pub struct Entry {
    /// What happened, if Matrix must see it.
    pub event: Option<RemoteEvent>,
    /// Whose conversation of two the event begins, if it is said in one.
    pub direct: Option<(OwnedUserId, GhostKey)>,
    /// What holds once it is kept, such as how far an archive is read; a fact without a value is
    /// forgotten. Of several facts of one scope the last counts.
    pub facts: Vec<(String, Option<String>)>,
}

impl From<RemoteEvent> for Entry {
    fn from(event: RemoteEvent) -> Self {
        Self { event: Some(event), ..Self::default() }
    }
}

/// The way into a journal. When it is full, sending waits, and so does whoever reads the network.
pub type Journal = mpsc::Sender<Entry>;

/// A journal and what is to be written from it.
pub fn journal() -> (Journal, mpsc::Receiver<Entry>) {
    mpsc::channel(WAITING)
}

/// Commits what is read until the other side is gone, or until `stop` while the store is away.
pub async fn run(remote: Remote, mut entries: mpsc::Receiver<Entry>, stop: CancellationToken) {
    let mut read = Vec::with_capacity(BATCH);
    while entries.recv_many(&mut read, BATCH).await > 0 {
        let batch = Batch::of(read.drain(..));
        while let Err(error) = batch.commit(&remote).await {
            tracing::error!(%error, "what was read waits for the store");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

/// What is committed at once.
#[derive(Default)]
struct Batch {
    begun: Vec<(PortalKey, OwnedUserId, GhostKey)>,
    events: Vec<RemoteEvent>,
    facts: Vec<(String, Option<String>)>,
}

impl Batch {
    fn of(entries: impl Iterator<Item = Entry>) -> Self {
        let mut batch = Self::default();
        let mut facts = BTreeMap::new();
        for entry in entries {
            if let (Some(event), Some((user, ghost))) = (&entry.event, entry.direct) {
                batch.begun.push((event.portal.clone(), user, ghost));
            }
            batch.events.extend(entry.event);
            facts.extend(entry.facts);
        }
        batch.facts = facts.into_iter().collect();
        batch
    }

    async fn commit(&self, remote: &Remote) -> Result<(), StoreError> {
        for (portal, user, ghost) in &self.begun {
            remote.ensure_direct(portal, user.clone(), ghost.clone()).await?;
        }
        remote.push_with(&self.events, &self.facts).await.map(drop)
    }
}
