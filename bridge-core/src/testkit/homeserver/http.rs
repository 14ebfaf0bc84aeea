//! The client-server API.

mod account;
mod directory;
mod ephemeral;
mod history;
mod media;
mod member;
mod send;
mod server;
mod state;
mod sync;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{get, post, put},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{fault, refusal::Refusal, world::World};

const LARGEST_BODY: usize = 128 * 1024 * 1024;

type Answer = Result<Json<Value>, Refusal>;

/// All endpoints that the homeserver has.
pub(super) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/_matrix/client/versions", get(server::versions))
        .nest("/_matrix/client/v3", v3())
        .nest("/_matrix/client/r0", v3())
        .route("/_matrix/client/v1/appservice/{id}/ping", post(server::ping))
        .route("/_matrix/client/v1/media/download/{server}/{id}", get(media::download))
        .route("/_matrix/client/v1/media/download/{server}/{id}/{name}", get(media::download_as))
        .route("/_matrix/media/v3/upload", post(media::upload))
        .fallback(unrecognized)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(&world), fault::middleware))
        .with_state(world)
}

fn v3() -> Router<Arc<World>> {
    Router::new()
        .route("/rooms/{room}/send/{kind}/{txn}", put(send::send))
        .route("/rooms/{room}/redact/{event}/{txn}", put(send::redact))
        .route("/rooms/{room}/state", get(state::all))
        .route("/rooms/{room}/state/{kind}", get(state::get_unkeyed).put(state::put_unkeyed))
        .route("/rooms/{room}/state/{kind}/", get(state::get_unkeyed).put(state::put_unkeyed))
        .route("/rooms/{room}/state/{kind}/{key}", get(state::get).put(state::put))
        .route("/rooms/{room}/messages", get(history::messages))
        .route("/rooms/{room}/context/{event}", get(history::context))
        .route("/rooms/{room}/event/{event}", get(history::event))
        .route("/rooms/{room}/joined_members", get(member::joined_members))
        .route("/rooms/{room}/members", get(member::members))
        .route("/rooms/{room}/join", post(member::join))
        .route("/rooms/{room}/invite", post(member::invite))
        .route("/rooms/{room}/leave", post(member::leave))
        .route("/rooms/{room}/kick", post(member::kick))
        .route("/rooms/{room}/ban", post(member::ban))
        .route("/rooms/{room}/unban", post(member::kick))
        .route("/rooms/{room}/typing/{user}", put(ephemeral::typing))
        .route("/rooms/{room}/receipt/{kind}/{event}", post(ephemeral::receipt))
        .route("/join/{room}", post(member::join))
        .route("/joined_rooms", get(member::joined_rooms))
        .route("/createRoom", post(member::create_room))
        .route(
            "/directory/room/{alias}",
            get(directory::resolve).put(directory::set).delete(directory::delete),
        )
        .route("/directory/list/appservice/{network}/{room}", put(directory::list))
        .route("/register", post(account::register))
        .route("/account/whoami", get(account::whoami))
        .route("/profile/{user}", get(account::profile))
        .route("/profile/{user}/{field}", get(account::profile_field).put(account::set_profile))
        .route("/devices", get(account::devices))
        .route(
            "/devices/{device}",
            get(account::device).put(account::set_device).delete(account::delete_device),
        )
        .route("/capabilities", get(server::capabilities))
        .route("/sync", get(sync::sync))
}

async fn unrecognized() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "Unrecognized request")
}

/// Reads a JSON body, whatever its content type says; nothing is taken as an empty object.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            Refusal::bad_json(error.to_string())
        } else {
            Refusal::new(StatusCode::BAD_REQUEST, "M_NOT_JSON", "Content not JSON.")
        }
    })
}
