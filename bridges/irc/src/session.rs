//! The life of one connection: an actor with one task and no lock.
//!
//! ```text
//!             socket ─> codec ─> Head ─> state, registration ─> events (SessionEvent)
//!               ^                  └─ PING: PONG at once
//!               └─ output <─ writes <─ permits <─ bucket <─ lanes <─ SessionHandle::permit
//! ```
//! A session connects, registers, stays alive and ends; it never comes back by itself (see
//! [`reconnect`](crate::reconnect)). Sending has two steps, so that the caller can commit "sending" in
//! between: [`SessionHandle::permit`] waits for the flood bucket, [`Permit::write`] for the socket.
//!
//! Reading goes on whatever the consumer of the events does, until [`OUTSTANDING`] bytes of messages
//! are read and not yet dropped by it; then the socket waits, and with it PONG and the watchdog.
//! Nothing that was read is ever thrown away, also at the end.

use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::actor::Actor;
pub use self::{
    closed::{CloseReason, Closed, Retry},
    config::{SessionConfig, SessionId, Timing},
    event::{Arrival, EventKind, OUTSTANDING, SessionEvent},
    handle::{Permit, PermitError, SendError, SessionHandle},
    interest::Interest,
};
use crate::state::State;

mod actor;
mod closed;
mod config;
mod event;
mod handle;
mod interest;
mod keepalive;
mod output;
mod socket;
#[cfg(test)]
mod tests;
mod turnstile;

/// How many requests of a handle wait for the actor; a caller beyond that waits too.
const COMMANDS: usize = 32;

/// A connection that has not begun yet.
#[derive(Debug)]
pub struct Session {
    actor: Actor,
}

impl Session {
    /// A session and the handle to send through it. It ends when `shutdown` is cancelled, when every
    /// handle is dropped, or when nobody takes its events any more; it says `QUIT` then.
    pub fn new(
        config: SessionConfig,
        events: mpsc::Sender<SessionEvent>,
        shutdown: CancellationToken,
    ) -> (SessionHandle, Self) {
        let nick = config.registrant.nicks.first().map_or("", String::as_str);
        let (state, watched) = watch::channel(State::new(nick));
        let (commands, received) = mpsc::channel(COMMANDS);
        let handle = SessionHandle::new(config.id, commands, watched);
        (handle, Self { actor: Actor::new(config, events, received, state, shutdown) })
    }

    /// Begins a session on a task of its own.
    pub fn connect(
        config: SessionConfig,
        events: mpsc::Sender<SessionEvent>,
        shutdown: CancellationToken,
        tasks: &TaskTracker,
    ) -> SessionHandle {
        let (handle, session) = Self::new(config, events, shutdown);
        tasks.spawn(session.run());
        handle
    }

    /// Runs to the end, which is also the last event.
    pub async fn run(self) -> Closed {
        self.actor.run().await
    }
}
