//! A Matrix user on matrix-nio, another project's client, run by `python/nio_user.py`.

use std::{
    collections::HashMap,
    fmt,
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{Mutex as AsyncMutex, oneshot},
};

use crate::{
    Inbox,
    matrix::{Event, PASSWORD},
    rig::{Synapse, python},
    wait::PATIENCE,
};

const SCRIPT: &str = include_str!("../python/nio_user.py");

/// A user who syncs from the beginning. The client's process ends with it.
#[derive(Debug)]
pub struct NioUser {
    id: String,
    requests: AsyncMutex<ChildStdin>,
    next: AtomicU64,
    shared: Arc<Shared>,
    _process: Child,
}

#[derive(Debug, Default)]
struct Shared {
    events: Inbox<Event>,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Result<Value>>>>,
}

impl NioUser {
    /// Makes a user of this name on the homeserver, or logs in if there is one, and starts to sync.
    pub async fn register(synapse: &Synapse, localpart: &str) -> Result<Self> {
        synapse.register(localpart, PASSWORD).await?;
        let id = format!("@{localpart}:{}", synapse.server_name());
        let mut process = Command::new(python()?)
            .args(["-c", SCRIPT, synapse.url(), &id, PASSWORD])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let requests = process.stdin.take().context("the client has no standard input")?;
        let output = process.stdout.take().context("the client has no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let ready = lines.next_line().await?.context("the client ended before it logged in")?;
        anyhow::ensure!(ready.contains("ready"), "the client began with {ready}");
        let shared = Arc::new(Shared::default());
        tokio::spawn(read(lines, shared.clone()));
        let (requests, next) = (AsyncMutex::new(requests), AtomicU64::new(0));
        Ok(Self { id, requests, next, shared, _process: process })
    }

    /// `@localpart:domain`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Joins a room by id or alias and returns its id.
    pub async fn join(&self, room: &str) -> Result<String> {
        let answer = self.request(json!({"do": "join", "room": room})).await?;
        Ok(answer["room_id"].as_str().context("the answer names no room")?.to_owned())
    }

    /// Leaves a room.
    pub async fn leave(&self, room: &str) -> Result<()> {
        self.request(json!({"do": "leave", "room": room})).await?;
        Ok(())
    }

    /// Says something and returns the event's id.
    pub async fn send_text(&self, room: &str, body: &str) -> Result<String> {
        self.send_message(room, json!({"msgtype": "m.text", "body": body})).await
    }

    /// Sends an `m.room.message` with this content.
    pub async fn send_message(&self, room: &str, content: Value) -> Result<String> {
        let answer = self.request(json!({"do": "send", "room": room, "content": content})).await?;
        Ok(answer["event_id"].as_str().context("the answer names no event")?.to_owned())
    }

    /// Messages and memberships that syncs have brought.
    pub fn inbox(&self) -> &Inbox<Event> {
        &self.shared.events
    }

    /// Waits for a message or membership, whether it has come already or not.
    pub async fn wait_for(
        &self,
        what: impl fmt::Display,
        fits: impl Fn(&Event) -> bool,
    ) -> Result<Event> {
        let what = format!("{what} (to {} on nio)", self.id);
        self.shared.events.wait_for(what, PATIENCE, fits).await
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
    }
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Result<Value>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sorts what the client says, until it ends.
async fn read(mut lines: Lines<BufReader<ChildStdout>>, shared: Arc<Shared>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let mut said: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(room) = said["event"]["room"].as_str() {
            let room = room.to_owned();
            shared.events.push(Event { room, json: said["event"]["json"].take() });
        } else if let Some(asker) = said["id"].as_u64().and_then(|id| shared.waiting().remove(&id))
        {
            let answer = match said["error"].as_str() {
                Some(error) => Err(anyhow!("{error}")),
                None => Ok(said["ok"].take()),
            };
            let _ = asker.send(answer);
        }
    }
    shared.events.close("the client has ended");
    shared.waiting().clear();
}
