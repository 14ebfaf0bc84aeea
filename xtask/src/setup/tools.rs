//! Cargo's tools from crates.io.

use anyhow::Result;

use crate::run::{cargo, run, succeeds};

/// A program that cargo can install. Any version that is there will do.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    /// The crate.
    name: &'static str,
    /// The version to install.
    version: &'static str,
    /// What shows that it is there, as arguments to cargo or a program of its own.
    probe: Probe,
}

#[derive(Clone, Copy)]
enum Probe {
    Subcommand(&'static str),
    Program(&'static str),
}

impl Tool {
    /// Runs the tests.
    pub(crate) const NEXTEST: Self =
        Self { name: "cargo-nextest", version: "0.9.143", probe: Probe::Subcommand("nextest") };
    /// Checks licences, sources and duplicates of dependencies.
    pub(crate) const DENY: Self =
        Self { name: "cargo-deny", version: "0.20.2", probe: Probe::Subcommand("deny") };
    /// Finds misspelt words.
    pub(crate) const TYPOS: Self =
        Self { name: "typos-cli", version: "1.52.0", probe: Probe::Program("typos") };

    fn is_there(self) -> bool {
        match self.probe {
            Probe::Subcommand(name) => succeeds(cargo().args([name, "--version"])),
            Probe::Program(name) => succeeds(std::process::Command::new(name).arg("--version")),
        }
    }
}

/// Installs the tool if it is missing.
pub(crate) fn tool(tool: Tool) -> Result<()> {
    if tool.is_there() {
        return Ok(());
    }
    let _lock = super::lock()?;
    if tool.is_there() {
        return Ok(());
    }
    println!("setup: installing {} {} from crates.io", tool.name, tool.version);
    let mut install = cargo();
    // Unoptimised, as building it would take longer than all its runs together.
    install.args(["install", "--locked", "--debug", tool.name, "--version", tool.version]);
    // Apart from the workspace's own target folder.
    run(install.env_remove("CARGO_TARGET_DIR"))
}
