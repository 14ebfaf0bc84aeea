//! What a message costs, by how many rooms there are.

use anyhow::Result;

use super::{
    Options, Shape, World,
    load::Way,
    report::{Figure, Report},
    throughput,
};

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    for way in [Way::Out, Way::In] {
        let mut few = None;
        for rooms in [10, 10_000] {
            let row = format!("processor {}, {rooms} rooms, 40 puppets", way.label());
            if !options.wants(&row) {
                continue;
            }
            let shape = Shape { rooms, puppets: 40, speakers: 1, ..Shape::default() };
            let world = World::start(shape).await?;
            throughput::quiet(world.bridge.process.id()).await?;
            let cost = throughput::saturate(&world, way, options.messages()).await?.cost_ms;
            let figure = Figure::new(row, cost, "ms");
            report.add(match few {
                None => figure,
                Some(few) => figure.beside(few, None),
            });
            few.get_or_insert(cost);
        }
    }
    Ok(())
}
