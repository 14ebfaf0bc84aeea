//! `cargo xtask demo`: a conversation through a bridge between real servers.

mod gitter;
mod irc;
mod xmpp;

use std::{env, time::Instant};

use anyhow::Result;
use bridge_tests::rig;
use clap::ValueEnum;
use rand::seq::IndexedRandom;

use crate::{
    run::{cargo, run},
    setup,
};

/// Set by whoever wants to see the demo fail: the bridge ends half-way.
const STOP_BRIDGE: &str = "BRIDGEWORK_DEMO_STOP_BRIDGE";

const WORDS: &[&str] = &[
    "amber", "basalt", "cobalt", "delta", "ember", "fjord", "garnet", "heron", "indigo", "juniper",
    "kelp", "lagoon", "marble", "nectar", "opal", "pewter", "quartz", "russet", "saffron",
    "tundra", "umber", "violet", "walnut", "yarrow",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The network to talk to.
    #[arg(default_value = "irc")]
    network: Network,
    /// End after the proof.
    #[arg(long)]
    once: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Network {
    Irc,
    Gitter,
    Xmpp,
}

/// What happens after the proof.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    End,
    StayUp,
}

/// Installs what is missing, builds the bridge unless `$BRIDGE_BIN_DIR` names one, shows the conversation. Fails if any line does not
/// cross.
pub(crate) fn demo(args: &Args) -> Result<()> {
    setup::servers()?;
    if env::var_os(rig::BIN_DIR).is_none() {
        // All of it, as a part alone would have some dependencies built with other features.
        run(cargo().args(["build", "--workspace", "--bins"]))?;
    }
    let afterwards = if args.once { Afterwards::End } else { Afterwards::StayUp };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match args.network {
        Network::Irc => runtime.block_on(irc::demo(afterwards)),
        Network::Gitter => runtime.block_on(gitter::demo(afterwards)),
        Network::Xmpp => runtime.block_on(xmpp::demo(afterwards)),
    }
}

/// A word that nobody could have known before, with a number against chance.
fn word() -> String {
    let mut random = rand::rng();
    let word = WORDS.choose(&mut random).copied().unwrap_or_default();
    format!("{word}-{:04}", rand::random_range(0..10_000))
}

fn took(start: Instant) -> String {
    format!("{} ms", start.elapsed().as_millis())
}
