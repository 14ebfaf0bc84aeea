//! What a client has received, and waiting for more of it.

use std::{fmt, time::Duration};

use anyhow::{Result, bail};
use tokio::sync::watch;

use crate::wait;

/// Items in the order of their arrival, kept from the first to the last.
///
/// A wait looks at all of them, so it does not matter whether an item came before the wait began.
#[derive(Debug)]
pub struct Inbox<T> {
    state: watch::Sender<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    items: Vec<T>,
    closed: Option<String>,
}

/// How many of the latest items an error shows.
const SHOWN: usize = 25;

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self { state: watch::Sender::new(State { items: Vec::new(), closed: None }) }
    }
}

impl<T: Clone + fmt::Debug> Inbox<T> {
    /// Adds an item.
    pub fn push(&self, item: T) {
        self.state.send_modify(|state| state.items.push(item));
    }

    /// Says that nothing more will come, and why; waits fail at once then.
    pub fn close(&self, why: impl fmt::Display) {
        self.state.send_modify(|state| state.closed = Some(why.to_string()));
    }

    /// Why nothing more will come, if so.
    pub fn closed(&self) -> Option<String> {
        self.state.borrow().closed.clone()
    }

    /// Everything so far.
    pub fn all(&self) -> Vec<T> {
        self.state.borrow().items.clone()
    }

    /// How many items there are.
    pub fn count(&self) -> usize {
        self.state.borrow().items.len()
    }

    /// The items after the first `seen`, as soon as there are any; none once it is closed.
    pub async fn after(&self, seen: usize) -> Option<Vec<T>> {
        let mut receiver = self.state.subscribe();
        let more = |state: &State<T>| state.items.len() > seen || state.closed.is_some();
        let state = receiver.wait_for(more).await.ok()?;
        state.items.get(seen..).filter(|items| !items.is_empty()).map(<[T]>::to_vec)
    }

    /// Waits until `find` makes something of the items.
    ///
    /// # Errors
    /// When the deadline passes or the inbox is closed first; the error shows the latest items.
    pub async fn wait<R>(
        &self,
        what: impl fmt::Display,
        deadline: Duration,
        mut find: impl FnMut(&[T]) -> Option<R>,
    ) -> Result<R> {
        let mut found = None;
        let mut receiver = self.state.subscribe();
        let waiting = receiver.wait_for(|state| {
            found = find(&state.items);
            found.is_some() || state.closed.is_some()
        });
        let expired = tokio::time::timeout(deadline, waiting).await.is_err();
        if let Some(found) = found {
            return Ok(found);
        }
        wait::note_failure();
        let state = self.state.borrow();
        let latest = &state.items[state.items.len().saturating_sub(SHOWN)..];
        let why = match &state.closed {
            Some(why) if !expired => format!("will not come, {why}"),
            _ => format!("did not come within {deadline:?}"),
        };
        bail!("{what} {why}; {} received, the latest {latest:#?}", state.items.len())
    }

    /// Waits for the first item that fits, whether it has come already or not.
    ///
    /// # Errors
    /// As for [`Inbox::wait`].
    pub async fn wait_for(
        &self,
        what: impl fmt::Display,
        deadline: Duration,
        fits: impl Fn(&T) -> bool,
    ) -> Result<T> {
        self.wait(what, deadline, |items| items.iter().find(|item| fits(item)).cloned()).await
    }
}
