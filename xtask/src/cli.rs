//! The command line.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{bench, chaos, ci, demo, setup, test};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the workspace")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Show a conversation through a bridge between real servers, then stay up to be joined.
    Demo(demo::Args),
    /// Install the servers and clients that tests need, where they are missing.
    Setup,
    /// Run all tests, those against real servers too.
    Test(test::Args),
    /// Kill and restart everything during a conversation, and see what came of it.
    Chaos(chaos::Args),
    /// Measure the bridge for IRC beside its floors; `bench --quick` for a first look.
    Bench(bench::Args),
    /// Run everything that a change must pass.
    Ci,
}

/// Runs the task and reports how it ended.
pub(crate) fn main() -> ExitCode {
    match perform(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    match task {
        Task::Demo(args) => demo::demo(&args),
        Task::Setup => setup::servers(),
        Task::Test(args) => test::test(&args),
        Task::Chaos(args) => chaos::chaos(&args),
        Task::Bench(args) => bench::bench(&args),
        Task::Ci => ci::ci(),
    }
}
