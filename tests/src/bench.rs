//! `cargo xtask bench`: what the bridge for IRC takes, beside floors measured in the same run.
//!
//! The bridge is the program that people run, with HTTP, sockets and SQLite as they are. Homeserver
//! and IRC server are the stand-ins of [`stub`](crate::stub), which cost little. They share the
//! machine with the bridge.

mod crash;
mod floor;
mod isolation;
mod latency;
mod load;
mod memory;
mod report;
mod size;
mod start;
mod throughput;
mod usage;
mod world;

use std::path::PathBuf;

use anyhow::Result;

use self::report::Report;
pub use self::world::{Shape, World, channel, room_id};

/// What is measured, and how long.
#[derive(Debug, clap::Parser)]
#[command(name = "bench", about = "Measures the bridge for IRC beside its floors")]
pub struct Options {
    /// A tenth of the messages: to see whether it works, not how fast.
    #[arg(long)]
    quick: bool,
    /// Measure only rows whose names contain one of these.
    #[arg(long)]
    only: Vec<String>,
    /// Where the figures are written to, as JSON.
    #[arg(long, default_value = "target/bench.json")]
    output: PathBuf,
}

impl Options {
    /// How many messages a row is made of.
    fn messages(&self) -> u64 {
        if self.quick { 6_000 } else { 60_000 }
    }

    fn wants(&self, row: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| row.contains(only.as_str()))
    }
}

/// Measures, prints a table, and writes the figures.
///
/// # Errors
/// If anything is lost, doubled or out of order, or a stand-in cannot be started. A figure that
/// misses its target is only marked.
pub async fn run(options: &Options) -> Result<()> {
    let mut report = Report::new(options.quick);
    throughput::measure(options, &mut report).await?;
    latency::measure(options, &mut report).await?;
    memory::measure(options, &mut report).await?;
    start::measure(options, &mut report).await?;
    size::measure(options, &mut report).await?;
    isolation::measure(options, &mut report).await?;
    crash::measure(options, &mut report).await?;
    report.write(&options.output)
}
