//! What a session tells, and how much of it may be unread.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::Arc,
    time::{Instant, SystemTime},
};

use tokio::sync::{
    OwnedSemaphorePermit, Semaphore,
    mpsc::{self, error::TrySendError},
};

use super::{Closed, SessionId};
use crate::{address::ServerAddress, message::Message};

/// How many bytes of messages may be read and not yet dropped by the consumer, for each session.
pub const OUTSTANDING: usize = 1 << 20;

/// What a message costs besides its bytes.
const OVERHEAD: usize = 128;

/// What must be free before a line is read: more than any line costs.
const LARGEST: usize = 64 * 1024;

/// Something that happened to a session.
#[derive(Debug)]
pub struct SessionEvent {
    /// Which session.
    pub session: SessionId,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// A socket is open; TLS and registration follow.
    Opened {
        /// The server.
        server: ServerAddress,
        /// Our end of the socket, for an ident server.
        local: SocketAddr,
        /// The server's end.
        remote: SocketAddr,
    },
    /// The greeting is over. Messages from 001 on come before this event.
    Registered,
    /// A message came in.
    Message(Arrival),
    /// A line was too long and is lost.
    Overlong {
        /// How long it was.
        bytes: usize,
    },
    /// The end; nothing comes after it.
    Closed(Closed),
}

/// A message with its time.
///
/// While it lives it counts towards [`OUTSTANDING`]: keep it until what it says is on disk.
#[derive(Debug)]
pub struct Arrival {
    /// The message.
    pub message: Message,
    /// When it was read, by the wall.
    pub at: SystemTime,
    /// When it was read, to measure how long it takes from there.
    pub read: Instant,
    /// Whether it came from ourselves, by the nick that was ours at that moment.
    pub own: bool,
    credit: Option<OwnedSemaphorePermit>,
}

impl Arrival {
    /// A message that counts towards nothing.
    pub fn new(message: Message, at: SystemTime, own: bool) -> Self {
        Self { message, at, read: Instant::now(), own, credit: None }
    }
}

/// The way to the consumer: its channel, and behind it what did not fit.
#[derive(Debug)]
pub(super) struct Feed {
    session: SessionId,
    events: mpsc::Sender<SessionEvent>,
    backlog: VecDeque<SessionEvent>,
    credit: Arc<Semaphore>,
}

impl Feed {
    pub(super) fn new(session: SessionId, events: mpsc::Sender<SessionEvent>) -> Self {
        let credit = Arc::new(Semaphore::new(OUTSTANDING));
        Self { session, events, backlog: VecDeque::new(), credit }
    }

    /// Whether one more line may be read.
    pub(super) fn has_room(&self) -> bool {
        self.credit.available_permits() >= LARGEST
    }

    /// Waits, independently of the feed, until it has room.
    pub(super) fn room(&self) -> impl Future<Output = ()> + use<> {
        let credit = Arc::clone(&self.credit);
        async move {
            let largest = u32::try_from(LARGEST).unwrap_or(u32::MAX);
            // The semaphore is never closed; if it were, reading would be right all the same.
            drop(credit.acquire_many(largest).await);
        }
    }

    /// Whether something waits for room in the channel.
    pub(super) fn is_behind(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Whether nobody takes events any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.events.is_closed()
    }

    /// Tells of a message that took `bytes` on the wire.
    pub(super) fn message(&mut self, mut arrival: Arrival, bytes: usize) {
        let cost = u32::try_from((bytes + OVERHEAD).min(LARGEST)).unwrap_or(u32::MAX);
        arrival.credit = Arc::clone(&self.credit).try_acquire_many_owned(cost).ok();
        self.push(EventKind::Message(arrival));
    }

    /// Tells of anything.
    pub(super) fn push(&mut self, kind: EventKind) {
        let event = SessionEvent { session: self.session, kind };
        if self.is_behind() {
            self.backlog.push_back(event);
        } else if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
            self.backlog.push_back(event);
        }
    }

    /// Moves one event on as soon as the channel has room.
    pub(super) async fn deliver(&mut self) {
        match self.events.reserve().await {
            Ok(slot) => {
                if let Some(event) = self.backlog.pop_front() {
                    slot.send(event);
                }
            }
            Err(_) => self.backlog.clear(),
        }
    }

    /// Delivers all that is left, and the end.
    pub(super) async fn finish(mut self, closed: Closed) {
        self.backlog
            .push_back(SessionEvent { session: self.session, kind: EventKind::Closed(closed) });
        while self.is_behind() {
            self.deliver().await;
        }
    }
}
