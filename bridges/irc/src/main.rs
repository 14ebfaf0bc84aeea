//! The program `bridge-irc`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bridge_core::cli::main::<bridge_irc::network::Irc>()
}
