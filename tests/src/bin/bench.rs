//! The benchmark's program; `cargo xtask bench` builds and runs it.

use anyhow::Result;
use clap::Parser;

#[tokio::main]
async fn main() -> Result<()> {
    bridge_tests::bench::run(&bridge_tests::bench::Options::parse()).await
}
