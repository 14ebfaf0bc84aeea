//! A bridge as its admin runs it: made with `init`, run as a process, asked over HTTP.

mod builder;
mod config;
mod metrics;

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Output},
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;

use self::config::ConfigFile;
pub use self::{builder::BridgeBuilder, metrics::Metrics};
use crate::rig::{Process, Scratch, http_client};

/// Names the point at which a bridge built for debugging ends itself.
const FAILPOINT: &str = "BRIDGE_FAILPOINT";

/// A bridge that has been made and may or may not be running.
#[derive(Debug)]
pub struct Bridge {
    /// The process, to be stopped, killed, frozen and started again with its store.
    pub process: Process,
    binary: PathBuf,
    config: ConfigFile,
    ports: Ports,
    scratch: Scratch,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    appservice: u16,
    admin: u16,
    media: u16,
}

impl Bridge {
    /// A bridge of this program, as `bridge-irc`.
    pub fn builder(program: &str) -> BridgeBuilder {
        BridgeBuilder::new(program)
    }

    /// The folder of its configuration, registration, store and log.
    pub fn dir(&self) -> &Path {
        self.scratch.path()
    }

    /// Where the homeserver sends transactions.
    pub fn appservice_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.appservice)
    }

    /// The port of [`Bridge::appservice_url`].
    pub fn appservice_port(&self) -> u16 {
        self.ports.appservice
    }

    /// Where health, metrics and the admin API are.
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.admin)
    }

    /// Where signed links lead.
    pub fn media_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.media)
    }

    /// A token of the registration: `as_token` or `hs_token`.
    pub fn token(&self, name: &str) -> Result<String> {
        let registration = config::read(&self.scratch.file(builder::REGISTRATION))?;
        Ok(registration[name].as_str().with_context(|| format!("no {name}"))?.to_owned())
    }

    /// Sets a key of the configuration, as `irc.networks.local.flood`; the next start reads it.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) -> Result<()> {
        self.config.set(key, value.into());
        self.config.write()
    }

    /// Asks it to end (SIGTERM) and waits for its exit status.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.process.stop().await
    }

    /// Kills it (SIGKILL).
    pub async fn kill_9(&mut self) -> Result<ExitStatus> {
        self.process.kill_9().await
    }

    /// Starts it with its store after it has ended, and waits until it is ready.
    pub async fn start_again(&mut self) -> Result<()> {
        self.process.start_again().await
    }

    /// [`Bridge::stop`] and [`Bridge::start_again`].
    pub async fn restart(&mut self) -> Result<()> {
        self.process.restart().await
    }

    /// From the next start on it ends itself at this fail point: `name`, or `name:N` for the Nth
    /// passage.
    pub fn arm(&mut self, failpoint: &str) {
        self.process.command().env(FAILPOINT, failpoint);
    }

    /// From the next start on there is no fail point.
    pub fn disarm(&mut self) {
        self.process.command().env_remove(FAILPOINT);
    }

    /// Waits until it has ended itself at its fail point.
    pub async fn wait_failpoint(&mut self, deadline: Duration) -> Result<()> {
        let status = self.process.wait_end(deadline).await.context("the fail point is reached")?;
        let aborted = std::os::unix::process::ExitStatusExt::signal(&status).is_some();
        anyhow::ensure!(aborted, "the bridge ended with {status}, not at its fail point");
        Ok(())
    }

    /// Runs another of its subcommands beside it, as `["queue", "list", "--json"]`.
    pub async fn cli(&self, args: &[&str]) -> Result<Output> {
        builder::command(&self.binary, self.dir(), args).await
    }

    /// Begins another of its subcommands beside it; it is killed when the value is dropped.
    pub fn spawn_cli(&self, args: &[&str]) -> Result<tokio::process::Child> {
        let child = tokio::process::Command::new(&self.binary)
            .args(args)
            .current_dir(self.dir())
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn();
        child.with_context(|| format!("cannot start {}", self.binary.display()))
    }

    /// The figures of `/metrics`.
    pub async fn metrics(&self) -> Result<Metrics> {
        let answer = http_client()?.get(format!("{}/metrics", self.admin_url())).send().await?;
        Ok(Metrics::parse(&answer.error_for_status()?.text().await?))
    }

    /// The sum over all series of a metric that have these labels; 0 if there is none.
    pub async fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64> {
        Ok(self.metrics().await?.sum(name, labels))
    }

    /// Whether `/health/live` says that it takes messages.
    pub async fn is_live(&self) -> Result<bool> {
        let url = format!("{}/health/live", self.admin_url());
        Ok(http_client()?.get(url).send().await?.status().is_success())
    }

    /// The status and body of `/health/ready`.
    pub async fn health(&self) -> Result<(u16, Value)> {
        let url = format!("{}/health/ready", self.admin_url());
        let answer = http_client()?.get(url).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// A request to `/api/v1` with the admin's token; the status and the body.
    pub async fn api(&self, method: &str, path: &str, body: &Value) -> Result<(u16, Value)> {
        let token = std::fs::read_to_string(self.scratch.file("admin.token"))?;
        self.api_as(Some(token.trim()), method, path, body).await
    }

    /// A request to `/api/v1` with this token.
    pub async fn api_as(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<(u16, Value)> {
        let url = format!("{}/api/v1/{path}", self.admin_url());
        let mut request = http_client()?.request(method.parse()?, url).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }
}
