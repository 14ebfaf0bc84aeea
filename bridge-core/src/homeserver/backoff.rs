//! How long to wait before the next try.

use std::time::Duration;

use rand::Rng;

/// Exponential back-off with full jitter: the n-th wait is drawn evenly from zero to
/// `base * 2^n`, and never exceeds `max`.
///
/// Many clients that failed together thus come back spread out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first wait.
    pub base: Duration,
    /// The longest wait at all.
    pub max: Duration,
}

impl Backoff {
    /// A back-off from `base` to `max`.
    pub const fn new(base: Duration, max: Duration) -> Self {
        Self { base, max }
    }

    /// The wait after `failures` tries that failed (the first wait has zero earlier ones).
    pub fn delay(self, failures: u32, random: &mut impl Rng) -> Duration {
        let ceiling = self.ceiling(failures);
        let millis = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(random.random_range(0..=millis))
    }

    /// The longest that [`Backoff::delay`] can answer.
    pub fn ceiling(self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));

    #[test]
    fn the_ceiling_doubles_up_to_the_limit_and_never_overflows() {
        let ceilings: Vec<_> = (0..8).map(|n| BACKOFF.ceiling(n).as_millis()).collect();
        assert_eq!(ceilings, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        assert_eq!(BACKOFF.ceiling(u32::MAX), BACKOFF.max);
        let wide = Backoff::new(Duration::MAX, Duration::MAX);
        assert_eq!(wide.ceiling(31), Duration::MAX);
    }

    #[test]
    fn delays_spread_over_the_whole_range() {
        let mut random = StdRng::seed_from_u64(7);
        let delays: Vec<_> = (0..1000).map(|_| BACKOFF.delay(3, &mut random)).collect();
        let ceiling = BACKOFF.ceiling(3);
        assert!(delays.iter().all(|delay| *delay <= ceiling));
        assert!(delays.iter().any(|delay| *delay < ceiling / 10));
        assert!(delays.iter().any(|delay| *delay > ceiling * 9 / 10));
    }
}
