//! Stopping in good order: first softly, then, when that takes too long, hard.

use std::{io, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How long a bridge that was told to stop may go on settling what is on its way.
pub const DRAIN: Duration = Duration::from_secs(10);

/// How long the links of a bridge may take to end in good order after that.
pub const PARTING: Duration = Duration::from_secs(3);

/// The two stop signals of a bridge. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Shutdown {
    /// Signals that only [`Shutdown::begin`] and [`Shutdown::abort`] give.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins at SIGTERM or SIGINT, and aborts `drain` later or at the second signal.
    ///
    /// Spawns a task on the present runtime.
    ///
    /// # Errors
    /// If the system does not let the process listen for signals.
    pub fn on_signals(drain: Duration) -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = Self::new();
        let supervised = shutdown.clone();
        tokio::spawn(async move {
            let (told, mut signals) = mpsc::channel(2);
            let listen = async {
                loop {
                    tokio::select! {
                        _ = terminate.recv() => {}
                        _ = interrupt.recv() => {}
                    }
                    // A full channel holds two signals already, and a third means nothing more.
                    let _ = told.try_send(());
                }
            };
            tokio::select! {
                () = supervised.supervise(drain, &mut signals) => {}
                () = listen => {}
            }
        });
        Ok(shutdown)
    }

    /// Stops softly: take nothing new, settle what is on its way.
    pub fn begin(&self) {
        self.soft.cancel();
    }

    /// Stops hard: drop what is on its way; the store knows how far it came.
    pub fn abort(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Cancelled when the bridge is to stop softly.
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when the bridge is to stop at once. Never without [`Shutdown::soft`].
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Turns signals into stops.
    async fn supervise(&self, drain: Duration, signals: &mut mpsc::Receiver<()>) {
        tokio::select! {
            Some(()) = signals.recv() => info!("stopping: settling what is on its way"),
            () = self.soft.cancelled() => {}
        }
        self.begin();
        tokio::select! {
            Some(()) = signals.recv() => warn!("stopping at once: told twice"),
            () = tokio::time::sleep(drain) => {
                warn!("stopping at once: settling takes too long, the rest comes after the start");
            }
            () = self.hard.cancelled() => {}
        }
        self.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::{process::Command, time::Instant};

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    /// A number of signals at once, then no more.
    fn signals(count: usize) -> mpsc::Receiver<()> {
        let (told, signals) = mpsc::channel(2);
        for _ in 0..count {
            told.try_send(()).unwrap();
        }
        signals
    }

    #[tokio::test]
    async fn the_first_signal_stops_softly_and_the_end_of_the_drain_hard() {
        let shutdown = Shutdown::new();
        let started = Instant::now();
        shutdown.supervise(Duration::from_millis(20), &mut signals(1)).await;
        assert!(shutdown.soft().is_cancelled());
        assert!(shutdown.hard().is_cancelled());
        assert!(started.elapsed() >= Duration::from_millis(20));
    }

    #[tokio::test]
    async fn the_second_signal_stops_hard_at_once() {
        let shutdown = Shutdown::new();
        shutdown.supervise(LONG, &mut signals(2)).await;
        assert!(shutdown.hard().is_cancelled());
    }

    #[tokio::test]
    async fn without_a_signal_nothing_stops() {
        let shutdown = Shutdown::new();
        let mut signals = signals(0);
        let supervised = shutdown.supervise(Duration::ZERO, &mut signals);
        let waited = tokio::time::timeout(Duration::from_millis(20), supervised);
        assert!(waited.await.is_err());
        assert!(!shutdown.soft().is_cancelled());
    }

    #[tokio::test]
    async fn a_stop_from_inside_drains_too() {
        let shutdown = Shutdown::new();
        shutdown.begin();
        assert!(!shutdown.hard().is_cancelled());
        shutdown.supervise(Duration::ZERO, &mut signals(0)).await;
        assert!(shutdown.hard().is_cancelled());
    }

    #[tokio::test]
    async fn sigterm_is_heard() {
        let shutdown = Shutdown::on_signals(LONG).unwrap();
        let sent = Command::new("kill").arg(std::process::id().to_string()).status().unwrap();
        assert!(sent.success());
        tokio::time::timeout(Duration::from_secs(10), shutdown.soft().cancelled()).await.unwrap();
        assert!(!shutdown.hard().is_cancelled());
    }
}
