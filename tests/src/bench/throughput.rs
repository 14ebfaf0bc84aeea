//! How many messages go through when there are always more, and what one of them costs.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{
    Options, Shape, World, floor,
    load::{self, Way},
    report::{Figure, Report, Target},
    usage,
};

/// How many events the transactions hold that are measured.
const TRANSACTION: usize = 10;

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    for rooms in [5, 50] {
        for way in [Way::Out, Way::In] {
            let row = format!("throughput {}, {rooms} rooms", way.label());
            if options.wants(&row) {
                one(options, report, way, rooms, &row).await?;
            }
        }
    }
    Ok(())
}

async fn one(
    options: &Options,
    report: &mut Report,
    way: Way,
    rooms: usize,
    row: &str,
) -> Result<()> {
    let messages = options.messages();
    let floor = match way {
        Way::Out => floor::out(messages, TRANSACTION).await?,
        Way::In => floor::inwards(messages, rooms).await?,
    };
    let name = format!("floor {}, {rooms} rooms", way.label());
    report.add(Figure::new(name, floor, "a second"));
    let transaction = if way == Way::Out { TRANSACTION } else { Shape::default().transaction };
    let world = World::start(Shape { rooms, transaction, ..Shape::default() }).await?;
    let run = saturate(&world, way, messages).await?;
    // Only the run over many rooms has a target: in few rooms the round trips are what takes time.
    let least = (rooms == 50).then_some(match way {
        Way::Out => Target::AtLeast(0.40),
        Way::In => Target::AtLeast(0.25),
    });
    report.add(Figure::new(row, run.per_second, "a second").beside(floor, least));
    let most = match way {
        Way::Out => Target::AtMost(0.06),
        Way::In => Target::AtMost(0.08),
    };
    let cost = Figure::new(format!("processor {}, {rooms} rooms", way.label()), run.cost_ms, "ms");
    report.add(if rooms == 50 { cost.target(most) } else { cost });
    Ok(())
}

/// What came of it.
pub(super) struct Run {
    pub(super) per_second: f64,
    /// Processor time of the bridge for one message, in milliseconds.
    pub(super) cost_ms: f64,
}

/// Says all at once and waits until the last has arrived.
pub(super) async fn saturate(world: &World, way: Way, messages: u64) -> Result<Run> {
    let pid = world.bridge.process.id();
    let before = usage::processor(pid)?;
    let begin = Instant::now();
    load::burst(world, way, 0..world.shape().rooms, messages);
    world.complete(way).await?;
    let took = world.ledger(way).tally(0..world.shape().rooms).last - begin;
    quiet(pid).await?;
    let used = usage::processor(pid)?.saturating_sub(before);
    let per_second = floor::rate(messages, took);
    Ok(Run { per_second, cost_ms: 1_000.0 / floor::rate(messages, used) })
}

/// Waits until the bridge has settled what it delivered: that is a part of the cost too.
pub(super) async fn quiet(pid: u32) -> Result<()> {
    let mut used = usage::processor(pid)?;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = usage::processor(pid)?;
        if now.saturating_sub(used) <= Duration::from_millis(10) {
            return Ok(());
        }
        used = now;
    }
}
