//! The command line that all bridges share.
//!
//! A binary is `fn main() -> ExitCode { bridge_core::cli::main::<Irc>() }`.

mod admin;
mod args;
mod check;
mod client;
mod failure;
mod init;
mod install;
mod question;
mod registration;
mod rooms;
mod run;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    io::{IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use serde::de::DeserializeOwned;

pub(crate) use self::client::reachable;
use self::{
    args::{Command, ConfigCommand},
    failure::Failure,
    question::{Questions, Terminal},
};
use crate::{
    config::{self, Config, ConfigError, ExampleValues, Facts, Loaded, process_variables},
    doctor::{Diagnosis, Reach},
    network::Network,
};

/// The program of one network: reads the command line, does what it says, and gives the exit code.
///
/// 0: done; 1: failed; 2: the command line or the configuration is wrong; 3: the homeserver refuses
/// the bridge; 4: the network refuses it.
pub fn main<N: Network>() -> ExitCode {
    // Several libraries below bring TLS; they must agree on one provider before any of them starts.
    // The call fails only if there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let program = Program {
        facts: Facts::of::<N>(),
        parse: parse::<N::Config>,
        run: run::run::<N>,
        examine: check::examine::<N>,
        variables: process_variables(),
    };
    let mut terminal = Terminal;
    let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let questions = asks.then_some(&mut terminal as &mut dyn Questions);
    program.main(std::env::args_os(), &mut std::io::stdout().lock(), questions)
}

/// What a program does that depends on its network, so that nothing below is generic.
struct Program {
    facts: Facts,
    parse: Parse,
    run: fn(&Path, &Facts) -> Result<(), Failure>,
    examine: fn(&Path, &Facts, Reach) -> Result<Vec<Diagnosis>, Failure>,
    variables: Vec<(String, String)>,
}

/// Reads the text of a configuration whose network section has a type.
type Parse = fn(&str, &Path, Vec<(String, String)>, &Facts) -> Result<Loaded<()>, ConfigError>;

fn parse<C: DeserializeOwned>(
    text: &str,
    path: &Path,
    variables: Vec<(String, String)>,
    facts: &Facts,
) -> Result<Loaded<()>, ConfigError> {
    let loaded = Config::parse::<C>(text, path, variables, facts)?;
    Ok(Loaded { config: loaded.config, network: (), source: loaded.source })
}

impl Program {
    fn main(
        &self,
        args: impl IntoIterator<Item = OsString>,
        out: &mut dyn Write,
        questions: Option<&mut dyn Questions>,
    ) -> ExitCode {
        let command = match args::parse(args, &self.facts) {
            Ok(command) => command,
            Err(error) => {
                let _ = error.print();
                return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
            }
        };
        match self.execute(command, out, questions) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("{failure}");
                ExitCode::from(failure.exit_code())
            }
        }
    }

    fn execute(
        &self,
        command: Command,
        out: &mut dyn Write,
        questions: Option<&mut dyn Questions>,
    ) -> Result<(), Failure> {
        match command {
            Command::Init(args) => init::init(self, &args, out, questions),
            Command::Registration { config, out: file } => {
                registration::print(self, &config, file.as_deref(), out)
            }
            Command::Check { config, reach, json } => {
                let found = (self.examine)(&config, &self.facts, reach)?;
                check::show(&found, json, out)
            }
            Command::Run { config } => (self.run)(&config, &self.facts),
            Command::Admin { config, command } => admin::run(self, &config, command, out),
            Command::Config(ConfigCommand::Example) => {
                let example = config::example(&self.facts, &ExampleValues::default());
                Ok(out.write_all(example.as_bytes())?)
            }
            Command::Config(ConfigCommand::Dump { config }) => {
                Ok(out.write_all(self.load(&config)?.dump().as_bytes())?)
            }
        }
    }

    /// Reads a configuration file.
    fn load(&self, path: &Path) -> Result<Loaded<()>, ConfigError> {
        let text = Config::text_of(path)?;
        (self.parse)(&text, path, self.variables.clone(), &self.facts)
    }

    /// The name of the binary.
    fn name(&self) -> String {
        format!("bridge-{}", self.facts.kind)
    }
}
