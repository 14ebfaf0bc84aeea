//! Whether the homeserver answers at all.
//!
//! Requests that get lost are evidence; the judge is one prober in the background. A proxy that
//! answers 502 for one path thus does not take the link down, and while the link is down one small
//! request at a time finds out when it is up again, whatever else waits.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use ruma::api::client::discovery::get_supported_versions;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{As, Backoff, Homeserver, HomeserverError, answer::accepted, call::read};
use crate::{clock::Clock, id::Timestamp};

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));
/// How long one probe and the ping after an outage may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// The state of the link to the homeserver. It is taken as up until a probe fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The homeserver answers.
    Up,
    /// The homeserver does not answer.
    Down {
        /// Since when, by our clock.
        since: Timestamp,
        /// What the last probe said.
        why: String,
    },
}

impl Link {
    /// Whether the homeserver answers.
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Up)
    }
}

/// What is known about the link, and the bells of the prober.
pub(super) struct LinkState {
    clock: Clock,
    state: watch::Sender<Link>,
    outages: watch::Sender<u64>,
    /// How often the link went down or came up.
    changes: AtomicU64,
    is_down: AtomicBool,
    /// Rung when a request got lost.
    doubt: Notify,
    /// Rung when a request was answered while the link was down.
    hope: Notify,
}

impl LinkState {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: watch::Sender::new(Link::Up),
            outages: watch::Sender::new(0),
            changes: AtomicU64::new(0),
            is_down: AtomicBool::new(false),
            doubt: Notify::new(),
            hope: Notify::new(),
        }
    }

    pub(super) fn doubted(&self) {
        self.doubt.notify_one();
    }

    pub(super) fn answered(&self) {
        if self.is_down.load(Ordering::Relaxed) {
            self.hope.notify_one();
        }
    }

    fn set_down(&self, why: String) {
        if !self.is_down.swap(true, Ordering::Relaxed) {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
        metrics::gauge!("bridge_homeserver_up").set(0.0);
        let now = self.clock.now();
        self.state.send_modify(|link| {
            let since = match link {
                Link::Up => now,
                Link::Down { since, .. } => *since,
            };
            *link = Link::Down { since, why };
        });
    }

    /// The outage counts before anyone is told that it is over.
    fn set_up(&self) {
        self.is_down.store(false, Ordering::Relaxed);
        self.changes.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("bridge_homeserver_up").set(1.0);
        metrics::counter!("bridge_homeserver_outages_total").increment(1);
        self.outages.send_modify(|outages| *outages += 1);
        self.state.send_replace(Link::Up);
    }
}

impl Homeserver {
    /// The state of the link, and how it changes.
    pub fn link(&self) -> watch::Receiver<Link> {
        self.0.link.state.subscribe()
    }

    /// How many outages are over. What came in before the last one may have been lost on the way
    /// to us, since a homeserver keeps events for us only once it sends them.
    pub fn outages(&self) -> u64 {
        *self.0.link.outages.borrow()
    }

    /// How often the link went down or came up. An event that comes between the two may be the
    /// first one after those that were lost.
    pub(crate) fn link_changes(&self) -> u64 {
        self.0.link.changes.load(Ordering::Relaxed)
    }

    /// The homeserver has been heard: if it was down it need not be so any more.
    pub(crate) fn heard(&self) {
        self.0.link.answered();
    }

    /// Like [`Homeserver::outages`], and how the count changes.
    pub fn watch_outages(&self) -> watch::Receiver<u64> {
        self.0.link.outages.subscribe()
    }

    /// Judges the link whenever a request gets lost, until `shutdown`. To be run once.
    ///
    /// After an outage the homeserver is asked for a ping, which ends the back-off of Synapse
    /// towards us.
    pub async fn run_prober(&self, shutdown: CancellationToken) {
        metrics::gauge!("bridge_homeserver_up").set(1.0);
        let endless = async {
            loop {
                self.0.link.doubt.notified().await;
                match self.probe().await {
                    Ok(()) => tokio::time::sleep(BACKOFF.base).await,
                    Err(error) => self.sit_out(&error).await,
                }
            }
        };
        let _: Option<std::convert::Infallible> = shutdown.run_until_cancelled(endless).await;
    }

    /// Waits for the end of an outage.
    async fn sit_out(&self, error: &HomeserverError) {
        let link = &self.0.link;
        tracing::error!(%error, "the homeserver is down");
        link.set_down(error.to_string());
        let mut failures = 0;
        loop {
            let delay = BACKOFF.delay(failures, &mut rand::rng());
            // An answer to somebody else is worth a look, yet not more than a few in a second.
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = link.hope.notified() => tokio::time::sleep(delay.min(BACKOFF.base)).await,
            }
            match self.probe().await {
                Ok(()) => break,
                Err(error) => link.set_down(error.to_string()),
            }
            failures = failures.saturating_add(1);
        }
        link.set_up();
        tracing::info!(outages = self.outages(), "the homeserver is up again");
        self.greet().await;
    }

    /// Whether the homeserver answers the simplest question, past all requests that wait.
    async fn probe(&self) -> Result<(), HomeserverError> {
        type Question = get_supported_versions::Request;
        let endpoint = "probe";
        let request = self
            .prepare(As::Bot, Question::new(), &super::server::any_version())
            .map_err(|error| HomeserverError::Unsendable { endpoint, source: Box::new(error) })?;
        let answer = self.0.transport.exchange_at_once(request, PROBE_TIMEOUT).await;
        match answer.and_then(accepted).and_then(|answer| read::<Question>(endpoint, &answer)) {
            Ok(response) => {
                self.keep_versions(response.as_supported_versions().into());
                Ok(())
            }
            Err(error) if error.doubts_link() => Err(error),
            // Somebody who speaks Matrix is there.
            Err(error) => {
                tracing::debug!(%error, "the homeserver does not tell its versions");
                Ok(())
            }
        }
    }

    async fn greet(&self) {
        match tokio::time::timeout(PROBE_TIMEOUT, self.ping(None)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the homeserver cannot reach the bridge yet");
            }
            Err(_) => tracing::warn!("the homeserver does not say whether it reaches the bridge"),
        }
    }
}
