//! How long a start takes, by how much is in the store.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{
    Options, Shape, World,
    load::{self, Way},
    report::{Figure, Report, Target},
};
use crate::rig::http_client;

/// How often the faster of the starts is looked for.
const STARTS: usize = 5;

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let mut few = None;
    for (rooms, silent_ghosts) in [(100, 0), (10_000, 100_000)] {
        let row = format!("start, {rooms} portals");
        if !options.wants(&row) {
            continue;
        }
        let shape = Shape { rooms, silent_ghosts, puppets: 40, speakers: 1, ..Shape::default() };
        let mut world = World::start_cold(shape).await?;
        let mut best = Duration::MAX;
        for _ in 0..STARTS {
            world.bridge.stop().await?;
            best = best.min(start(&mut world).await?);
        }
        let millis = best.as_secs_f64() * 1_000.0;
        let figure = Figure::new(&row, millis, "ms").target(Target::AtMost(1_000.0));
        report.add(match few {
            None => figure,
            Some(few) => figure.beside(few, Some(Target::AtMost(2.0))),
        });
        few.get_or_insert(millis);
        world.settle().await?;
        let before = world.outwards.tally(0..rooms).latency;
        load::steady(&world, Way::Out, 0..rooms, 100, 50.0).await;
        world.complete(Way::Out).await?;
        let mut latency = world.outwards.tally(0..rooms).latency;
        let _ = latency.subtract(&before);
        let median = super::latency::ms(latency.value_at_quantile(0.5));
        report.add(Figure::new(format!("{row}, p50 of 100 in random rooms"), median, "ms"));
    }
    Ok(())
}

/// Starts the bridge and asks it again and again whether it is ready.
async fn start(world: &mut World) -> Result<Duration> {
    let http = http_client()?;
    let url = format!("{}/health/ready", world.bridge.admin_url());
    let begin = Instant::now();
    world.bridge.process.spawn_again()?;
    let asked = async {
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), asked).await.context("not ready")?;
    Ok(begin.elapsed())
}
