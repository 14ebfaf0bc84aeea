//! `cargo xtask ci`: everything that a change must pass.

use std::process::Command;

use anyhow::Result;

use crate::{
    run::{cargo, root, run},
    setup::{self, Tool},
};

/// Runs the checks from the quickest to the slowest; the first that fails ends it.
pub(crate) fn ci() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    setup::tool(Tool::TYPOS)?;
    run(Command::new("typos").current_dir(root()))?;
    setup::tool(Tool::DENY)?;
    // Advisories are kept elsewhere than in the registry; they are not for every change.
    run(cargo().args([
        "deny",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))?;
    run(cargo()
        .args(["clippy", "--workspace", "--all-targets", "--locked", "--"])
        .args(["-D", "warnings"]))?;
    run(cargo()
        .args(["doc", "--workspace", "--no-deps", "--locked"])
        .env("RUSTDOCFLAGS", "-D warnings"))?;
    // The command that the README names, as a reader would type it.
    run(cargo().args(["xtask", "test"]))
}
