//! Typing and receipts of remote users on their way to Matrix.
//!
//! They pass one after the other. While the homeserver is slow, those that find the channel full
//! are dropped: an old signal is worth nothing.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    core::Core,
    homeserver::As,
    network::{RemoteSignal, Signal},
    portal::from_network::PerformError,
    store::PortalBy,
};

/// How many signals wait at most; further ones are dropped.
const WAITING: usize = 256;

/// The way in.
pub(crate) struct Signals {
    way: mpsc::Sender<RemoteSignal>,
}

/// The way out.
pub(crate) type SignalFeed = mpsc::Receiver<RemoteSignal>;

pub(crate) fn signals() -> (Signals, SignalFeed) {
    let (way, feed) = mpsc::channel(WAITING);
    (Signals { way }, feed)
}

impl Signals {
    pub(crate) fn push(&self, signal: RemoteSignal) {
        if self.way.try_send(signal).is_err() {
            metrics::counter!("bridge_signals_dropped_total").increment(1);
        }
    }
}

/// Passes signals on until `stop`.
pub(crate) async fn run(core: Arc<Core>, mut feed: SignalFeed, stop: CancellationToken) {
    loop {
        let signal = tokio::select! {
            () = stop.cancelled() => return,
            signal = feed.recv() => signal,
        };
        let Some(signal) = signal else { return };
        if let Err(error) = pass(&core, &signal).await {
            tracing::debug!(%error, portal = %signal.portal, "a signal is dropped");
        }
    }
}

/// Only users who are in the room already are shown: a signal makes no ghost.
async fn pass(core: &Core, signal: &RemoteSignal) -> Result<(), PerformError> {
    let by = PortalBy::Key(signal.portal.clone());
    let Some(portal) = core.portals.find(&by).await? else { return Ok(()) };
    let Some(room) = &portal.room_id else { return Ok(()) };
    let Some(ghost) = core.ghosts.find(&signal.sender.key).await? else { return Ok(()) };
    if !core.intents.is_joined(&portal, &ghost.user_id).await? {
        return Ok(());
    }
    let ghost = As::User(&ghost.user_id);
    match &signal.signal {
        Signal::TypingStarted => core.homeserver.start_typing(room, ghost).await?,
        Signal::TypingStopped => core.homeserver.stop_typing(room, ghost).await?,
        Signal::Read { up_to } => {
            let mappings = core.store.mappings_of_remote(portal.lane, up_to).await?;
            if let Some(mapping) = mappings.last() {
                core.homeserver.mark_read(room, ghost, &mapping.event_id).await?;
            }
        }
    }
    Ok(())
}
