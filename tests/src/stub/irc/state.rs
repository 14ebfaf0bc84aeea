//! Who is connected, and the channels.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Features, channel::Channel};
use crate::stub::ledger::Ledger;

/// What all connections share.
#[derive(Debug)]
pub(super) struct State {
    pub(super) ledger: Arc<Ledger>,
    pub(super) features: Features,
    /// The nicks of those who are connected.
    pub(super) clients: Mutex<HashSet<String>>,
    channels: RwLock<HashMap<String, Arc<Channel>>>,
    next: AtomicU64,
}

impl State {
    pub(super) fn new(ledger: Arc<Ledger>, features: Features) -> Self {
        Self {
            ledger,
            features,
            clients: Mutex::default(),
            channels: RwLock::default(),
            next: AtomicU64::new(1),
        }
    }

    /// A number that was not given before.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The channel of this name.
    pub(super) fn channel(&self, name: &str) -> Arc<Channel> {
        let known = self.channels.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        known.unwrap_or_else(|| {
            let mut channels = self.channels.write().unwrap_or_else(PoisonError::into_inner);
            let made = || Arc::new(Channel::new(name, self.features.history));
            channels.entry(name.to_owned()).or_insert_with(made).clone()
        })
    }

    /// All channels.
    pub(super) fn channels(&self) -> Vec<Arc<Channel>> {
        let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        channels.values().cloned().collect()
    }
}
