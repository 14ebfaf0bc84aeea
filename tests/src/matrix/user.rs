//! A user and their session.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::task::JoinHandle;

use super::{Event, api::Api, sync};
use crate::{Inbox, rig::Synapse, wait::PATIENCE};

/// The password of every user that the rig makes.
pub(crate) const PASSWORD: &str = "rig-password";

/// A logged-in user who syncs from the beginning. Dropping it ends the syncing.
#[derive(Debug)]
pub struct MatrixUser {
    pub(super) api: Api,
    pub(super) id: String,
    /// Number of the next transaction.
    transactions: AtomicU64,
    events: Arc<Inbox<Event>>,
    sync: JoinHandle<()>,
}

impl MatrixUser {
    /// Makes a user of this name on the homeserver, or logs in if there is one, and starts to sync.
    pub async fn register(synapse: &Synapse, localpart: &str) -> Result<Self> {
        let token = synapse.register(localpart, PASSWORD).await?;
        Self::with_token(synapse.url(), token).await
    }

    /// Logs in with a password and starts to sync.
    pub async fn log_in(url: &str, localpart: &str, password: &str) -> Result<Self> {
        let login = json!({
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": localpart},
            "password": password,
        });
        let answer = Api::new(url, String::new())?.post(&["login"], &login).await?;
        let token = answer["access_token"].as_str().context("a login gives a token")?;
        Self::with_token(url, token.to_owned()).await
    }

    /// Uses a token, and starts to sync.
    pub async fn with_token(url: &str, token: String) -> Result<Self> {
        let api = Api::new(url, token)?;
        let whoami = api.get(&["account", "whoami"]).await?;
        let id = whoami["user_id"].as_str().context("whoami names the user")?.to_owned();
        let events = Arc::new(Inbox::default());
        let sync = tokio::spawn(sync::run(api.clone(), events.clone()));
        Ok(Self { api, id, transactions: AtomicU64::new(0), events, sync })
    }

    /// `@localpart:domain`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Everything that syncs have brought so far, each room's events in the homeserver's order.
    pub fn events(&self) -> Vec<Event> {
        self.events.all()
    }

    /// What syncs bring, for waits of one's own.
    pub fn inbox(&self) -> &Inbox<Event> {
        &self.events
    }

    /// Messages that syncs have brought from a room: who said what, in order. An emote reads
    /// `* text`.
    pub fn said_in(&self, room: &str) -> Vec<(String, String)> {
        let said = |event: &Event| {
            let emote = event.msgtype() == "m.emote";
            let body = if emote { format!("* {}", event.body()) } else { event.body().to_owned() };
            (event.sender().to_owned(), body)
        };
        self.events.all().iter().filter(|event| event.is_message_in(room)).map(said).collect()
    }

    /// Waits for an event, whether it has come already or not.
    pub async fn wait_for(
        &self,
        what: impl fmt::Display,
        fits: impl Fn(&Event) -> bool,
    ) -> Result<Event> {
        self.wait_for_within(what, PATIENCE, fits).await
    }

    /// [`MatrixUser::wait_for`] with a deadline of one's own.
    pub async fn wait_for_within(
        &self,
        what: impl fmt::Display,
        deadline: Duration,
        fits: impl Fn(&Event) -> bool,
    ) -> Result<Event> {
        let what = format!("{what} (to {})", self.id);
        self.events.wait_for(what, deadline, fits).await
    }

    /// Changes the display name.
    pub async fn set_display_name(&self, name: &str) -> Result<()> {
        let body = json!({"displayname": name});
        self.api.put(&["profile", &self.id, "displayname"], &body).await?;
        Ok(())
    }

    /// Someone's profile, as `{"displayname": …, "avatar_url": …}`.
    pub async fn profile(&self, user: &str) -> Result<serde_json::Value> {
        self.api.get(&["profile", user]).await
    }

    /// A transaction id not used by this session before.
    pub(super) fn next_transaction(&self) -> String {
        format!("rig-{}", self.transactions.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for MatrixUser {
    fn drop(&mut self) {
        self.sync.abort();
    }
}
