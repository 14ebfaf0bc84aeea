//! Waiting for conditions, never for a span of time.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// How long something may take that happens at once on an idle machine. It is long since two cores
/// carry all servers of several tests; only a failing test ever waits so long.
pub const PATIENCE: Duration = Duration::from_mins(1);

const STEP: Duration = Duration::from_millis(20);

/// Asks `check` again and again until it has an answer.
///
/// # Errors
/// When `deadline` passes without an answer; `what` says what was awaited. An error of `check` ends
/// the wait at once.
pub async fn until<T>(
    what: impl fmt::Display,
    deadline: Duration,
    mut check: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(answer) = check().await? {
            return Ok(answer);
        }
        if Instant::now() >= end {
            note_failure();
            bail!("{what}: not within {deadline:?}");
        }
        tokio::time::sleep(STEP).await;
    }
}

static FAILED: AtomicBool = AtomicBool::new(false);

/// Notes that a wait was in vain, which most often fails the test: the servers then show their logs
/// when they are dropped.
pub(crate) fn note_failure() {
    FAILED.store(true, Ordering::Relaxed);
}

/// Whether any wait of this process was in vain.
pub(crate) fn has_failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}
