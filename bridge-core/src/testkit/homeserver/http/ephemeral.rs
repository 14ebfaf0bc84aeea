//! What nobody keeps.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use bytes::Bytes;
use ruma::UserId;
use serde_json::{Value, json};

use super::{Answer, parse};
use crate::testkit::homeserver::{caller::Caller, refusal::Refusal, room::now, world::World};

/// `PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}`
pub(super) async fn typing(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((room_id, _)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let asked: Value = parse(&body)?;
    let users = if asked["typing"] == true { vec![caller.user_id] } else { Vec::new() };
    world.push_ephemeral(&room_id, "m.typing", &json!({ "user_ids": users }))?;
    Ok(Json(json!({})))
}

/// `POST /_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}`
pub(super) async fn receipt(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((room_id, _, event_id)): Path<(String, String, String)>,
) -> Answer {
    world.push_receipt(&room_id, &caller.user_id, &event_id)?;
    Ok(Json(json!({})))
}

impl World {
    /// Hands ephemeral data of a room to the services that want it.
    pub(in crate::testkit::homeserver) fn push_ephemeral(
        &self,
        room_id: &str,
        kind: &str,
        content: &Value,
    ) -> Result<(), Refusal> {
        let room = self.room(room_id)?;
        let data = json!({ "type": kind, "room_id": room_id, "content": content });
        let contents = room.lock();
        for service in self.services().iter() {
            if service.receive_ephemeral && contents.is_interesting_to(service) {
                service.pusher.push_ephemeral(data.clone());
            }
        }
        Ok(())
    }

    pub(in crate::testkit::homeserver) fn push_receipt(
        &self,
        room_id: &str,
        user_id: &UserId,
        event_id: &str,
    ) -> Result<(), Refusal> {
        let content = json!({ event_id: { "m.read": { user_id.as_str(): { "ts": now() } } } });
        self.push_ephemeral(room_id, "m.receipt", &content)
    }
}
