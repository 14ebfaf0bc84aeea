//! Everything goes wrong, and nothing is lost, doubled or out of order.

use anyhow::Result;
use bridge_tests::chaos::{self, Plan};

/// The whole of it is `cargo xtask chaos`. A failure names its seed, which `BRIDGEWORK_CHAOS_SEED`
/// sets for another run.
#[tokio::test]
async fn a_conversation_outlives_kills_and_outages_on_all_sides() -> Result<()> {
    let plan = Plan::small(chaos::seed()?);
    println!("{}", chaos::run(&plan).await?);
    Ok(())
}
