//! `cargo xtask test`.

use std::{env, process::Command};

use anyhow::Result;
use bridge_tests::rig;

use crate::{
    run::{cargo, run},
    setup::{self, Tool},
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only tests whose names contain this.
    filter: Option<String>,
}

/// Installs what is missing, builds everything, runs the tests.
pub(crate) fn test(args: &Args) -> Result<()> {
    setup::servers()?;
    setup::tool(Tool::NEXTEST)?;
    // The bridges' programs too: tests start them, but do not depend on them.
    run(with_rig(cargo().args(["build", "--workspace", "--all-targets"]))?)?;
    let mut nextest = cargo();
    nextest.args(["nextest", "run", "--workspace"]);
    if env::var_os("CI").is_some() {
        nextest.args(["--profile", "ci"]);
    }
    nextest.args(&args.filter);
    // A test's error says what was awaited and what came instead; where in the runtime it was
    // awaited is of no use.
    run(with_rig(nextest.env("RUST_LIB_BACKTRACE", "0"))?)
}

/// Tells the tests where this task has installed things.
fn with_rig(command: &mut Command) -> Result<&mut Command> {
    Ok(command.env(rig::RIG_DIR, rig::rig_dir()?))
}
