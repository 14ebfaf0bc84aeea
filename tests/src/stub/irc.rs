//! An IRC server that passes lines on to the members of a channel and does little else.

mod channel;
mod client;
mod state;

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use anyhow::Result;
use tokio::{net::TcpListener, task::JoinSet};

use self::state::State;
use super::ledger::Ledger;
use crate::rig::free_port;

/// What the server can do.
#[derive(Clone, Debug)]
pub struct Features {
    /// Lines have ids and times, and channels play their last lines back at a JOIN, as InspIRCd does
    /// with `+H`.
    pub history: bool,
    /// How many channels one connection may join.
    pub channels: usize,
}

impl Default for Features {
    fn default() -> Self {
        Self { history: false, channels: 250 }
    }
}

/// A running stub; it ends when this is dropped.
#[derive(Debug)]
pub struct StubIrc {
    port: u16,
    state: Arc<State>,
    tasks: JoinSet<()>,
}

impl StubIrc {
    /// Starts one; what puppets say goes into `ledger`.
    pub async fn start(ledger: Arc<Ledger>, features: Features) -> Result<Self> {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let state = Arc::new(State::new(ledger, features));
        let mut tasks = JoinSet::new();
        let shared = state.clone();
        tasks.spawn(async move {
            let mut clients = JoinSet::new();
            loop {
                tokio::select! {
                    Ok((stream, _)) = listener.accept() => {
                        clients.spawn(client::serve(stream, shared.clone()));
                    }
                    Some(_) = clients.join_next() => {}
                }
            }
        });
        Ok(Self { port, state, tasks })
    }

    /// How it is reached.
    pub fn url(&self) -> String {
        format!("irc://127.0.0.1:{}", self.port)
    }

    /// Somebody on the network says something in a channel.
    pub fn say(&self, channel: &str, nick: &str, text: &str) {
        self.state.channel(channel).say(&format!("{nick}!{nick}@far.example"), text, None);
    }

    /// From now on this channel passes one line on in each `every`; the others wait in it.
    pub fn pace(&mut self, channel: &str, every: Duration) {
        let channel = self.state.channel(channel);
        channel.lock().paced = true;
        let (channel, ledger) = (channel.clone(), self.state.ledger.clone());
        self.tasks.spawn(async move {
            let mut ticks = tokio::time::interval(every);
            while channel.lock().paced {
                ticks.tick().await;
                channel.pass_one(&ledger);
            }
        });
    }

    /// Passes on what waits in a channel, and all that follows at once.
    pub fn unpace(&self, channel: &str) {
        let channel = self.state.channel(channel);
        channel.lock().paced = false;
        while channel.pass_one(&self.state.ledger) {}
    }

    /// How many clients have registered and are still there.
    pub fn clients(&self) -> usize {
        self.state.clients.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many members all channels have together.
    pub fn memberships(&self) -> usize {
        self.state.channels().iter().map(|channel| channel.lock().members.len()).sum()
    }

    /// How many lines wait in a paced channel.
    pub fn waiting(&self, channel: &str) -> usize {
        self.state.channel(channel).lock().waiting.len()
    }
}
