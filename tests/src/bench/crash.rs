//! A `kill -9` in the middle of a run, after which nothing may be missing.

use std::time::Instant;

use anyhow::Result;

use super::{
    Options, Shape, World, floor,
    load::{self, Way},
    report::{Figure, Report},
};
use crate::{stub::irc::Features, wait};

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    for way in [Way::Out, Way::In] {
        let row = format!("kill -9 in mid-run, {}", way.label());
        if !options.wants(&row) {
            continue;
        }
        // The server plays back what was said, so that nothing has to stay uncertain.
        let features = Features { history: true, ..Features::default() };
        let mut world = World::start(Shape { features, ..Shape::default() }).await?;
        let messages = options.messages();
        let begin = Instant::now();
        load::burst(&world, way, 0..50, messages);
        let half = world.ledger(way).arrived() + messages / 2;
        wait::until("half of the messages", super::world::PATIENCE, async || {
            Ok((world.ledger(way).arrived() >= half).then_some(()))
        })
        .await?;
        world.bridge.kill_9().await?;
        world.bridge.process.spawn_again()?;
        world.complete(way).await?;
        let rate = floor::rate(messages, begin.elapsed());
        report.add(Figure::new(format!("{row}, with the restart"), rate, "a second"));
    }
    Ok(())
}
