//! How long to wait before the link is tried again.

use std::time::Duration;

use rand::Rng;

const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_mins(1);

/// The waits between attempts: twice as long each time, from half a second to a minute, with jitter.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after a link ended or did not come about.
    pub(crate) fn next(&mut self, random: &mut impl Rng) -> Duration {
        let longest = SHORTEST.saturating_mul(2_u32.saturating_pow(self.failures + 1)).min(LONGEST);
        self.failures = (self.failures + 1).min(16);
        random.random_range(longest / 2..=longest)
    }

    /// A link came about: the next wait is short again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let (mut backoff, mut random) = (Backoff::default(), StdRng::seed_from_u64(1));
        let waits: Vec<_> = (0..40).map(|_| backoff.next(&mut random)).collect();
        assert!(waits[0] >= SHORTEST && waits[0] <= 2 * SHORTEST, "{waits:?}");
        assert!(waits[10..].iter().all(|&wait| wait >= LONGEST / 2 && wait <= LONGEST));
        backoff.reset();
        assert!(backoff.next(&mut random) <= 2 * SHORTEST);
    }
}
