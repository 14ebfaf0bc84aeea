//! Aliases and the list of rooms.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use bytes::Bytes;
use ruma::OwnedRoomAliasId;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, parse};
use crate::testkit::homeserver::{caller::Caller, world::World};

/// `GET /_matrix/client/v3/directory/room/{roomAlias}`
pub(super) async fn resolve(
    State(world): State<Arc<World>>,
    Path(alias): Path<OwnedRoomAliasId>,
) -> Answer {
    let room_id = world.resolve(&alias).await?;
    Ok(Json(json!({ "room_id": room_id, "servers": [world.domain] })))
}

/// `PUT /_matrix/client/v3/directory/room/{roomAlias}`
pub(super) async fn set(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(alias): Path<OwnedRoomAliasId>,
    body: Bytes,
) -> Answer {
    #[derive(Deserialize)]
    struct Target {
        room_id: String,
    }
    let target: Target = parse(&body)?;
    world.set_alias(&caller, &alias, &target.room_id)?;
    Ok(Json(json!({})))
}

/// `DELETE /_matrix/client/v3/directory/room/{roomAlias}`
pub(super) async fn delete(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(alias): Path<OwnedRoomAliasId>,
) -> Answer {
    world.check_alias(caller.service.as_ref(), &alias)?;
    world.delete_alias(&alias)?;
    Ok(Json(json!({})))
}

/// `PUT /_matrix/client/v3/directory/list/appservice/{networkId}/{roomId}`: taken and forgotten.
pub(super) async fn list(
    State(world): State<Arc<World>>,
    _: Caller,
    Path((_, room_id)): Path<(String, String)>,
) -> Answer {
    world.room(&room_id)?;
    Ok(Json(json!({})))
}
