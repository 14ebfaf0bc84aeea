//! State that tells clients which channel a room mirrors (MSC2346).

use serde_json::{Value, json};

use super::from_network::PerformError;
use crate::{core::Core, homeserver::As, store::Portal};

/// The stable and the older type: clients read one or the other.
const TYPES: [&str; 2] = ["m.bridge", "uk.half-shot.bridge"];

/// The events for the initial state of a new room.
pub(crate) fn initial_state(core: &Core, portal: &Portal) -> Vec<Value> {
    let state = |event_type| {
        json!({ "type": event_type, "state_key": state_key(core, portal),
                "content": content(core, portal) })
    };
    TYPES.map(state).into()
}

/// Writes the state into a room that was there before, where the bot may.
pub(crate) async fn write(core: &Core, portal: &Portal) -> Result<(), PerformError> {
    put(core, portal, &content(core, portal)).await
}

/// Empties the state in a room that is no longer a portal's.
pub(crate) async fn remove(core: &Core, portal: &Portal) -> Result<(), PerformError> {
    let Some(room) = &portal.room_id else { return Ok(()) };
    let key = state_key(core, portal);
    for event_type in TYPES {
        match core.homeserver.state(room, As::Bot, event_type, &key).await {
            Ok(None) => continue,
            Ok(Some(content)) if content == json!({}) => continue,
            Err(error) if error.is_retryable() => return Err(error.into()),
            Ok(Some(_)) | Err(_) => {}
        }
        match core.homeserver.set_state(room, As::Bot, event_type, &key, &json!({}), None).await {
            Err(error) if error.is_retryable() => return Err(error.into()),
            Err(error) => tracing::info!(%error, %room, "bridge state cannot be removed here"),
            Ok(_) => {}
        }
    }
    Ok(())
}

async fn put(core: &Core, portal: &Portal, content: &Value) -> Result<(), PerformError> {
    let Some(room) = &portal.room_id else { return Ok(()) };
    let key = state_key(core, portal);
    for event_type in TYPES {
        let present = match core.homeserver.state(room, As::Bot, event_type, &key).await {
            Ok(present) => present,
            Err(error) if error.is_retryable() => return Err(error.into()),
            Err(_) => None,
        };
        if present.as_ref() == Some(content) {
            continue;
        }
        match core.homeserver.set_state(room, As::Bot, event_type, &key, content, None).await {
            Ok(_) => {}
            Err(error) if error.is_retryable() => return Err(error.into()),
            // A room of other people may deny it; the bridge works without.
            Err(error) => tracing::info!(%error, %room, "bridge state is not allowed here"),
        }
    }
    Ok(())
}

fn state_key(core: &Core, portal: &Portal) -> String {
    format!("{}://{}", core.config.appservice.id, portal.key)
}

fn content(core: &Core, portal: &Portal) -> Value {
    json!({
        "bridgebot": core.bot,
        "creator": core.bot,
        "protocol": { "id": core.protocol.id, "displayname": core.protocol.name },
        "channel": { "id": portal.key, "displayname": portal.name },
    })
}
