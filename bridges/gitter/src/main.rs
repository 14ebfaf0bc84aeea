//! The program `bridge-gitter`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bridge_core::cli::main::<bridge_gitter::network::Gitter>()
}
