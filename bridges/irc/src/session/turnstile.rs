//! Who may write now: the queue, the bucket, and how many are between permit and write.

use std::sync::Arc;

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::Instant,
};

use super::PermitError;
use crate::flood::{Bucket, Full, Priority, Queue, Rate};

/// How many permits may be given and not yet used. A barrier waits for all of them.
const SLOTS: u32 = 32;

/// A place among those who may write; free again when it is dropped.
pub(super) type Slot = OwnedSemaphorePermit;

/// Where a permit is sent to.
pub(super) type Grant = oneshot::Sender<Result<Slot, PermitError>>;

/// Gives out permits.
#[derive(Debug)]
pub(super) struct Turnstile {
    queue: Queue<Grant>,
    bucket: Bucket,
    slots: Arc<Semaphore>,
    next: Next,
}

/// What the next permit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// For somebody to ask.
    Request,
    /// For a token.
    Token(Instant),
    /// For so many free slots.
    Slots(u32),
}

impl Turnstile {
    pub(super) fn new(rate: Rate, bound: usize, now: Instant) -> Self {
        Self {
            queue: Queue::new(bound),
            bucket: Bucket::new(rate, now.into_std()),
            slots: Arc::new(Semaphore::new(SLOTS as usize)),
            next: Next::Request,
        }
    }

    /// Queues a request, or refuses it.
    pub(super) fn request(&mut self, priority: Priority, lane: u64, grant: Grant) {
        let Err(Full(grant)) = self.queue.push(priority, lane, grant) else { return };
        // Those who have gone make room.
        self.queue.retain(|grant| !grant.is_closed());
        if let Err(Full(grant)) = self.queue.push(priority, lane, grant) {
            let _ = grant.send(Err(PermitError::Full));
        }
    }

    /// From now on another rate.
    pub(super) fn set_rate(&mut self, rate: Rate, now: Instant) {
        self.bucket.set_rate(rate, now.into_std());
    }

    /// More lines were written with a permit than the one it stood for.
    pub(super) fn charge(&mut self, lines: u32) {
        self.bucket.charge(lines);
    }

    /// Gives out what can be given out.
    pub(super) fn advance(&mut self, now: Instant) {
        self.next = loop {
            if self.queue.is_empty() {
                break Next::Request;
            }
            let wanted = if self.queue.is_at_barrier() { SLOTS } else { 1 };
            let Ok(slot) = Arc::clone(&self.slots).try_acquire_many_owned(wanted) else {
                break Next::Slots(wanted);
            };
            if let Err(later) = self.bucket.take(now.into_std()) {
                break Next::Token(Instant::from_std(later));
            }
            let taken = self.queue.pop().is_some_and(|grant| grant.send(Ok(slot)).is_ok());
            if !taken {
                self.bucket.refund();
            }
        };
    }

    /// When there will be a token for the one who waits for it.
    pub(super) fn token_at(&self) -> Option<Instant> {
        match self.next {
            Next::Token(at) => Some(at),
            _ => None,
        }
    }

    /// Waits, independently of the turnstile, for the slots that the next permit needs.
    pub(super) fn slots(&self) -> Option<impl Future<Output = ()> + use<>> {
        let Next::Slots(wanted) = self.next else { return None };
        let slots = Arc::clone(&self.slots);
        Some(async move {
            drop(slots.acquire_many(wanted).await);
        })
    }
}
