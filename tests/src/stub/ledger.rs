//! What was said and what arrived, without keeping any of it.
//!
//! A message reads `r3 n17 t123456 …`: its room, its place there, and when it was due, in nanoseconds
//! since the ledger was made. So whoever receives it can tell what is missing, came twice or came out
//! of order, and how long it took.

use std::{
    fmt::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;

use crate::wait;

/// What follows the figures: a sentence as people write them.
const WORDS: &str = "and the rest of what somebody had to say about it";

/// Messages of one direction.
#[derive(Debug)]
pub struct Ledger {
    epoch: Instant,
    rooms: Vec<Mutex<Room>>,
    arrived: AtomicU64,
}

#[derive(Debug)]
struct Room {
    said: u64,
    /// One bit a message that arrived.
    seen: Vec<u64>,
    distinct: u64,
    highest: Option<u64>,
    doubled: u64,
    disordered: u64,
    latency: Histogram<u64>,
    last: Instant,
}

/// What arrived, all in all.
#[derive(Clone, Debug)]
pub struct Tally {
    /// How many were said.
    pub said: u64,
    /// How many of them arrived.
    pub arrived: u64,
    /// How many came again.
    pub doubled: u64,
    /// How many came after a later one of their room.
    pub disordered: u64,
    /// How long they took, in microseconds.
    pub latency: Histogram<u64>,
    /// When the last one came.
    pub last: Instant,
}

impl Tally {
    /// Fails unless each message arrived once and in its place.
    pub fn ensure_exact(&self) -> Result<()> {
        ensure!(
            self.arrived == self.said && self.doubled == 0 && self.disordered == 0,
            "{} said, {} arrived, {} came twice, {} out of order",
            self.said,
            self.arrived,
            self.doubled,
            self.disordered
        );
        Ok(())
    }

    /// The latency below which this share of the messages stayed.
    pub fn latency_at(&self, quantile: f64) -> Duration {
        Duration::from_micros(self.latency.value_at_quantile(quantile))
    }
}

impl Ledger {
    /// A ledger of so many rooms.
    pub fn new(rooms: usize) -> Self {
        let room = || {
            Mutex::new(Room {
                said: 0,
                seen: Vec::new(),
                distinct: 0,
                highest: None,
                doubled: 0,
                disordered: 0,
                // Three digits are plenty; the memory of 10,000 rooms is not.
                latency: Histogram::new(2).unwrap_or_else(|_| unreachable!("2 digits are allowed")),
                last: Instant::now(),
            })
        };
        let rooms = (0..rooms).map(|_| room()).collect();
        Self { epoch: Instant::now(), rooms, arrived: AtomicU64::new(0) }
    }

    /// How many rooms it has.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// The text of the next message of a room, due at `due`.
    pub fn say(&self, room: usize, due: Instant) -> String {
        let stamp = due.saturating_duration_since(self.epoch).as_nanos();
        let mut state = self.lock(room);
        let number = state.said;
        state.said += 1;
        let mut text = String::with_capacity(96);
        // Writing to a string does not fail.
        let _ = write!(text, "r{room} n{number} t{stamp} {WORDS}");
        text
    }

    /// Takes note of a message that arrived; `false` if it is none of a ledger.
    pub fn note(&self, text: &str) -> bool {
        let now = Instant::now();
        let Some((room, number, stamp)) = read(text) else { return false };
        if room >= self.rooms.len() {
            return false;
        }
        let mut room = self.lock(room);
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if room.seen.len() <= word {
            room.seen.resize(word + 1, 0);
        }
        room.last = now;
        if room.seen[word] & bit != 0 {
            room.doubled += 1;
            return true;
        }
        room.seen[word] |= bit;
        room.distinct += 1;
        if room.highest.is_some_and(|highest| number < highest) {
            room.disordered += 1;
        }
        room.highest = room.highest.max(Some(number));
        let took = (now - self.epoch).saturating_sub(Duration::from_nanos(stamp));
        // It grows as needed, so that nothing is too large for it.
        let _ = room.latency.record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
        drop(room);
        self.arrived.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// How many different messages have arrived.
    pub fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// How many different messages of a room have arrived.
    pub fn arrived_in(&self, room: usize) -> u64 {
        self.lock(room).distinct
    }

    /// How many messages were said.
    pub fn said(&self) -> u64 {
        (0..self.rooms.len()).map(|room| self.lock(room).said).sum()
    }

    /// What became of the messages of some rooms.
    pub fn tally(&self, rooms: std::ops::Range<usize>) -> Tally {
        let mut tally = Tally {
            said: 0,
            arrived: 0,
            doubled: 0,
            disordered: 0,
            latency: Histogram::new(3).unwrap_or_else(|_| unreachable!("3 digits are allowed")),
            last: self.epoch,
        };
        for room in rooms {
            let room = self.lock(room);
            tally.said += room.said;
            tally.arrived += room.distinct;
            tally.doubled += room.doubled;
            tally.disordered += room.disordered;
            // Both count in microseconds without an upper bound.
            let _ = tally.latency.add(&room.latency);
            tally.last = tally.last.max(room.last);
        }
        tally
    }

    /// Waits until all that was said in some rooms has arrived.
    pub async fn complete(
        &self,
        rooms: std::ops::Range<usize>,
        patience: Duration,
    ) -> Result<Tally> {
        let mut seen = 0;
        let mut progress = Instant::now();
        loop {
            let tally = self.tally(rooms.clone());
            if tally.arrived >= tally.said {
                return Ok(tally);
            }
            if tally.arrived != seen {
                (seen, progress) = (tally.arrived, Instant::now());
            }
            if progress.elapsed() > patience {
                wait::note_failure();
                tally.ensure_exact()?;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn lock(&self, room: usize) -> std::sync::MutexGuard<'_, Room> {
        self.rooms[room].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads `r3 n17 t123456 …`.
fn read(text: &str) -> Option<(usize, u64, u64)> {
    let mut words = text.split(' ');
    let mut next = |letter: char| words.next()?.strip_prefix(letter);
    Some((next('r')?.parse().ok()?, next('n')?.parse().ok()?, next('t')?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_doubled_and_out_of_order_is_told_apart() {
        let ledger = Ledger::new(2);
        let said: Vec<String> = (0..4).map(|_| ledger.say(1, Instant::now())).collect();
        assert!(ledger.note(&said[0]) && ledger.note(&said[2]) && ledger.note(&said[1]));
        assert!(ledger.note(&said[2]) && !ledger.note("hello"));
        let tally = ledger.tally(0..2);
        assert_eq!(tally.latency.len(), 3);
        let figures = (tally.said, tally.arrived, tally.doubled, tally.disordered);
        assert_eq!(figures, (4, 3, 1, 1));
        assert!(tally.ensure_exact().is_err());
    }
}
