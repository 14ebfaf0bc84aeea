//! The HTTP side of an application service: what the homeserver calls.
//!
//! Application Service API, section "Homeserver -> Application Service API". The unprefixed paths
//! of older homeservers lead to the same handlers.

mod aliases;
mod answer;
pub mod auth;
mod ping;
mod thirdparty;
mod transactions;
mod users;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post, put},
};

pub(crate) use self::answer::Refusal;
use crate::{core::Core, inbox::Inbox, network::Network};

/// The largest transaction that is read: 64 MiB.
///
/// Homeservers send 100 events of at most 64 KiB each, and some repeat a transaction that is
/// refused as too large for ever.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// What the handlers work with.
pub(crate) struct Appservice<N> {
    pub(crate) core: Arc<Core>,
    pub(crate) network: Arc<N>,
    pub(crate) inbox: Inbox,
}

/// The routes, behind the check of the homeserver's token.
pub(crate) fn router<N: Network>(service: Arc<Appservice<N>>, token: auth::HsToken) -> Router {
    let current = Router::new()
        .route("/transactions/{txn_id}", put(transactions::receive::<N>))
        .route("/users/{user_id}", get(users::query::<N>))
        .route("/rooms/{alias}", get(aliases::query::<N>))
        .route("/ping", post(ping::answer))
        .nest("/thirdparty", thirdparty::router::<N>());
    let legacy = Router::new()
        .route("/transactions/{txn_id}", put(transactions::receive::<N>))
        .route("/users/{user_id}", get(users::query::<N>))
        .route("/rooms/{alias}", get(aliases::query::<N>));
    Router::new()
        .nest("/_matrix/app/v1", current)
        .nest("/_matrix/app/unstable/thirdparty", thirdparty::router::<N>())
        .merge(legacy)
        .fallback(answer::unrecognized)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(token, auth::check))
        .with_state(service)
}
