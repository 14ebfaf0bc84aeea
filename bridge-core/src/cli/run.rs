//! `run`: from the files to the running bridge.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::net::TcpListener;
use tracing::info;

use super::{Failure, registration};
use crate::{
    bridge::{self, Parts, RunError},
    clock::Clock,
    config::{Config, ConfigError, Facts, Loaded, process_variables},
    lifecycle::{DRAIN, PARTING, Shutdown},
    network::{Network, NetworkEnv},
    telemetry::{self, Metrics},
};

/// How long threads that are busy at the end may take before they are left behind.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// Runs a bridge until it is told to stop.
pub(super) fn run<N: Network>(path: &Path, facts: &Facts) -> Result<(), Failure> {
    let loaded = Config::load::<N::Config>(path, process_variables(), facts)?;
    telemetry::log(&loaded.config.logging);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let ended = runtime.block_on(serve::<N>(loaded));
    runtime.shutdown_timeout(LAST_THREADS);
    ended
}

async fn serve<N: Network>(loaded: Loaded<N::Config>) -> Result<(), Failure> {
    let shutdown = Shutdown::on_signals(DRAIN + PARTING).context("cannot listen for signals")?;
    let metrics = Metrics::install();
    tokio::spawn(metrics.upkeep(shutdown.hard().clone()));
    let parts = assemble::<N>(loaded).await?;
    info!(
        version = env!("CARGO_PKG_VERSION"),
        id = parts.config.appservice.id,
        listen = %parts.config.appservice.listen,
        admin = %parts.config.admin.listen,
        "starting"
    );
    tokio::select! {
        ended = bridge::run(parts, shutdown.soft().clone()) => ended?,
        () = shutdown.hard().cancelled() => {}
    }
    info!("stopped");
    Ok(())
}

/// Opens what a bridge needs. Ports come last: whoever sees them open sees a bridge.
async fn assemble<N: Network>(loaded: Loaded<N::Config>) -> Result<Parts<N>, RunError> {
    let Loaded { config, network, source } = loaded;
    let registration = registration::read(&config.appservice.registration)?;
    check_registration(&config, &registration)?;
    let clock = Clock::system();
    let env = NetworkEnv {
        folder: config.folder.clone(),
        domain: config.homeserver.domain.clone(),
        clock: clock.clone(),
    };
    let network = N::new(network, env).map_err(|error| source.locate(error))?;
    let appservice = listen("appservice.listen", config.appservice.listen).await?;
    let admin = listen("admin.listen", config.admin.listen).await?;
    let media = listen("media.listen", config.media.listen).await?;
    Ok(Parts { config, registration, network: Arc::new(network), appservice, admin, media, clock })
}

/// Refuses a registration of other ids: the homeserver would believe it, and not us.
fn check_registration(
    config: &Config,
    found: &::registration::Registration,
) -> Result<(), ConfigError> {
    let appservice = &config.appservice;
    let wrong = |key: &str, ours: &str, theirs: &str| {
        ConfigError::in_file(
            &appservice.registration,
            None,
            key,
            format!("`{theirs}` here, but `{ours}` in the configuration"),
            "write it anew with `registration -o FILE`, and tell the homeserver",
        )
    };
    if found.id != appservice.id {
        return Err(wrong("id", &appservice.id, &found.id));
    }
    if found.sender_localpart != appservice.bot {
        return Err(wrong("sender_localpart", &appservice.bot, &found.sender_localpart));
    }
    Ok(())
}

async fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).await.map_err(|source| RunError::Listen {
        key,
        address: address.to_string(),
        source,
    })
}
