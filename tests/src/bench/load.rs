//! Who says what: chosen by a small generator, so that every run says the same.

use std::time::{Duration, Instant};

use super::World;

/// Which way messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From Matrix to the network.
    Out,
    /// From the network to Matrix.
    In,
}

impl Way {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }
}

/// A generator of numbers (xorshift).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Default for Dice {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Dice {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 33) % bound as u64).unwrap_or_default()
    }
}

/// Says so many things at once, in rooms and by speakers drawn at random.
pub(super) fn burst(world: &World, way: Way, rooms: std::ops::Range<usize>, messages: u64) {
    let mut dice = Dice::default();
    for _ in 0..messages {
        let room = rooms.start + dice.below(rooms.len());
        world.say(way, room, dice.below(world.shape().speakers), Instant::now());
    }
}

/// Says so many things, so many a second, each at its time whatever became of those before.
pub(super) async fn steady(
    world: &World,
    way: Way,
    rooms: std::ops::Range<usize>,
    messages: u64,
    per_second: f64,
) {
    let mut dice = Dice::default();
    let begin = tokio::time::Instant::now();
    let mut due = begin;
    for _ in 0..messages {
        tokio::time::sleep_until(due).await;
        let room = rooms.start + dice.below(rooms.len());
        world.say(way, room, dice.below(world.shape().speakers), due.into_std());
        due += Duration::from_secs_f64(1.0 / per_second);
    }
}
