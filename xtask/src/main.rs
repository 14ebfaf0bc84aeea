//! `cargo xtask`: the workspace's tasks, in Rust so that they run wherever it builds.

use std::process::ExitCode;

mod bench;
mod chaos;
mod ci;
mod cli;
mod demo;
mod run;
mod setup;
mod test;

fn main() -> ExitCode {
    cli::main()
}
