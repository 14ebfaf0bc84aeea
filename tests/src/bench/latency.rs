//! How long a message takes when there is room to spare.

use anyhow::Result;

use super::{
    Options, Shape, World,
    load::{self, Way},
    report::{Figure, Report},
};

const PER_SECOND: f64 = 200.0;

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    for way in [Way::Out, Way::In] {
        let row = format!("latency {} at 200/s", way.label());
        if !options.wants(&row) {
            continue;
        }
        let world = World::start(Shape::default()).await?;
        let seen = world.ledger(way).tally(0..world.shape().rooms).latency;
        load::steady(&world, way, 0..50, if options.quick { 400 } else { 4_000 }, PER_SECOND).await;
        world.complete(way).await?;
        let mut latency = world.ledger(way).tally(0..world.shape().rooms).latency;
        // The warm-up is none of it.
        let _ = latency.subtract(&seen);
        for (name, quantile) in [("p50", 0.50), ("p99", 0.99)] {
            let micros = latency.value_at_quantile(quantile);
            report.add(Figure::new(format!("{row}, {name}"), ms(micros), "ms"));
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "latencies stay far below 2^52 µs")]
pub(super) fn ms(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
