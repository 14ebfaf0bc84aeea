//! Synapse, as installed from PyPI into the rig's virtual environment.

mod admin;
mod config;

use std::{fs, path::PathBuf, process::Command};

use anyhow::Result;
use reqwest::Client;

use super::{Process, Ready, Scratch, free_port, http_client, port, python};

/// The secret of the registration API.
const SECRET: &str = "rig";

/// A homeserver yet to be started. Its port is known from the beginning, so that a bridge's
/// registration can be made before the homeserver reads it.
#[derive(Debug)]
pub struct SynapseBuilder {
    port: u16,
    server_name: String,
    room_version: Option<String>,
    appservices: Vec<PathBuf>,
    ahead: u32,
}

impl SynapseBuilder {
    /// The port that it will listen on if that is free, rather than any port.
    #[must_use]
    pub fn prefer_port(mut self, port: u16) -> Self {
        self.port = port::free_port_or(port);
        self
    }

    /// The server's name, `localhost` otherwise.
    #[must_use]
    pub fn server_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.server_name);
        self
    }

    /// The version of rooms that name none, in place of Synapse's own choice.
    #[must_use]
    pub fn room_version(mut self, version: &str) -> Self {
        self.room_version = Some(version.to_owned());
        self
    }

    /// Adds the registration file of an application service. It is read at every start.
    #[must_use]
    pub fn appservice(mut self, registration: impl Into<PathBuf>) -> Self {
        self.appservices.push(registration.into());
        self
    }

    /// Its clock is ahead by so many seconds.
    #[must_use]
    pub fn ahead_by_seconds(mut self, seconds: u32) -> Self {
        self.ahead = seconds;
        self
    }

    /// The base URL of the client API.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `127.0.0.1:port`, for a [`Proxy`](super::Proxy) in front.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Writes the configuration, starts the server and waits until it answers.
    pub async fn start(self) -> Result<Synapse> {
        let scratch = Scratch::new("synapse")?;
        let mut config = config::homeserver(scratch.path(), &self.server_name, self.port);
        if let Some(version) = &self.room_version {
            config["default_room_version"] = version.as_str().into();
        }
        config["app_service_config_files"] =
            self.appservices.iter().map(|path| path.to_string_lossy()).collect();
        fs::write(scratch.file("homeserver.yaml"), config.to_string())?;
        fs::write(scratch.file("log.yaml"), config::log().to_string())?;
        fs::write(scratch.file("signing.key"), config::signing_key())?;

        let mut command = Command::new(python()?);
        command.args(["-m", "synapse.app.homeserver", "-c"]).arg(scratch.file("homeserver.yaml"));
        command.current_dir(scratch.path());
        if self.ahead > 0 {
            fs::write(scratch.file("sitecustomize.py"), config::clock(self.ahead))?;
            command.env("PYTHONPATH", scratch.path());
        }
        let log = scratch.file("synapse.log");
        let ready = Ready::Http(format!("{}/_matrix/client/versions", self.url()));
        Ok(Synapse {
            process: Process::start("synapse", command, log, ready).await?,
            url: self.url(),
            server_name: self.server_name,
            http: http_client()?,
            scratch,
        })
    }
}

/// A running homeserver.
#[derive(Debug)]
pub struct Synapse {
    /// The process, to be stopped, killed, frozen and started again with its data. The counter of
    /// transactions begins at 1 again at a start when none was left undelivered.
    pub process: Process,
    url: String,
    server_name: String,
    http: Client,
    scratch: Scratch,
}

impl Synapse {
    /// A homeserver named `localhost` on a free port.
    pub fn builder() -> SynapseBuilder {
        SynapseBuilder {
            port: free_port(),
            server_name: "localhost".to_owned(),
            room_version: None,
            appservices: Vec::new(),
            ahead: 0,
        }
    }

    /// The base URL of the client API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The domain of its users and rooms.
    pub fn server_name(&self) -> &str {
        &self.server_name
    }

    /// While it is stopped: it forgets the transactions that it could not deliver yet, and their
    /// counter begins at 1 again.
    pub fn forget_transactions(&self) -> Result<()> {
        let database = rusqlite::Connection::open(self.scratch.file(config::DATABASE))?;
        let forget =
            "DELETE FROM application_services_txns; DELETE FROM application_services_state";
        Ok(database.execute_batch(forget)?)
    }

    /// Warnings and errors that it has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Makes an ordinary user, or only logs in anew when there is one of that name. Returns the
    /// access token.
    pub async fn register(&self, localpart: &str, password: &str) -> Result<String> {
        admin::register(&self.http, &self.url, SECRET, localpart, password, admin::Role::User).await
    }

    /// Makes a user who may use the homeserver's admin API. Returns the access token.
    pub async fn register_admin(&self, localpart: &str, password: &str) -> Result<String> {
        admin::register(&self.http, &self.url, SECRET, localpart, password, admin::Role::Admin)
            .await
    }
}
