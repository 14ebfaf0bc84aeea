//! Messages, edits, reactions and deletions on their way to Matrix.

use ruma::{OwnedEventId, OwnedUserId};
use serde_json::{Value, json};

use super::PerformError;
use crate::{
    content::matrix,
    core::Core,
    homeserver::As,
    id::RemoteId,
    intent::Outbound,
    network::{Message, RemoteEvent, RemoteUser},
    store::{Mapping, Portal, Row},
};

/// From this age on an event carries its own time; younger ones take the homeserver's.
const LATE_MS: u64 = 5_000;

/// What an event became: its id, and who sent it.
type Sent = (OwnedEventId, OwnedUserId);

/// Says something as a ghost, or as the bot if the network itself speaks.
pub(super) async fn send(
    core: &Core,
    portal: &Portal,
    row: &Row,
    event: &RemoteEvent,
    sender: Option<&RemoteUser>,
    said: &Message,
) -> Result<Sent, PerformError> {
    let mut content = content(said);
    if let Some(reply_to) = &said.reply_to
        && let Some(target) = target(core, portal, reply_to).await?
    {
        content["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": target.event_id } });
    }
    post(core, portal, row, event, sender, "m.room.message", content).await
}

/// Gives an earlier message a new text; as a new message if the earlier one is not known.
pub(super) async fn edit(
    core: &Core,
    portal: &Portal,
    row: &Row,
    event: &RemoteEvent,
    sender: Option<&RemoteUser>,
    earlier: &RemoteId,
    said: &Message,
) -> Result<Option<Sent>, PerformError> {
    let new = content(said);
    let mut content = new.clone();
    if let Some(target) = target(core, portal, earlier).await? {
        let body = content["body"].as_str().unwrap_or_default();
        content["body"] = format!("* {body}").into();
        content["m.new_content"] = new;
        content["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": target.event_id });
    }
    post(core, portal, row, event, sender, "m.room.message", content).await.map(Some)
}

/// Reacts to a message; to one that is not known there is nothing to react to.
pub(super) async fn react(
    core: &Core,
    portal: &Portal,
    row: &Row,
    event: &RemoteEvent,
    sender: Option<&RemoteUser>,
    to: &RemoteId,
    key: &str,
) -> Result<Option<Sent>, PerformError> {
    let Some(target) = target(core, portal, to).await? else { return Ok(None) };
    let content = json!({
        "m.relates_to": { "rel_type": "m.annotation", "event_id": target.event_id, "key": key }
    });
    match post(core, portal, row, event, sender, "m.reaction", content).await {
        // The same reaction is there already.
        Err(PerformError::Homeserver(error))
            if error.errcode() == Some("M_DUPLICATE_ANNOTATION") =>
        {
            Ok(None)
        }
        outcome => outcome.map(Some),
    }
}

/// Removes every event that an id stands for; of `only_by` alone, if given.
pub(super) async fn delete(
    core: &Core,
    portal: &Portal,
    row: &Row,
    only_by: Option<&RemoteUser>,
    id: &RemoteId,
    reason: Option<&str>,
) -> Result<(), PerformError> {
    let Some(room) = &portal.room_id else { return Ok(()) };
    let only_by = match only_by {
        Some(user) => Some(core.ghosts.ensure(core, user).await?.user_id.clone()),
        None => None,
    };
    for Mapping { event_id, sender, part, .. } in
        core.store.mappings_of_remote(portal.lane, id).await?
    {
        if only_by.as_ref().is_some_and(|author| *author != sender) {
            tracing::info!(portal = %portal.key, "somebody would remove the words of another");
            continue;
        }
        // A ghost may take its own words back; the bot those of others, where it has the power.
        let ghost = core.names.is_ours(&sender);
        let as_user = if ghost { As::User(&sender) } else { As::Bot };
        let part = format!("redact{part}");
        let by = if ghost { sender.as_str() } else { core.bot.as_str() };
        let txn = core.markers.transaction_id(row.seq, &part, room.as_str(), by);
        core.homeserver.redact(room, as_user, &event_id, &txn, reason).await?;
    }
    Ok(())
}

async fn post(
    core: &Core,
    portal: &Portal,
    row: &Row,
    event: &RemoteEvent,
    sender: Option<&RemoteUser>,
    event_type: &str,
    content: Value,
) -> Result<Sent, PerformError> {
    let sender = match sender {
        Some(user) => core.ghosts.ensure(core, user).await?.user_id.clone(),
        None => core.bot.clone(),
    };
    let late = core.clock.now().since(event.at) >= LATE_MS;
    let at = late.then_some(event.at);
    let event_id = core
        .intents
        .send(core, portal, &sender, Outbound { event_type, content, seq: row.seq, at })
        .await?;
    Ok((event_id, sender))
}

async fn target(
    core: &Core,
    portal: &Portal,
    id: &RemoteId,
) -> Result<Option<Mapping>, PerformError> {
    let mappings = core.store.mappings_of_remote(portal.lane, id).await?;
    Ok(mappings.into_iter().next())
}

fn content(said: &Message) -> Value {
    matrix::text_content(said.kind, &said.body)
}
