//! The program `bridge-xmpp`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bridge_core::cli::main::<bridge_xmpp::network::Xmpp>()
}
