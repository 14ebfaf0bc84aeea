//! `registration`: the file by which the homeserver knows the bridge.

use std::{io::Write, path::Path};

use anyhow::Context;
use registration::{Ephemeral, Overwrite, Registration, Spec, generate, write_private};

use super::{Failure, Program};
use crate::config::{Config, ConfigError, Facts};

/// Prints or writes the registration of a configuration. Tokens that are in use stay so.
pub(super) fn print(
    program: &Program,
    config: &Path,
    file: Option<&Path>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let loaded = program.load(config)?;
    let old = read_existing(&loaded.config.appservice.registration)?;
    let text = make(&loaded.config, &program.facts, old.as_ref()).to_yaml();
    match file {
        None => out.write_all(text.as_bytes())?,
        Some(file) => write_private(file, &text, Overwrite::Replace)
            .with_context(|| format!("cannot write {}", file.display()))?,
    }
    Ok(())
}

/// The registration that fits a configuration, with the tokens of an old one if there is one.
pub(super) fn make(config: &Config, facts: &Facts, old: Option<&Registration>) -> Registration {
    let appservice = &config.appservice;
    generate(&Spec {
        id: &appservice.id,
        url: Some(appservice.url.as_str()),
        sender_localpart: &appservice.bot,
        server_name: config.homeserver.domain.as_str(),
        user_templates: std::slice::from_ref(&appservice.ghosts),
        alias_templates: std::slice::from_ref(&appservice.aliases),
        protocols: &[facts.kind],
        ephemeral: Ephemeral::Receive,
        tokens: old,
    })
}

/// The registration in a file, if there is such a file.
pub(super) fn read_existing(path: &Path) -> Result<Option<Registration>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, path).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// The registration in a file that must be there.
pub(super) fn read(path: &Path) -> Result<Registration, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<Registration, ConfigError> {
    Registration::from_yaml(text).map_err(|problem| {
        let line = u64::try_from(problem.line).ok();
        ConfigError::in_file(path, line, problem.key, problem.what, problem.fix)
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> ConfigError {
    let fix = match error.kind() {
        std::io::ErrorKind::NotFound => {
            "write it with `registration -o FILE`, and tell the homeserver"
        }
        _ => "let the bridge read it",
    };
    ConfigError::file(path, format!("cannot read the registration: {error}"), fix)
}
