//! How much memory the bridge holds, by how many connections it has.

use anyhow::Result;

use super::{
    Options, Shape, World,
    report::{Figure, Report, Target},
    throughput,
};

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let mut first = None;
    for puppets in [0, 20, 500, 5_000] {
        let row = format!("memory, {puppets} puppets");
        if !options.wants(&row) || (options.quick && puppets > 500) {
            continue;
        }
        // Everybody is in one room, so that the number of connections is all that grows.
        let rooms = if puppets <= 50 { 50 } else { puppets };
        let speakers = if puppets <= 50 { puppets.min(4) } else { 1 };
        let world =
            World::start_cold(Shape { rooms, puppets, speakers, ..Shape::default() }).await?;
        world.settle().await?;
        throughput::quiet(world.bridge.process.id()).await?;
        let resident = bytes(world.bridge.process.resident()?);
        let figure = Figure::new(row, resident / 1024.0 / 1024.0, "MiB");
        report.add(if puppets == 20 { figure.target(Target::AtMost(25.0)) } else { figure });
        match first {
            None if puppets == 20 => first = Some(resident),
            Some(first) if puppets > 20 => {
                let more = bytes(u64::try_from(puppets - 20)?);
                let each = (resident - first) / more / 1024.0;
                let name = format!("memory, each further of {puppets} puppets");
                report.add(Figure::new(name, each, "KiB").target(Target::AtMost(30.0)));
            }
            _ => {}
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "memory stays far below 2^52 bytes")]
fn bytes(count: u64) -> f64 {
    count as f64
}
