//! From `init` to a running bridge.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Bridge, Ports, config::ConfigFile};
use crate::rig::{Process, Ready, Scratch, binary_dir, free_port};

const CONFIG: &str = "config.yaml";

pub(super) const REGISTRATION: &str = "registration.yaml";

/// A bridge to be made. Its ports are known from the beginning.
#[derive(Clone, Debug)]
pub struct BridgeBuilder {
    program: String,
    ports: Ports,
    domain: String,
    homeserver: String,
    flags: Vec<String>,
    settings: Vec<(String, Value)>,
}

impl BridgeBuilder {
    pub(super) fn new(program: &str) -> Self {
        Self {
            program: program.to_owned(),
            ports: Ports { appservice: free_port(), admin: free_port(), media: free_port() },
            domain: "localhost".to_owned(),
            homeserver: "http://127.0.0.1:8008".to_owned(),
            flags: Vec::new(),
            settings: Vec::new(),
        }
    }

    /// How it reaches the homeserver.
    #[must_use]
    pub fn homeserver(mut self, url: &str) -> Self {
        url.clone_into(&mut self.homeserver);
        self
    }

    /// The homeserver's name, `localhost` otherwise.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        domain.clone_into(&mut self.domain);
        self
    }

    /// The IRC server of the network `local`: `irc://host:port`, or `ircs://` for TLS.
    #[must_use]
    pub fn irc_server(self, url: &str) -> Self {
        self.flag("--irc-server", url)
    }

    /// A flag of `init`.
    #[must_use]
    pub fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// A key of the configuration, as `irc.networks.local.flood`, in place of what `init` wrote.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.settings.push((key.to_owned(), value.into()));
        self
    }

    /// `127.0.0.1:port` where it will take transactions, for a [`Proxy`](crate::rig::Proxy) in
    /// front of it.
    pub fn appservice_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.appservice)
    }

    /// Runs `init`, then changes what a test needs otherwise, then has the registration written to
    /// match.
    pub async fn prepare(self) -> Result<Prepared> {
        let binary = find_binary(&self.program)?;
        let scratch = Scratch::new(&self.program)?;
        let dir = scratch.path().to_string_lossy().into_owned();
        let mut init = vec!["init", "--defaults", "--homeserver-url", &self.homeserver];
        init.extend(["--domain", &self.domain, "--out", &dir]);
        init.extend(self.flags.iter().map(String::as_str));
        succeed(&binary, scratch.path(), &init).await?;

        let mut config = ConfigFile::read(scratch.file(CONFIG))?;
        let local = |port: u16| format!("127.0.0.1:{port}");
        let Ports { appservice, admin, media } = self.ports;
        config.set("appservice.listen", local(appservice).into());
        config.set("appservice.url", format!("http://{}", local(appservice)).into());
        config.set("admin.listen", local(admin).into());
        config.set("media.listen", local(media).into());
        config.set("media.public_url", format!("http://{}", local(media)).into());
        for (key, value) in self.settings {
            config.set(&key, value);
        }
        config.write()?;
        let registration = ["registration", "-c", CONFIG, "-o", REGISTRATION];
        succeed(&binary, scratch.path(), &registration).await?;
        Ok(Prepared { program: self.program, binary, config, ports: self.ports, scratch })
    }
}

/// A bridge with its files, not yet running.
#[derive(Debug)]
pub struct Prepared {
    program: String,
    binary: PathBuf,
    config: ConfigFile,
    ports: Ports,
    scratch: Scratch,
}

impl Prepared {
    /// The registration file, for the homeserver.
    pub fn registration(&self) -> PathBuf {
        self.scratch.file(REGISTRATION)
    }

    /// The folder of its files.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// Starts it and waits until it is ready.
    pub async fn run(self) -> Result<Bridge> {
        let mut bridge = self.spawn()?;
        bridge.process.wait_ready().await?;
        Ok(bridge)
    }

    /// Starts it without waiting.
    pub fn spawn(self) -> Result<Bridge> {
        let mut command = Command::new(&self.binary);
        command.args(["run", "-c", CONFIG]).current_dir(self.scratch.path());
        let ready = Ready::Http(format!("http://127.0.0.1:{}/health/ready", self.ports.admin));
        let log = self.scratch.file("bridge.log");
        let Self { program, binary, config, ports, scratch } = self;
        let process = Process::spawn(&program, command, log, ready)?;
        Ok(Bridge { process, binary, config, ports, scratch })
    }
}

fn find_binary(program: &str) -> Result<PathBuf> {
    let path = binary_dir()?.join(program);
    ensure!(
        path.is_file(),
        "there is no {}; `cargo build --workspace` makes it, `cargo xtask test` does so by itself",
        path.display()
    );
    Ok(path)
}

/// Runs a subcommand in the bridge's folder, where its configuration has the usual name.
pub(super) async fn command(binary: &Path, dir: &Path, args: &[&str]) -> Result<Output> {
    let output = tokio::process::Command::new(binary)
        .args(args)
        .current_dir(dir)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    output.with_context(|| format!("cannot start {}", binary.display()))
}

async fn succeed(binary: &Path, dir: &Path, args: &[&str]) -> Result<()> {
    let output = command(binary, dir, args).await?;
    ensure!(
        output.status.success(),
        "{} {}: {}\n{}{}",
        binary.display(),
        args.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Ok(())
}
