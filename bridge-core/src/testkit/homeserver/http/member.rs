//! Rooms and who is in them.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use bytes::Bytes;
use ruma::{
    OwnedUserId,
    api::{IncomingRequestExt, client::room::create_room::v3::Request as CreateRoom},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, parse, state::check_readable};
use crate::testkit::homeserver::{caller::Caller, refusal::Refusal, world::World};

#[derive(Deserialize)]
struct Alone {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Against {
    user_id: OwnedUserId,
    reason: Option<String>,
}

/// `POST /_matrix/client/v3/createRoom`
pub(super) async fn create_room(
    State(world): State<Arc<World>>,
    caller: Caller,
    body: Bytes,
) -> Answer {
    let request = axum::http::Request::post("/")
        .body(&*body)
        .map_err(|error| Refusal::bad_json(error.to_string()))?;
    let request = CreateRoom::try_from_http_request(request, &[])
        .map_err(|error| Refusal::bad_json(error.to_string()))?;
    let room_id = world.create_room(&caller.user_id, caller.service.as_ref(), request).await?;
    Ok(Json(json!({ "room_id": room_id })))
}

/// `POST /_matrix/client/v3/join/{roomIdOrAlias}`
pub(super) async fn join(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(room): Path<String>,
    body: Bytes,
) -> Answer {
    let asked: Alone = parse(&body)?;
    let room_id = world.join(&room, &caller.user_id, asked.reason.as_deref()).await?;
    Ok(Json(json!({ "room_id": room_id })))
}

/// `POST /_matrix/client/v3/rooms/{roomId}/invite`
pub(super) async fn invite(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(room_id): Path<String>,
    body: Bytes,
) -> Answer {
    let asked: Against = parse(&body)?;
    let reason = asked.reason.as_deref();
    world.invite(&room_id, &caller.user_id, &asked.user_id, reason).await?;
    Ok(Json(json!({})))
}

/// `POST /_matrix/client/v3/rooms/{roomId}/leave`
pub(super) async fn leave(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(room_id): Path<String>,
    body: Bytes,
) -> Answer {
    let asked: Alone = parse(&body)?;
    let user_id = &caller.user_id;
    world.set_membership(&room_id, user_id, user_id, "leave", asked.reason.as_deref())?;
    Ok(Json(json!({})))
}

/// `POST /_matrix/client/v3/rooms/{roomId}/kick`, and `unban`
pub(super) async fn kick(
    state: State<Arc<World>>,
    caller: Caller,
    room_id: Path<String>,
    body: Bytes,
) -> Answer {
    act(state, &caller, &room_id, &body, "leave")
}

/// `POST /_matrix/client/v3/rooms/{roomId}/ban`
pub(super) async fn ban(
    state: State<Arc<World>>,
    caller: Caller,
    room_id: Path<String>,
    body: Bytes,
) -> Answer {
    act(state, &caller, &room_id, &body, "ban")
}

fn act(
    State(world): State<Arc<World>>,
    caller: &Caller,
    room_id: &str,
    body: &[u8],
    membership: &str,
) -> Answer {
    let asked: Against = parse(body)?;
    let reason = asked.reason.as_deref();
    world.set_membership(room_id, &caller.user_id, &asked.user_id, membership, reason)?;
    Ok(Json(json!({})))
}

/// `GET /_matrix/client/v3/rooms/{roomId}/joined_members`
pub(super) async fn joined_members(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(room_id): Path<String>,
) -> Answer {
    let room = world.room(&room_id)?;
    let contents = room.lock();
    check_readable(contents.is_readable_by(&caller.user_id))?;
    let joined: Map<String, Value> = contents
        .joined()
        .map(|user_id| {
            let event = contents.state("m.room.member", user_id.as_str());
            let content = event.map(|event| event.content()).unwrap_or_default();
            let member = json!({
                "display_name": content["displayname"], "avatar_url": content["avatar_url"],
            });
            (user_id.to_string(), member)
        })
        .collect();
    Ok(Json(json!({ "joined": joined })))
}

/// `GET /_matrix/client/v3/rooms/{roomId}/members`
pub(super) async fn members(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(room_id): Path<String>,
) -> Answer {
    let room = world.room(&room_id)?;
    let contents = room.lock();
    check_readable(contents.is_readable_by(&caller.user_id))?;
    let mut state = contents.all_state();
    state.retain(|event| event.kind == "m.room.member");
    Ok(Json(json!({ "chunk": state })))
}

/// `GET /_matrix/client/v3/joined_rooms`
pub(super) async fn joined_rooms(State(world): State<Arc<World>>, caller: Caller) -> Answer {
    let user = world.find_user(&caller.user_id);
    let joined = user.map(|user| user.lock().joined.clone()).unwrap_or_default();
    Ok(Json(json!({ "joined_rooms": joined })))
}
