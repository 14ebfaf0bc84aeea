//! Sending through a session.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{mpsc, oneshot, watch};

use super::{
    SessionId,
    turnstile::{Grant, Slot},
};
use crate::{
    flood::Priority,
    message::{Message, WriteError},
    state::State,
};

/// The way to a session. Clones go to the same one; when all are dropped it ends.
#[derive(Clone, Debug)]
pub struct SessionHandle {
    id: SessionId,
    commands: mpsc::Sender<Request>,
    state: watch::Receiver<State>,
    labels: Arc<AtomicU64>,
}

/// What a handle asks of the actor.
#[derive(Debug)]
pub(super) enum Request {
    /// A permit for one line.
    Permit { priority: Priority, lane: u64, grant: Grant },
    /// Lines to be written with a permit.
    Write(Write),
}

/// Lines to be written.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) bytes: String,
    pub(super) lines: u32,
    /// Whether one of them is `QUIT`.
    pub(super) quits: bool,
    pub(super) slot: Slot,
    pub(super) done: oneshot::Sender<Result<(), SendError>>,
}

/// No permit is to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PermitError {
    /// Too many lines wait already.
    #[error("too many lines are waiting for this connection")]
    Full,
    /// The session is over or ending.
    #[error("the connection is closed")]
    Closed,
}

/// Lines were not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// A message has no line.
    #[error(transparent)]
    Invalid(#[from] WriteError),
    /// A line is longer than the server allows.
    #[error("a line of {bytes} bytes is longer than the {limit} that the server allows")]
    TooLong {
        /// How long it is, its end counted and its tags not.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The connection ended before anything of it left. It may be sent again.
    #[error("the connection closed before the line was written")]
    NotWritten,
    /// The connection ended meanwhile: the server may have it or not.
    #[error("the connection closed while the line was written")]
    Interrupted,
}

impl SessionHandle {
    pub(super) fn new(
        id: SessionId,
        commands: mpsc::Sender<Request>,
        state: watch::Receiver<State>,
    ) -> Self {
        Self { id, commands, state, labels: Arc::default() }
    }

    /// Which session this is.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// What the server has told the session about itself. Do not hold it across an `await`.
    pub fn state(&self) -> watch::Ref<'_, State> {
        self.state.borrow()
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }

    /// Waits for leave to write one line. Permits of a lane come in the order in which they are asked
    /// for; nothing is given before registration. Dropping the future gives the place up.
    pub async fn permit(&self, priority: Priority, lane: u64) -> Result<Permit, PermitError> {
        let (grant, granted) = oneshot::channel();
        let request = Request::Permit { priority, lane, grant };
        self.commands.send(request).await.map_err(|_| PermitError::Closed)?;
        let slot = granted.await.map_err(|_| PermitError::Closed)??;
        Ok(Permit { slot, handle: self.clone() })
    }

    /// Waits for a permit and writes one message, with the priority that its command has.
    pub async fn send(&self, lane: u64, message: Message) -> Result<(), SendError> {
        let permit = self.permit(Priority::of(&message), lane).await;
        permit.map_err(|_| SendError::NotWritten)?.write(message).await
    }
}

/// Leave to write. Whoever does not use it drops it; the token is spent all the same.
#[derive(Debug)]
pub struct Permit {
    slot: Slot,
    handle: SessionHandle,
}

impl Permit {
    /// A label that no other line of this session has, if the server answers to labels.
    ///
    /// Know it before you write: the answer may be faster than the return of the write.
    pub fn label(&self) -> Option<String> {
        let known = self.handle.state().caps.has("labeled-response");
        known.then(|| format!("{:x}", self.handle.labels.fetch_add(1, Ordering::Relaxed)))
    }

    /// Writes a message; returns when the socket has it. Dropping the future does not take it back.
    pub async fn write(self, message: Message) -> Result<(), SendError> {
        self.write_all(&[message]).await
    }

    /// Writes a message with a label of [`Permit::label`].
    pub async fn write_labelled(self, message: Message, label: &str) -> Result<(), SendError> {
        self.write(message.with_tag("label", label)).await
    }

    /// Writes several messages in one go, such as a multiline batch. The bucket pays for each later.
    pub async fn write_all(self, messages: &[Message]) -> Result<(), SendError> {
        let bytes = encode(messages, &self.handle.state())?;
        let (done, written) = oneshot::channel();
        let write = Write {
            bytes,
            lines: u32::try_from(messages.len()).unwrap_or(u32::MAX),
            quits: messages.iter().any(|message| message.command == "QUIT"),
            slot: self.slot,
            done,
        };
        let request = Request::Write(write);
        self.handle.commands.send(request).await.map_err(|_| SendError::NotWritten)?;
        // A session that never took the request has written nothing.
        written.await.unwrap_or(Err(SendError::NotWritten))
    }
}

/// The lines of messages, without the tags that the server would not understand.
fn encode(messages: &[Message], state: &State) -> Result<String, SendError> {
    let mut bytes = String::new();
    for message in messages {
        let mut message = message.clone();
        message.tags.retain(|tag| {
            state.caps.has(match tag {
                "label" => "labeled-response",
                "batch" => "batch",
                _ => "message-tags",
            })
        });
        let line = message.to_line()?;
        let rest = match line.strip_prefix('@') {
            Some(tagged) => tagged.split_once(' ').map_or("", |(_, rest)| rest),
            None => &line,
        };
        let limit = state.isupport.line_length();
        if rest.len() + 2 > limit {
            return Err(SendError::TooLong { bytes: rest.len() + 2, limit });
        }
        bytes.push_str(&line);
        bytes.push_str("\r\n");
    }
    Ok(bytes)
}
