//! Waiting for a homeserver that is away.

use std::time::Duration;

use crate::{
    core::Core,
    homeserver::{Backoff, HomeserverError},
};

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));

/// How often something has failed, and how long to wait before it is tried again.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    failures: u32,
}

impl Patience {
    /// The next pause: longer each time, up to 10 s, with jitter.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = BACKOFF.delay(self.failures, &mut rand::rng());
        self.failures = self.failures.saturating_add(1);
        pause.max(Duration::from_millis(20))
    }

    /// Waits after an error: as long as the homeserver asks for, or until its link is up again.
    pub(crate) async fn wait(&mut self, core: &Core, error: &HomeserverError) {
        let pause = error.retry_after().unwrap_or_else(|| self.next_pause());
        tokio::time::sleep(pause).await;
        let mut link = core.homeserver.link();
        // The sender lives as long as the homeserver's client.
        drop(link.wait_for(crate::homeserver::Link::is_up).await);
    }
}
