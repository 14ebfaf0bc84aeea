//! Power, bans and doors of a room, as the network has them.
//!
//! Where the bot may not do it the room is somebody else's, and what the network did stands there
//! alone.

use ruma::UserId;
use serde_json::{Value, json};

use super::PerformError;
use crate::{
    core::Core,
    homeserver::{As, HomeserverError},
    network::{Person, RemoteUser},
    store::{Batch, Op, Portal},
};

const POWER: &str = "m.room.power_levels";
const DOORS: &str = "m.room.join_rules";

/// Somebody's rank changed. Power that they have on Matrix alone is left to them.
pub(super) async fn power(
    core: &Core,
    portal: &Portal,
    who: &Person,
    was: i64,
    now: i64,
) -> Result<(), PerformError> {
    let user = match who {
        Person::Matrix(user) => user.clone(),
        Person::Remote(key) => match core.ghosts.find(key).await? {
            Some(ghost) if core.intents.is_joined(portal, &ghost.user_id).await? => {
                ghost.user_id.clone()
            }
            _ => return Ok(()), // not seen on Matrix
        },
    };
    change(core, portal, POWER, |levels| {
        let default = levels.get("users_default").and_then(Value::as_i64).unwrap_or(0);
        let present = levels["users"].get(user.as_str()).and_then(Value::as_i64);
        let present = present.unwrap_or(default);
        let due = if now >= was { present < now } else { present == was };
        if due {
            match levels.get_mut("users").and_then(Value::as_object_mut) {
                Some(users) if now <= default => drop(users.remove(user.as_str())),
                Some(users) => drop(users.insert(user.to_string(), now.into())),
                None => levels["users"] = json!({ user.as_str(): now }),
            }
        }
        due
    })
    .await
}

/// Who may speak: everybody, or those of this power and above.
pub(super) async fn speech(core: &Core, portal: &Portal, needed: i64) -> Result<(), PerformError> {
    change(core, portal, POWER, |levels| {
        let present = levels.get("events_default").and_then(Value::as_i64).unwrap_or(0);
        levels["events_default"] = needed.into();
        present != needed
    })
    .await
}

/// Shuts a room, or opens it to those to whom it was open before.
pub(super) async fn doors(core: &Core, portal: &Portal, shut: bool) -> Result<(), PerformError> {
    let Some(room) = &portal.room_id else { return Ok(()) };
    let scope = format!("core/doors/{}", portal.lane.0);
    let before = core.store.cursor(&scope).await?;
    let present = core.homeserver.state(room, As::Bot, DOORS, "").await;
    let Some(present) = allowed(present)?.flatten() else { return Ok(()) };
    let (content, value) = match (shut, before) {
        (true, None) if present["join_rule"] != "invite" => {
            (json!({ "join_rule": "invite" }), Some(present.to_string()))
        }
        (false, Some(before)) => (serde_json::from_str(&before).unwrap_or(present), None),
        _ => return Ok(()),
    };
    // Kept first: a crash in between shuts the door once more, and loses nothing.
    if value.is_some() {
        core.store.commit(Batch::settled(vec![Op::Cursor { scope: scope.clone(), value }])).await?;
    }
    let set = core.homeserver.set_state(room, As::Bot, DOORS, "", &content, None).await;
    let done = allowed(set)?.is_some();
    if !shut || !done {
        core.store.commit(Batch::settled(vec![Op::Cursor { scope, value: None }])).await?;
    }
    Ok(())
}

/// Keeps a Matrix user out.
pub(super) async fn ban(
    core: &Core,
    portal: &Portal,
    by: Option<&RemoteUser>,
    target: &UserId,
    reason: Option<&str>,
) -> Result<(), PerformError> {
    let Some(room) = &portal.room_id else { return Ok(()) };
    let by = by.map_or("the network", |user| &user.name);
    let reason = match reason {
        Some(reason) => format!("banned by {by}: {reason}"),
        None => format!("banned by {by}"),
    };
    allowed(core.homeserver.ban(room, As::Bot, target, Some(&reason)).await).map(drop)
}

/// Lets a Matrix user in again.
pub(super) async fn unban(
    core: &Core,
    portal: &Portal,
    target: &UserId,
) -> Result<(), PerformError> {
    let Some(room) = &portal.room_id else { return Ok(()) };
    allowed(core.homeserver.unban(room, As::Bot, target).await).map(drop)
}

/// Reads state, and writes it if `edit` says that it is another now.
async fn change(
    core: &Core,
    portal: &Portal,
    kind: &str,
    edit: impl FnOnce(&mut Value) -> bool,
) -> Result<(), PerformError> {
    let Some(room) = &portal.room_id else { return Ok(()) };
    let present = core.homeserver.state(room, As::Bot, kind, "").await;
    let Some(Some(mut content)) = allowed(present)? else { return Ok(()) };
    if edit(&mut content) {
        allowed(core.homeserver.set_state(room, As::Bot, kind, "", &content, None).await)?;
    }
    Ok(())
}

/// The answer, or nothing if the homeserver says no for good.
fn allowed<T>(answer: Result<T, HomeserverError>) -> Result<Option<T>, PerformError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_retryable() => Err(error.into()),
        Err(error) => {
            tracing::info!(%error, "what the network did in a room is not mirrored");
            Ok(None)
        }
    }
}
