//! How long to wait before a connection is tried again. Pure: the random source is passed in.

use std::time::Duration;

use rand::Rng;

use crate::session::{CloseReason, Retry};

/// The shortest wait.
const SHORTEST: Duration = Duration::from_secs(2);

/// The longest wait.
const LONGEST: Duration = Duration::from_mins(10);

/// The shortest wait after a server said that we connect too often.
const THROTTLED: Duration = Duration::from_mins(1);

/// The waits of one connection: twice as long each time, from 2 seconds to 10 minutes, with jitter, so
/// that many that were lost together do not come back together.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after a connection ended or did not come about.
    pub fn next(&mut self, reason: &CloseReason, random: &mut impl Rng) -> Duration {
        let doubled =
            SHORTEST.saturating_mul(2_u32.saturating_pow(self.failures.saturating_add(1)));
        self.failures = self.failures.saturating_add(1);
        let longest = match reason.retry() {
            Retry::Backoff => doubled.min(LONGEST),
            Retry::Throttled => doubled.clamp(2 * THROTTLED, LONGEST),
            Retry::Hopeless => LONGEST,
        };
        random.random_range(longest / 2..=longest)
    }

    /// A connection worked for a while: the next wait is short again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::{Backoff, LONGEST, SHORTEST, THROTTLED};
    use crate::session::CloseReason;

    const LOST: CloseReason = CloseReason::Silent;

    #[test]
    fn waits_double_from_two_seconds_to_ten_minutes() {
        let (mut backoff, mut random) = (Backoff::default(), StdRng::seed_from_u64(1));
        let waits: Vec<_> = (0..50).map(|_| backoff.next(&LOST, &mut random)).collect();
        assert!(waits[0] >= SHORTEST && waits[0] <= 2 * SHORTEST, "{waits:?}");
        assert!(waits[3] >= 8 * SHORTEST && waits[3] <= 16 * SHORTEST, "{waits:?}");
        assert!(waits[10..].iter().all(|&wait| wait >= LONGEST / 2 && wait <= LONGEST));
        backoff.reset();
        assert!(backoff.next(&LOST, &mut random) <= 2 * SHORTEST);
    }

    #[test]
    fn waits_are_spread() {
        let mut random = StdRng::seed_from_u64(2);
        let waits: std::collections::BTreeSet<_> =
            (0..100).map(|_| Backoff::default().next(&LOST, &mut random)).collect();
        assert!(waits.len() > 90);
    }

    #[test]
    fn a_throttled_connection_waits_a_minute_and_a_banned_one_longest() {
        let (mut backoff, mut random) = (Backoff::default(), StdRng::seed_from_u64(3));
        let throttled = CloseReason::Throttled { why: "slow down".into() };
        assert!(backoff.next(&throttled, &mut random) >= THROTTLED);
        let banned = CloseReason::Banned { why: "go away".into() };
        assert!(backoff.next(&banned, &mut random) >= LONGEST / 2);
    }
}
