//! `cargo xtask chaos`: a conversation under kills and outages, in full size.

use std::env;

use anyhow::Result;
use bridge_tests::{
    chaos::{self, Plan},
    rig,
};

use crate::{
    run::{cargo, run},
    setup,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The seed of the random moments, as a failed run names it.
    #[arg(long)]
    seed: Option<u64>,
    /// How many messages are said on each side.
    #[arg(long, default_value_t = 2_000)]
    messages: usize,
    /// How often the bridge is killed.
    #[arg(long, default_value_t = 20)]
    kills: usize,
}

/// Installs what is missing, builds the bridge unless `$BRIDGE_BIN_DIR` names one, and fails if
/// anything was lost, doubled or out of order.
pub(crate) fn chaos(args: &Args) -> Result<()> {
    setup::servers()?;
    if env::var_os(rig::BIN_DIR).is_none() {
        run(cargo().args(["build", "--workspace", "--bins"]))?;
    }
    let seed = args.seed.map_or_else(chaos::seed, Ok)?;
    println!("\nseed {seed}");
    let plan = Plan { messages: args.messages, kills: args.kills, ..Plan::full(seed) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("\n{}", runtime.block_on(chaos::run(&plan))?);
    Ok(())
}
