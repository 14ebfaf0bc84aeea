//! MongoDB as a replica set of one: what change streams and transactions need at least.

use std::{ffi::OsString, fs, process::Command};

use anyhow::{Context, Result};
use mongodb::{
    Client,
    bson::{Document, doc},
};

use crate::wait;

use super::{Process, Ready, Scratch, free_port, mongod as program};

/// The name of the replica set.
const SET: &str = "rs0";

/// A server yet to be started; its port is known from the beginning.
#[derive(Debug)]
pub struct MongodBuilder {
    port: u16,
    kind: Kind,
    options: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    ReplicaSet,
    Standalone,
}

impl MongodBuilder {
    /// Without a replica set: neither change streams nor transactions.
    #[must_use]
    pub fn standalone(mut self) -> Self {
        self.kind = Kind::Standalone;
        self
    }

    /// One more option of the program.
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The connection string of a database.
    pub fn url(&self, database: &str) -> String {
        url(self.kind, self.port, database)
    }

    /// Starts the server, makes it a replica set, and waits until it is the primary.
    pub async fn start(self) -> Result<Mongod> {
        let scratch = Scratch::new("mongod")?;
        let data = scratch.file("data");
        fs::create_dir(&data)?;
        let mut command = Command::new(program()?);
        command.args(["--bind_ip", "127.0.0.1", "--port", &self.port.to_string()]);
        command.args(["--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--dbpath"]).arg(&data);
        if self.kind == Kind::ReplicaSet {
            command.args(["--replSet", SET]);
        }
        command.args(&self.options);
        let (log, ready) = (scratch.file("mongod.log"), Ready::Mongo(self.address()));
        let mut process = Process::spawn("mongod", command, log, ready)?;
        if self.kind == Kind::ReplicaSet {
            initiate(&self.address()).await?;
        }
        process.wait_ready().await?;
        Ok(Mongod { process, port: self.port, kind: self.kind, _scratch: scratch })
    }
}

/// A running server.
#[derive(Debug)]
pub struct Mongod {
    /// The process, to be stopped, killed, frozen and started again with its data.
    pub process: Process,
    port: u16,
    kind: Kind,
    _scratch: Scratch,
}

impl Mongod {
    /// A replica set of one on a free port.
    pub fn builder() -> MongodBuilder {
        MongodBuilder { port: free_port(), kind: Kind::ReplicaSet, options: Vec::new() }
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The connection string of a database.
    pub fn url(&self, database: &str) -> String {
        url(self.kind, self.port, database)
    }

    /// Makes it a new set with the same data: its log of changes begins anew, as after a restore.
    pub async fn begin_anew(&mut self) -> Result<()> {
        self.process.stop().await?;
        // As a server of its own it lets go of what made it a member of the old set.
        let set = self.process.command().get_args().map(ToOwned::to_owned).collect::<Vec<_>>();
        let alone: Vec<_> = without_set(&set);
        self.restart_with(&alone).await?;
        let address = self.address();
        let client = Client::with_uri_str(format!("mongodb://{address}/?directConnection=true"));
        client.await?.database("local").drop().await?;
        self.process.stop().await?;
        self.restart_with(&set).await?;
        initiate(&address).await?;
        self.process.wait_ready().await
    }

    async fn restart_with(&mut self, args: &[OsString]) -> Result<()> {
        let mut command = Command::new(program()?);
        command.args(args);
        *self.process.command() = command;
        self.process.spawn_again()?;
        let address = self.address();
        wait::until("mongod answers", wait::PATIENCE, async || {
            Ok(admin(&address, doc! { "ping": 1 }).await.ok())
        })
        .await
        .map(drop)
    }

    /// A client of the whole set.
    pub async fn client(&self) -> Result<Client> {
        Ok(Client::with_uri_str(self.url("admin")).await?)
    }
}

fn without_set(args: &[OsString]) -> Vec<OsString> {
    let at = args.iter().position(|arg| arg == "--replSet").unwrap_or(args.len());
    args.iter()
        .enumerate()
        .filter(|(n, _)| *n != at && *n != at + 1)
        .map(|(_, a)| a.clone())
        .collect()
}

fn url(kind: Kind, port: u16, database: &str) -> String {
    match kind {
        Kind::ReplicaSet => format!("mongodb://127.0.0.1:{port}/{database}?replicaSet={SET}"),
        Kind::Standalone => format!("mongodb://127.0.0.1:{port}/{database}"),
    }
}

/// Makes the server a set of itself. The driver waits until it listens.
async fn initiate(address: &str) -> Result<()> {
    let config = doc! { "_id": SET, "members": [{ "_id": 0, "host": address }] };
    admin(address, doc! { "replSetInitiate": config })
        .await
        .map(drop)
        .context("mongod does not become a replica set")
}

pub(super) async fn is_primary(address: &str) -> Result<bool> {
    let answer = admin(address, doc! { "hello": 1 }).await?;
    Ok(answer.get_bool("isWritablePrimary").unwrap_or_default())
}

/// A command to this very server, whatever its state in the set.
async fn admin(address: &str, command: Document) -> Result<Document> {
    let client =
        Client::with_uri_str(format!("mongodb://{address}/?directConnection=true")).await?;
    Ok(client.database("admin").run_command(command).await?)
}
