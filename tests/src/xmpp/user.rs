//! An XMPP user on slixmpp, run by `python/xmpp_user.py`.

use std::{
    collections::HashMap,
    fmt,
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{Mutex as AsyncMutex, oneshot},
};

use super::Stanza;
use crate::{Inbox, rig::python, wait::PATIENCE};

const SCRIPT: &str = include_str!("../../python/xmpp_user.py");

/// A user with one device. The client's process ends with it.
#[derive(Debug)]
pub struct XmppUser {
    address: String,
    requests: AsyncMutex<ChildStdin>,
    next: AtomicU64,
    shared: Arc<Shared>,
    _process: Child,
}

/// A message that is answered.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The id that the room has given it.
    pub id: &'a str,
    /// Its author, as `room/nick`.
    pub to: &'a str,
    /// What it says.
    pub quote: &'a str,
}

#[derive(Debug, Default)]
struct Shared {
    stanzas: Inbox<Stanza>,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Result<Value>>>>,
}

impl XmppUser {
    /// Logs in at `server`, with this device.
    pub async fn connect(server: &str, bare: &str, device: &str) -> Result<Self> {
        let (host, port) = server.split_once(':').context("an address has a port")?;
        let mut process = Command::new(python()?)
            .args(["-c", SCRIPT, host, port, &format!("{bare}/{device}"), "rig"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let requests = process.stdin.take().context("the client has no standard input")?;
        let output = process.stdout.take().context("the client has no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let ready = lines.next_line().await?.context("the client ended before it logged in")?;
        let ready: Value = serde_json::from_str(&ready)?;
        let address = ready["ready"].as_str().context("the client is not ready")?.to_owned();
        let shared = Arc::new(Shared::default());
        tokio::spawn(read(lines, shared.clone()));
        let (requests, next) = (AsyncMutex::new(requests), AtomicU64::new(0));
        Ok(Self { address, requests, next, shared, _process: process })
    }

    /// `user@domain/device`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `user@domain`.
    pub fn bare(&self) -> &str {
        self.address.split('/').next().unwrap_or_default()
    }

    /// Enters a room and waits until it is in.
    pub async fn join(&self, room: &str, nick: &str) -> Result<()> {
        self.request(json!({"do": "join", "room": room, "nick": nick})).await.map(drop)
    }

    /// Leaves a room.
    pub async fn leave(&self, room: &str, nick: &str) -> Result<()> {
        self.request(json!({"do": "leave", "room": room, "nick": nick})).await.map(drop)
    }

    /// Takes another nick in a room.
    pub async fn rename(&self, room: &str, nick: &str) -> Result<()> {
        self.request(json!({"do": "rename", "room": room, "nick": nick})).await.map(drop)
    }

    /// Says something in a room and returns the id that it gave the message.
    pub async fn say(&self, room: &str, body: &str) -> Result<String> {
        id_of(&self.request(json!({"do": "say", "to": room, "body": body})).await?)
    }

    /// Corrects a message, named by the id that this user gave it.
    pub async fn correct(&self, room: &str, first: &str, body: &str) -> Result<String> {
        let request = json!({"do": "say", "to": room, "body": body, "replaces": first});
        id_of(&self.request(request).await?)
    }

    /// Answers a message.
    pub async fn reply(&self, room: &str, to: Reply<'_>, body: &str) -> Result<String> {
        let reply = json!({"id": to.id, "to": to.to, "quote": to.quote});
        let request = json!({"do": "say", "to": room, "body": body, "reply": reply});
        id_of(&self.request(request).await?)
    }

    /// Has these reactions and no others to a message, named by the id that the room gave it.
    pub async fn react(&self, room: &str, of: &str, keys: &[&str]) -> Result<()> {
        let request = json!({"do": "react", "to": room, "of": of, "keys": keys});
        self.request(request).await.map(drop)
    }

    /// Takes a message back.
    pub async fn retract(&self, room: &str, of: &str) -> Result<()> {
        self.request(json!({"do": "retract", "to": room, "of": of})).await.map(drop)
    }

    /// Sets a room's subject.
    pub async fn subject(&self, room: &str, text: &str) -> Result<()> {
        self.request(json!({"do": "subject", "room": room, "text": text})).await.map(drop)
    }

    /// Gives an occupant this role; `none` puts them out.
    pub async fn role(&self, room: &str, nick: &str, role: &str, reason: &str) -> Result<()> {
        let request =
            json!({"do": "role", "room": room, "nick": nick, "role": role, "reason": reason});
        self.request(request).await.map(drop)
    }

    /// What an entity says of itself.
    pub async fn disco(&self, to: &str) -> Result<Stanza> {
        self.request(json!({"do": "disco", "to": to})).await.map(Stanza)
    }

    /// What a room's archive holds: nicks and words, in its order.
    pub async fn archive(&self, room: &str) -> Result<Vec<(String, String)>> {
        let answer = self.request(json!({"do": "archive", "room": room})).await?;
        let said = answer.as_array().context("an archive is a list")?.iter().cloned().map(Stanza);
        let said = said.filter(|stanza| stanza.child("body").is_some());
        Ok(said.map(|stanza| (stanza.nick().to_owned(), stanza.body())).collect())
    }

    /// Sends a stanza as it is written here.
    pub async fn raw(&self, xml: &str) -> Result<()> {
        self.request(json!({"do": "raw", "xml": xml})).await.map(drop)
    }

    /// Everything that came in.
    pub fn inbox(&self) -> &Inbox<Stanza> {
        &self.shared.stanzas
    }

    /// What was said in a room: nicks and words, in the order in which it came.
    pub fn said_in(&self, room: &str) -> Vec<(String, String)> {
        let said = self.inbox().all().into_iter().filter(|stanza| stanza.is_said_in(room));
        said.map(|stanza| (stanza.nick().to_owned(), stanza.body())).collect()
    }

    /// Waits for a stanza, whether it has come already or not.
    pub async fn wait_for(
        &self,
        what: impl fmt::Display,
        fits: impl Fn(&Stanza) -> bool,
    ) -> Result<Stanza> {
        self.wait_for_within(what, PATIENCE, fits).await
    }

    /// [`XmppUser::wait_for`] with another deadline.
    pub async fn wait_for_within(
        &self,
        what: impl fmt::Display,
        deadline: Duration,
        fits: impl Fn(&Stanza) -> bool,
    ) -> Result<Stanza> {
        let what = format!("{what} (to {})", self.address);
        self.shared.stanzas.wait_for(what, deadline, fits).await
    }

    async fn request(&self, mut request: Value) -> Result<Value> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        request["id"] = id.into();
        let (sender, answer) = oneshot::channel();
        self.shared.waiting().insert(id, sender);
        self.requests.lock().await.write_all(format!("{request}\n").as_bytes()).await?;
        tokio::time::timeout(PATIENCE, answer)
            .await
            .with_context(|| format!("no answer to {request}"))?
            .context("the client has ended")?
            .with_context(|| format!("{} cannot do {request}", self.address))
    }
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Result<Value>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id_of(answer: &Value) -> Result<String> {
    Ok(answer.as_str().context("the answer names no message")?.to_owned())
}

/// Sorts what the client says, until it ends.
async fn read(mut lines: Lines<BufReader<ChildStdout>>, shared: Arc<Shared>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let mut said: Value = serde_json::from_str(&line).unwrap_or_default();
        if said["stanza"].is_object() {
            shared.stanzas.push(Stanza(said["stanza"].take()));
        } else if let Some(asker) = said["id"].as_u64().and_then(|id| shared.waiting().remove(&id))
        {
            let answer = match said["error"].as_str() {
                Some(error) => Err(anyhow!("{error}")),
                None => Ok(said["ok"].take()),
            };
            let _ = asker.send(answer);
        }
    }
    shared.stanzas.close("the client has ended");
    shared.waiting().clear();
}
