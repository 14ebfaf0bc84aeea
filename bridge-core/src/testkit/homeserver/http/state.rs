//! The state of a room.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use bytes::Bytes;
use serde_json::json;

use super::{
    Answer,
    send::{Sent, content},
};
use crate::testkit::homeserver::{caller::Caller, event::Draft, refusal::Refusal, world::World};

/// `GET /_matrix/client/v3/rooms/{roomId}/state`
pub(super) async fn all(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(room_id): Path<String>,
) -> Answer {
    let room = world.room(&room_id)?;
    let contents = room.lock();
    check_readable(contents.is_readable_by(&caller.user_id))?;
    Ok(Json(json!(contents.all_state())))
}

/// `GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}`
pub(super) async fn get(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((room_id, kind, key)): Path<(String, String, String)>,
) -> Answer {
    let room = world.room(&room_id)?;
    let contents = room.lock();
    check_readable(contents.is_readable_by(&caller.user_id))?;
    let event =
        contents.state(&kind, &key).ok_or_else(|| Refusal::not_found("Event not found."))?;
    Ok(Json(event.content()))
}

/// The same with an empty key.
pub(super) async fn get_unkeyed(
    state: State<Arc<World>>,
    caller: Caller,
    Path((room_id, kind)): Path<(String, String)>,
) -> Answer {
    get(state, caller, Path((room_id, kind, String::new()))).await
}

/// `PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}`
pub(super) async fn put(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((room_id, kind, key)): Path<(String, String, String)>,
    body: Bytes,
) -> Result<Json<Sent>, Refusal> {
    let draft = Draft {
        state_key: Some(key),
        ts: caller.ts,
        ..Draft::message(caller.user_id, &kind, content(&body)?)
    };
    let event_id = world.room(&room_id)?.append(&world, draft)?;
    Ok(Json(Sent { event_id }))
}

/// The same with an empty key.
pub(super) async fn put_unkeyed(
    state: State<Arc<World>>,
    caller: Caller,
    Path((room_id, kind)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Sent>, Refusal> {
    put(state, caller, Path((room_id, kind, String::new())), body).await
}

pub(super) fn check_readable(is_readable: bool) -> Result<(), Refusal> {
    if is_readable { Ok(()) } else { Err(Refusal::forbidden("You are not in this room")) }
}
