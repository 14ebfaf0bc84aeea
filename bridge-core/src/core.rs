//! What every part of a running bridge shares.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::future::Cache;
use ruma::{OwnedEventId, OwnedUserId};

use crate::{
    admin::health::Health,
    clock::Clock,
    config::Config,
    ghost::Ghosts,
    homeserver::Homeserver,
    id::{LaneId, Timestamp},
    intent::Intents,
    lane::Dispatch,
    marker::MarkerKey,
    media::{inward::Inward, link::FileLinks},
    members::Members,
    names::Names,
    portal::Portals,
    safety::Safety,
    signals::Signals,
    store::{Batch, Committed, Op, Store, StoreError},
};

/// How long to wait before a store that failed is asked again.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// The shared parts of a running bridge. Nothing here knows the type of the network.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) homeserver: Homeserver,
    pub(crate) names: Names,
    pub(crate) bot: OwnedUserId,
    pub(crate) portals: Portals,
    pub(crate) ghosts: Ghosts,
    pub(crate) intents: Intents,
    pub(crate) dispatch: Dispatch,
    pub(crate) health: Health,
    pub(crate) clock: Clock,
    pub(crate) markers: MarkerKey,
    pub(crate) file_links: FileLinks,
    pub(crate) inward: Inward,
    pub(crate) members: Members,
    pub(crate) safety: Safety,
    pub(crate) links: Links,
    pub(crate) signals: Signals,
    pub(crate) handed: Handed,
    pub(crate) protocol: Protocol,
    /// Aliases that are being opened, so that queries of one alias share an attempt.
    pub(crate) openings: Cache<String, ()>,
    /// What an alias of ours looks like, for people: `_irc_{network}_{channel}`.
    pub(crate) alias_shape: String,
    /// When this process started.
    pub(crate) started: Timestamp,
    /// Names this start of the process; with what happened to the homeserver since it makes the
    /// epoch that gap repair goes by.
    pub(crate) boot: String,
    pub(crate) transactions: Transactions,
}

/// The numbers of the homeserver's transactions.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    last: AtomicU64,
    /// How often a number was lower than the one before.
    anew: AtomicU64,
}

impl Transactions {
    /// Takes note of a transaction. A homeserver that counts down was started anew, or lost what
    /// it had queued.
    pub(crate) fn note(&self, id: &str) {
        let Ok(number) = id.parse::<u64>() else { return };
        if self.last.swap(number, Ordering::Relaxed) > number {
            self.note_reset();
        }
    }

    /// Takes note that the homeserver has begun anew.
    pub(crate) fn note_reset(&self) {
        self.anew.fetch_add(1, Ordering::Relaxed);
    }
}

/// The links to the network that were up at any time.
#[derive(Debug, Default)]
pub(crate) struct Links(Mutex<HashSet<String>>);

impl Links {
    /// Notes that a link is up; `true` if it was up before.
    pub(crate) fn came_up(&self, subject: &str) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(subject.to_owned())
    }
}

/// The newest echoes of our own events, by lane: up to there the homeserver has handed the rooms
/// over. They are written every now and then, as none of them is worth a commit.
#[derive(Debug, Default)]
pub(crate) struct Handed(Mutex<HashMap<LaneId, OwnedEventId>>);

impl Handed {
    /// Notes an echo.
    pub(crate) fn note(&self, lane: LaneId, event_id: OwnedEventId) {
        self.lock().insert(lane, event_id);
    }

    /// Forgets the echoes of a lane: something newer is written down.
    pub(crate) fn forget(&self, lane: LaneId) {
        self.lock().remove(&lane);
    }

    fn take(&self) -> HashMap<LaneId, OwnedEventId> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LaneId, OwnedEventId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The network's name, for programs and for people.
pub(crate) struct Protocol {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
}

impl Core {
    /// The present epoch: a new one begins at every start, with every beginning and end of an
    /// outage of the homeserver, and when it numbers its transactions anew, since it may have
    /// dropped events for us then.
    pub(crate) fn epoch(&self) -> String {
        let anew = self.transactions.anew.load(Ordering::Relaxed);
        format!("{}.{}.{anew}", self.boot, self.homeserver.link_changes())
    }

    /// Writes down how far our own echoes show the rooms handed over.
    pub(crate) async fn keep_handed(&self) -> Result<(), StoreError> {
        let handed = self.handed.take();
        if handed.is_empty() {
            return Ok(());
        }
        let epoch = self.epoch();
        let op = |(lane, event_id)| Op::LastEvent { lane, event_id, epoch: epoch.clone() };
        self.store.commit(Batch::settled(handed.into_iter().map(op).collect())).await.map(drop)
    }

    /// Commits what must not be forgotten: waits for a store that fails, as long as it takes.
    ///
    /// # Errors
    /// Only when waiting is no use: the lease is lost, or the store is closed.
    pub(crate) async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        loop {
            match self.store.commit(batch.clone()).await {
                Err(error @ (StoreError::Fenced { .. } | StoreError::Closed)) => return Err(error),
                Err(error) => {
                    tracing::error!(%error, "waiting for the store");
                    tokio::time::sleep(STORE_PAUSE).await;
                }
                Ok(committed) => return Ok(committed),
            }
        }
    }
}
