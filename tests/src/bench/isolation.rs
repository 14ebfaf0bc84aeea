//! Whether one room that is stuck or flooded delays the others, and what memory it takes.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{
    Options, Shape, World,
    latency::ms,
    load::{self, Way},
    report::{Figure, Report, Target},
    world::{channel, room_id},
};

/// How many other rooms there are; the odd one comes after them.
const OTHERS: usize = 50;

const PER_SECOND: f64 = 200.0;

/// What is the matter with the odd room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Its channel takes a line a second.
    SlowChannel,
    /// The homeserver does not answer sends into it.
    HungSends,
    /// Much waits for its channel.
    QueueOut,
    /// Much waits for the homeserver.
    QueueIn,
}

impl Trouble {
    fn label(self) -> &'static str {
        match self {
            Self::SlowChannel => "a line a second in one channel",
            Self::HungSends => "hung sends in one room",
            Self::QueueOut => "100,000 lines for one channel",
            Self::QueueIn => "100,000 lines for one room",
        }
    }

    /// In which direction the others are looked at: the one that is in trouble.
    fn way(self) -> Way {
        match self {
            Self::SlowChannel | Self::QueueOut => Way::Out,
            Self::HungSends | Self::QueueIn => Way::In,
        }
    }
}

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    use Trouble::{HungSends, QueueIn, QueueOut, SlowChannel};
    for trouble in [SlowChannel, HungSends, QueueOut, QueueIn] {
        if options.wants(&format!("isolation, {}", trouble.label())) {
            one(options, report, trouble).await?;
        }
    }
    Ok(())
}

async fn one(options: &Options, report: &mut Report, trouble: Trouble) -> Result<()> {
    let way = trouble.way();
    let mut world = World::start(Shape::rooms(OTHERS + 1)).await?;
    let messages = if options.quick { 400 } else { 4_000 };
    let calm = p99(&world, way, messages).await?;
    let before = world.bridge.process.resident()?;
    let queued = if options.quick { 10_000 } else { 100_000 };
    match trouble {
        Trouble::SlowChannel => {
            world.irc.pace(&channel(OTHERS), Duration::from_secs(1));
            say(&world, way, 200);
        }
        Trouble::HungSends => {
            world.homeserver.hold(&room_id(OTHERS));
            say(&world, way, 200);
        }
        Trouble::QueueOut => {
            world.irc.pace(&channel(OTHERS), Duration::from_secs(1));
            say(&world, way, queued);
            taken(&world, way).await?;
        }
        Trouble::QueueIn => {
            world.homeserver.hold(&room_id(OTHERS));
            say(&world, way, queued);
            taken(&world, way).await?;
        }
    }
    let troubled = p99(&world, way, messages).await?;
    let grown = world.bridge.process.resident()?.saturating_sub(before);
    let name = format!("isolation, {}", trouble.label());
    let p99 = Figure::new(format!("{name}, p99 {}", way.label()), troubled, "ms");
    report.add(p99.beside(calm, Some(Target::AtMost(1.5))));
    let mib = Duration::from_micros(grown).as_secs_f64() * 1e6 / 1024.0 / 1024.0;
    report.add(Figure::new(format!("{name}, grown"), mib, "MiB").target(Target::AtMost(64.0)));
    world.irc.unpace(&channel(OTHERS));
    world.homeserver.release();
    if way == Way::In {
        world.complete(way).await?;
    }
    Ok(())
}

/// The 99th percentile of the other rooms at a steady pace, in milliseconds.
async fn p99(world: &World, way: Way, messages: u64) -> Result<f64> {
    let ledger = world.ledger(way);
    let before = ledger.tally(0..OTHERS).latency;
    load::steady(world, way, 0..OTHERS, messages, PER_SECOND).await;
    let tally = ledger.complete(0..OTHERS, super::world::PATIENCE).await?;
    tally.ensure_exact()?;
    let mut latency = tally.latency;
    let _ = latency.subtract(&before);
    Ok(ms(latency.value_at_quantile(0.99)))
}

/// Says so many things in the odd room.
fn say(world: &World, way: Way, messages: u64) {
    for _ in 0..messages {
        world.say(way, OTHERS, 0, Instant::now());
    }
}

/// Waits until the bridge has what was said in the odd room.
async fn taken(world: &World, way: Way) -> Result<()> {
    let (direction, said) = match way {
        Way::Out => ("to_network", world.outwards.said()),
        Way::In => ("to_matrix", world.inwards.said()),
    };
    let what = format!("{said} messages {direction}");
    crate::wait::until(what, Duration::from_mins(5), async || {
        let metric = "bridge_received_total";
        let taken = world.bridge.metric(metric, &[("direction", direction)]).await?;
        Ok((taken + 0.5 >= Duration::from_secs(said).as_secs_f64()).then_some(()))
    })
    .await
}
