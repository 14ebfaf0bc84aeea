//! Transactions to one application service: in order, one at a time, until it answers 200.
//!
//! As in Synapse, a transaction that was tried once is kept with the ids of its events and is made
//! anew for each further try, without ephemeral data; what is merely queued is lost by a restart.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use tokio::sync::{Notify, watch};

use super::{event::Event, room::Room, service::Service, world::World};
use crate::homeserver::Backoff;

/// How many events a transaction holds at most.
const LARGEST: usize = 100;
/// Synapse waits from 2 s to 512 s.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(500));

/// One try of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The transaction id.
    pub txn_id: String,
    /// How many events there were.
    pub events: usize,
    /// How many pieces of ephemeral data there were.
    pub ephemeral: usize,
    /// What the service answered, if it did.
    pub answer: Option<StatusCode>,
}

/// What is to be pushed to a service.
#[derive(Debug, Default)]
pub(super) struct Pusher {
    queue: Mutex<Queue>,
    /// Rung when there is something to do, or no reason to wait any longer.
    bell: Notify,
    /// How many transactions were taken; for those who wait.
    taken: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Element>,
    ephemeral: Vec<Value>,
    /// Those that were tried and those that came meanwhile.
    stored: VecDeque<Transaction>,
    last_txn: u64,
    is_held: bool,
    attempts: Vec<Attempt>,
}

#[derive(Clone, Debug)]
enum Element {
    Event { room: Arc<Room>, place: usize },
    Raw(Box<RawValue>),
}

#[derive(Clone, Debug)]
struct Transaction {
    id: u64,
    elements: Vec<Element>,
}

impl Pusher {
    pub(super) fn push(&self, room: &Arc<Room>, place: usize) {
        self.lock().waiting.push_back(Element::Event { room: Arc::clone(room), place });
        self.bell.notify_one();
    }

    pub(super) fn push_raw(&self, elements: Vec<Box<RawValue>>) {
        self.lock().waiting.extend(elements.into_iter().map(Element::Raw));
        self.bell.notify_one();
    }

    pub(super) fn push_ephemeral(&self, data: Value) {
        self.lock().ephemeral.push(data);
        self.bell.notify_one();
    }

    pub(super) fn reset_counter(&self) {
        self.lock().last_txn = 0;
    }

    pub(super) fn hold(&self) {
        self.lock().is_held = true;
    }

    pub(super) fn release(&self) {
        self.lock().is_held = false;
        self.bell.notify_one();
    }

    /// Tries at once, if there is something to try.
    pub(super) fn hurry(&self) {
        self.bell.notify_one();
    }

    /// Loses what a restart loses.
    pub(super) fn restart(&self) {
        let mut queue = self.lock();
        queue.waiting.clear();
        queue.ephemeral.clear();
        self.bell.notify_one();
    }

    pub(super) fn attempts(&self) -> Vec<Attempt> {
        self.lock().attempts.clone()
    }

    /// Waits until nothing is left to push.
    pub(super) async fn idle(&self) {
        // The sender is ours: it does not go away.
        let _ = self.taken.subscribe().wait_for(|_| self.is_idle()).await;
    }

    fn is_idle(&self) -> bool {
        let queue = self.lock();
        queue.waiting.is_empty() && queue.stored.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// The transaction to try, and the ephemeral data that goes with its first try.
    fn next(&mut self) -> Option<(Transaction, Vec<Value>)> {
        if self.is_held {
            return None;
        }
        if let Some(stored) = self.stored.front() {
            return Some((stored.clone(), Vec::new()));
        }
        if self.waiting.is_empty() && self.ephemeral.is_empty() {
            return None;
        }
        let transaction = self.store();
        Some((transaction, mem::take(&mut self.ephemeral)))
    }

    fn store(&mut self) -> Transaction {
        let count = self.waiting.len().min(LARGEST);
        self.last_txn += 1;
        let elements = self.waiting.drain(..count).collect();
        let transaction = Transaction { id: self.last_txn, elements };
        self.stored.push_back(transaction.clone());
        transaction
    }

    fn forget(&mut self, id: u64) {
        if self.stored.front().is_some_and(|stored| stored.id == id) {
            self.stored.pop_front();
        }
    }

    /// Keeps what came while the service is taken as down.
    fn store_all(&mut self) {
        self.ephemeral.clear();
        while !self.waiting.is_empty() {
            self.store();
        }
    }
}

/// Pushes to a service as long as the homeserver is there.
pub(super) async fn run(world: Weak<World>, service: Arc<Service>) {
    let pusher = &service.pusher;
    let mut failures = 0;
    loop {
        let next = pusher.lock().next();
        let Some((transaction, ephemeral)) = next else {
            pusher.bell.notified().await;
            continue;
        };
        let Some(world) = world.upgrade() else { return };
        let is_delivered = attempt(&world, &service, &transaction, &ephemeral).await;
        drop(world);
        if is_delivered {
            failures = 0;
            pusher.lock().forget(transaction.id);
            pusher.taken.send_modify(|taken| *taken += 1);
        } else {
            pusher.lock().store_all();
            let pause = tokio::time::sleep(BACKOFF.ceiling(failures));
            failures = failures.saturating_add(1);
            tokio::select! {
                () = pause => {}
                () = pusher.bell.notified() => {}
            }
        }
    }
}

/// Tries once; a homeserver that is down does not.
async fn attempt(
    world: &World,
    service: &Service,
    transaction: &Transaction,
    ephemeral: &[Value],
) -> bool {
    let mut open = world.doors.watch();
    if open.wait_for(|open| *open).await.is_err() {
        return false;
    }
    let path = format!("/_matrix/app/v1/transactions/{}", transaction.id);
    let body = body(transaction, ephemeral);
    let answer = tokio::select! {
        answer = world.outcalls.call(service, Method::PUT, &path, body) => answer.ok(),
        _ = open.wait_for(|open| !*open) => None,
    };
    let answer = answer.map(|(status, _)| status);
    service.pusher.lock().attempts.push(Attempt {
        txn_id: transaction.id.to_string(),
        events: transaction.elements.len(),
        ephemeral: ephemeral.len(),
        answer,
    });
    answer.is_some_and(|status| status.is_success())
}

/// What events look like now: one that was redacted meanwhile is empty.
fn body(transaction: &Transaction, ephemeral: &[Value]) -> Bytes {
    #[derive(Serialize)]
    struct Body<'a> {
        events: Vec<Shown>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        ephemeral: &'a [Value],
        #[serde(rename = "de.sorunome.msc2409.ephemeral", skip_serializing_if = "<[_]>::is_empty")]
        unstable_ephemeral: &'a [Value],
    }

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Shown {
        Event(Arc<Event>),
        Raw(Box<RawValue>),
    }

    let events = transaction
        .elements
        .iter()
        .map(|element| match element {
            Element::Event { room, place } => Shown::Event(Arc::clone(&room.lock().events[*place])),
            Element::Raw(raw) => Shown::Raw(raw.clone()),
        })
        .collect();
    let body = Body { events, ephemeral, unstable_ephemeral: ephemeral };
    serde_json::to_vec(&body).unwrap_or_default().into()
}
