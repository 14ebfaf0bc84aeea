//! Listens in the bridge's stead, to see what the homeserver sends.
//!
//! Transactions are answered with 503: the homeserver keeps them for the bridge.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use registration::Registration;
use serde::Deserialize;
use serde_json::json;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::appservice::auth::HsToken;

/// What the homeserver sent so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// The names of pings with the right token.
    pub(super) pings: HashSet<String>,
    /// Somebody called with another token.
    pub(super) is_token_wrong: bool,
    /// An alias was asked for.
    pub(super) is_alias_asked: bool,
    /// Ids of events in transactions.
    pub(super) events: HashSet<String>,
}

/// Serves until it is dropped.
pub(super) struct Listener {
    heard: watch::Receiver<Heard>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Ear {
    token: HsToken,
    heard: Arc<watch::Sender<Heard>>,
}

impl Listener {
    /// Serves on a socket.
    pub(super) fn start(socket: TcpListener, registration: &Registration) -> Self {
        let (sender, heard) = watch::channel(Heard::default());
        let token = HsToken::new(registration.hs_token.expose());
        let ear = Ear { token, heard: Arc::new(sender) };
        let routes =
            Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(ear);
        let task = tokio::spawn(async move { drop(axum::serve(socket, routes).await) });
        Self { heard, task }
    }

    /// What was heard up to now.
    pub(super) fn heard(&self) -> Heard {
        self.heard.borrow().clone()
    }

    /// Waits until something was heard; `false` if it was not within `limit`.
    pub(super) async fn hears(&self, limit: Duration, what: impl Fn(&Heard) -> bool) -> bool {
        let mut heard = self.heard.clone();
        let waited = tokio::time::timeout(limit, heard.wait_for(|heard| what(heard))).await;
        matches!(waited, Ok(Ok(_)))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(ear): State<Ear>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let is_alias = parts.method == Method::GET && path.contains("/rooms/");
    if let Err(refusal) = ear.token.admits(&parts.headers, &parts.uri) {
        ear.heard.send_modify(|heard| {
            heard.is_token_wrong = true;
            heard.is_alias_asked |= is_alias;
        });
        return refusal.into_response();
    }
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if path.ends_with("/ping") {
        let nonce = serde_json::from_slice::<Ping>(&body).unwrap_or_default().transaction_id;
        ear.heard.send_modify(|heard| heard.pings.extend(nonce));
        return Json(json!({})).into_response();
    }
    if path.contains("/transactions/") {
        let events = serde_json::from_slice::<Transaction>(&body).unwrap_or_default().events;
        let ids = events.into_iter().filter_map(|event| event.event_id);
        ear.heard.send_modify(|heard| heard.events.extend(ids));
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    ear.heard.send_modify(|heard| heard.is_alias_asked |= is_alias);
    let nothing = json!({ "errcode": "M_NOT_FOUND", "error": "the bridge is being checked" });
    (StatusCode::NOT_FOUND, Json(nothing)).into_response()
}

#[derive(Default, Deserialize)]
struct Ping {
    transaction_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct Transaction {
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    event_id: Option<String>,
}
