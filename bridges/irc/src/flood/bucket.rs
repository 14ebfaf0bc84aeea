//! A token bucket. The time is passed in.

use std::time::{Duration, Instant};

/// How many lines may be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// As many as there are.
    Unlimited,
    /// `burst` at once and then `per_second`.
    Limited {
        /// Lines at once after a silence.
        burst: u32,
        /// Lines a second in the long run.
        per_second: f64,
    },
}

impl Default for Rate {
    /// What all servers allow.
    fn default() -> Self {
        Self::Limited { burst: 5, per_second: 1.0 }
    }
}

/// The slowest rate that is honoured, so that a zero never stops a connection for good.
const SLOWEST: f64 = 0.001;

/// The tokens of one connection.
#[derive(Clone, Debug)]
pub struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate, now: Instant) -> Self {
        let mut bucket = Self { rate, tokens: 0.0, at: now };
        bucket.tokens = bucket.capacity();
        bucket
    }

    /// From now on another rate; the bucket keeps what it has.
    pub fn set_rate(&mut self, rate: Rate, now: Instant) {
        self.refill(now);
        self.rate = rate;
        self.tokens = self.tokens.min(self.capacity());
    }

    /// Takes one token, or says when there will be one.
    pub fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let Rate::Limited { per_second, .. } = self.rate else { return Ok(()) };
        self.refill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait = (1.0 - self.tokens) / per_second.max(SLOWEST);
        // A microsecond more, lest rounding wakes us a little too early again and again.
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::from_hours(1));
        Err(now + wait + Duration::from_micros(1))
    }

    /// Takes tokens for lines that were written without asking; the bucket may go into debt.
    pub fn charge(&mut self, lines: u32) {
        self.tokens -= f64::from(lines);
    }

    /// Puts back a token that was not used.
    pub fn refund(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.capacity());
    }

    fn capacity(&self) -> f64 {
        match self.rate {
            Rate::Unlimited => 0.0,
            Rate::Limited { burst, .. } => f64::from(burst.max(1)),
        }
    }

    fn refill(&mut self, now: Instant) {
        if let Rate::Limited { per_second, .. } = self.rate {
            let passed = now.saturating_duration_since(self.at).as_secs_f64();
            self.tokens = (self.tokens + passed * per_second.max(SLOWEST)).min(self.capacity());
        }
        self.at = self.at.max(now);
    }
}
