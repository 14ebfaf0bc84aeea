//! Events of the timeline.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, Uri},
};
use bytes::Bytes;
use ruma::OwnedEventId;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use super::parse;
use crate::testkit::homeserver::{
    caller::Caller,
    event::{Draft, Txn, raw},
    refusal::Refusal,
    world::World,
};

/// Events may have 64 KiB, with all that the homeserver adds.
const LARGEST_CONTENT: usize = 65_000;

#[derive(Serialize)]
pub(super) struct Sent {
    pub(super) event_id: OwnedEventId,
}

/// `PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}`
pub(super) async fn send(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((room_id, kind, txn_id)): Path<(String, String, String)>,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Sent>, Refusal> {
    let draft = Draft {
        content: content(&body)?,
        ts: caller.ts,
        txn: Some(txn(&caller, &uri, txn_id)),
        kind,
        state_key: None,
        redacts: None,
        sender: caller.user_id,
    };
    let event_id = world.room(&room_id)?.append(&world, draft)?;
    Ok(Json(Sent { event_id }))
}

/// `PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}`
pub(super) async fn redact(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((room_id, target, txn_id)): Path<(String, OwnedEventId, String)>,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Sent>, Refusal> {
    #[derive(Deserialize)]
    struct Reason {
        reason: Option<String>,
    }
    let Reason { reason } = parse(&body)?;
    let mut content = json!({ "redacts": target });
    if let Some(reason) = reason {
        content["reason"] = reason.into();
    }
    let txn = Some(txn(&caller, &uri, txn_id));
    let draft = Draft::message(caller.user_id, "m.room.redaction", raw(&content));
    let draft = Draft { txn, redacts: Some(target), ts: caller.ts, ..draft };
    let event_id = world.room(&room_id)?.append(&world, draft)?;
    Ok(Json(Sent { event_id }))
}

fn txn(caller: &Caller, uri: &Uri, id: String) -> Txn {
    Txn { key: format!("{} {}", caller.key(), uri.path()), id }
}

/// Checks a content, and keeps it as it is written.
pub(super) fn content(body: &[u8]) -> Result<Box<RawValue>, Refusal> {
    let content: Box<RawValue> = parse(body)?;
    if !content.get().starts_with('{') {
        return Err(Refusal::bad_json("Content must be a JSON object."));
    }
    if content.get().len() > LARGEST_CONTENT {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        return Err(Refusal::new(status, "M_TOO_LARGE", "event too large"));
    }
    Ok(content)
}
