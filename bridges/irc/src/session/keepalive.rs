//! Whether the server is still there. The time is passed in.

use tokio::time::Instant;

use super::Timing;

/// Watches the silence of a connection.
#[derive(Debug)]
pub(super) struct Keepalive {
    heard: Instant,
    asked: bool,
}

/// What a silence asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing yet.
    Short,
    /// A `PING`.
    Ask,
    /// The end.
    Dead,
}

impl Keepalive {
    pub(super) fn new(now: Instant) -> Self {
        Self { heard: now, asked: false }
    }

    /// Something came in, or we did not listen.
    pub(super) fn heard(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    /// What to do now; asks for one `PING` a silence.
    pub(super) fn check(&mut self, now: Instant, timing: &Timing) -> Silence {
        let silence = now.saturating_duration_since(self.heard);
        if silence >= timing.dead_after {
            Silence::Dead
        } else if silence >= timing.ping_after && !self.asked {
            self.asked = true;
            Silence::Ask
        } else {
            Silence::Short
        }
    }

    /// When to check again.
    pub(super) fn next(&self, timing: &Timing) -> Instant {
        self.heard
            + if self.asked { timing.dead_after } else { timing.ping_after.min(timing.dead_after) }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::{Keepalive, Silence, Timing};

    #[test]
    fn a_silence_is_asked_about_once_and_then_ends_it() {
        let (start, timing) = (Instant::now(), Timing::default());
        let mut keepalive = Keepalive::new(start);
        assert_eq!(keepalive.check(start, &timing), Silence::Short);
        assert_eq!(keepalive.next(&timing), start + timing.ping_after);
        assert_eq!(keepalive.check(start + timing.ping_after, &timing), Silence::Ask);
        assert_eq!(keepalive.check(start + timing.ping_after, &timing), Silence::Short);
        assert_eq!(keepalive.next(&timing), start + timing.dead_after);
        assert_eq!(keepalive.check(start + timing.dead_after, &timing), Silence::Dead);
        keepalive.heard(start + timing.dead_after);
        assert_eq!(keepalive.check(start + timing.dead_after, &timing), Silence::Short);
    }
}
