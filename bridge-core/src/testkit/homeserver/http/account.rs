//! Accounts, profiles, devices.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use bytes::Bytes;
use ruma::{OwnedUserId, UserId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, parse};
use crate::testkit::homeserver::{caller::Caller, profile::User, refusal::Refusal, world::World};

#[derive(Deserialize)]
struct Registration {
    #[serde(rename = "type")]
    kind: Option<String>,
    username: Option<String>,
}

/// `POST /_matrix/client/v3/register`, for application services alone.
pub(super) async fn register(
    State(world): State<Arc<World>>,
    caller: Caller,
    body: Bytes,
) -> Answer {
    let asked: Registration = parse(&body)?;
    let service = caller
        .service
        .filter(|_| asked.kind.as_deref() == Some("m.login.application_service"))
        .ok_or_else(|| Refusal::forbidden("Registration has been disabled"))?;
    let bad_request = |errcode, message| Refusal::new(StatusCode::BAD_REQUEST, errcode, message);
    let localpart = asked.username.as_deref().unwrap_or_default();
    let user_id = UserId::parse_with_server_name(localpart, &world.domain)
        .ok()
        .filter(|user_id| !localpart.is_empty() && user_id.validate_strict().is_ok())
        .ok_or_else(|| {
            bad_request(
                "M_INVALID_USERNAME",
                "User ID can only contain characters a-z, 0-9, or '=_-./+'",
            )
        })?;
    if !service.owns_user(&user_id) {
        return Err(bad_request(
            "M_EXCLUSIVE",
            "Invalid user localpart for this application service.",
        ));
    }
    if !world.add_user(&user_id) {
        return Err(bad_request("M_USER_IN_USE", "User ID already taken."));
    }
    // Synapse shows the localpart until there is a better name.
    world.set_profile(&user_id, "displayname", localpart.into())?;
    Ok(Json(json!({ "user_id": user_id, "home_server": world.domain })))
}

/// `GET /_matrix/client/v3/account/whoami`
pub(super) async fn whoami(caller: Caller) -> Json<Value> {
    Json(json!({ "user_id": caller.user_id, "is_guest": false }))
}

/// `GET /_matrix/client/v3/profile/{userId}`
pub(super) async fn profile(
    State(world): State<Arc<World>>,
    Path(user_id): Path<OwnedUserId>,
) -> Answer {
    world.profile(&user_id).map(Json)
}

/// `GET /_matrix/client/v3/profile/{userId}/{field}`
pub(super) async fn profile_field(
    State(world): State<Arc<World>>,
    Path((user_id, field)): Path<(OwnedUserId, String)>,
) -> Answer {
    let profile = world.profile(&user_id)?;
    Ok(Json(match profile.get(&field) {
        Some(value) => json!({ field: value }),
        None => json!({}),
    }))
}

/// `PUT /_matrix/client/v3/profile/{userId}/{field}`
pub(super) async fn set_profile(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((user_id, field)): Path<(OwnedUserId, String)>,
    body: Bytes,
) -> Answer {
    if caller.user_id != user_id {
        return Err(Refusal::forbidden("Cannot set another user's profile"));
    }
    let body: Value = parse(&body)?;
    let value = body.get(&field).ok_or_else(|| Refusal::bad_json(format!("no {field}")))?;
    world.set_profile(&user_id, &field, value.clone())?;
    Ok(Json(json!({})))
}

/// `GET /_matrix/client/v3/devices`
pub(super) async fn devices(State(world): State<Arc<World>>, caller: Caller) -> Answer {
    let user = user(&world, &caller)?;
    let devices: Vec<Value> = user.lock().devices.values().cloned().collect();
    Ok(Json(json!({ "devices": devices })))
}

/// `GET /_matrix/client/v3/devices/{deviceId}`
pub(super) async fn device(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    let user = user(&world, &caller)?;
    let device = user.lock().devices.get(&id).cloned();
    device.map(Json).ok_or_else(|| Refusal::not_found("No such device"))
}

/// `PUT /_matrix/client/v3/devices/{deviceId}`: application services make devices that way.
pub(super) async fn set_device(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let body: Value = parse(&body)?;
    let device = json!({ "device_id": id, "display_name": body["display_name"] });
    let before = user(&world, &caller)?.lock().devices.insert(id, device);
    let status = if before.is_none() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!({}))))
}

/// `DELETE /_matrix/client/v3/devices/{deviceId}`
pub(super) async fn delete_device(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    user(&world, &caller)?.lock().devices.remove(&id);
    Ok(Json(json!({})))
}

fn user(world: &World, caller: &Caller) -> Result<Arc<User>, Refusal> {
    world.find_user(&caller.user_id).ok_or_else(|| Refusal::not_found("No such user"))
}
