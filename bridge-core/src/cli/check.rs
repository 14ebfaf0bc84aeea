//! `check`: the doctor.

use std::{io::Write, path::Path};

use anyhow::Context;

use super::{Failure, admin::print_json};
use crate::{
    clock::Clock,
    config::{Config, Facts, process_variables},
    doctor::{self, Diagnosis, Reach},
    network::{Network, NetworkEnv},
};

/// Examines what a configuration names.
pub(super) fn examine<N: Network>(
    path: &Path,
    facts: &Facts,
    reach: Reach,
) -> Result<Vec<Diagnosis>, Failure> {
    let loaded = Config::load::<N::Config>(path, process_variables(), facts)?;
    let config = loaded.config;
    let env = NetworkEnv {
        folder: config.folder.clone(),
        domain: config.homeserver.domain.clone(),
        clock: Clock::system(),
    };
    let network = N::new(loaded.network, env).map_err(|error| loaded.source.locate(error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .map_err(Failure::NotRun)?;
    let found = runtime.block_on(doctor::examine(path, &config, &network, reach));
    runtime.shutdown_background();
    Ok(found)
}

/// Shows what was found: a line each, or JSON.
pub(super) fn show(found: &[Diagnosis], json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if json {
        print_json(found, out)?;
    }
    for diagnosis in found.iter().filter(|_| !json) {
        writeln!(out, "{}", line(diagnosis))?;
    }
    match (found.len(), json) {
        (0, true) => Ok(()),
        (0, false) => Ok(writeln!(out, "Nothing is wrong.")?),
        (count, _) => Err(Failure::Findings(count)),
    }
}

/// `registration.yaml:4: E03 warning: as_token: …; fix: …`
fn line(diagnosis: &Diagnosis) -> String {
    let Diagnosis { code, severity, file, line, key, what, fix } = diagnosis;
    let place = match (file, line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        _ => String::new(),
    };
    let key = key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default();
    format!("{place}{code} {severity}: {key}{what}; fix: {fix}")
}
