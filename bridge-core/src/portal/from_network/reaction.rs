//! Reactions of remote users.

use ruma::{OwnedEventId, events::relation::RelationType};
use serde::Deserialize;
use serde_json::json;

use super::{
    PerformError, Spoken,
    message::{Sent, find},
};
use crate::{homeserver::As, id::RemoteId, inbox::Head};

/// A reaction that stands on Matrix.
struct Standing {
    event_id: OwnedEventId,
    key: String,
}

/// Reacts to a message; to one that is not known there is nothing to react to.
pub(super) async fn add(
    spoken: Spoken<'_>,
    to: &RemoteId,
    key: &str,
) -> Result<Option<Sent>, PerformError> {
    let Some(target) = find(spoken.core, spoken.portal, Some(to)).await? else { return Ok(None) };
    annotate(spoken, &target.event_id, key, "").await
}

/// Takes a reaction back, or all of the sender's.
pub(super) async fn remove(
    spoken: Spoken<'_>,
    to: &RemoteId,
    key: Option<&str>,
) -> Result<(), PerformError> {
    let Some(target) = find(spoken.core, spoken.portal, Some(to)).await? else { return Ok(()) };
    let standing = standing(spoken, &target.event_id).await?;
    let gone = standing.into_iter().filter(|one| key.is_none_or(|key| key == one.key));
    withdraw(spoken, gone).await
}

/// Makes these the sender's only reactions to a message.
pub(super) async fn replace(
    spoken: Spoken<'_>,
    to: &RemoteId,
    keys: &[String],
) -> Result<(), PerformError> {
    let Some(target) = find(spoken.core, spoken.portal, Some(to)).await? else { return Ok(()) };
    let (kept, gone): (Vec<_>, Vec<_>) = standing(spoken, &target.event_id)
        .await?
        .into_iter()
        .partition(|one| keys.contains(&one.key));
    withdraw(spoken, gone.into_iter()).await?;
    for key in keys.iter().filter(|key| !kept.iter().any(|one| one.key == **key)) {
        annotate(spoken, &target.event_id, key, key).await?;
    }
    Ok(())
}

async fn annotate(
    spoken: Spoken<'_>,
    target: &OwnedEventId,
    key: &str,
    part: &str,
) -> Result<Option<Sent>, PerformError> {
    let content = json!({
        "m.relates_to": { "rel_type": "m.annotation", "event_id": target, "key": key }
    });
    match spoken.post("m.reaction", content, part).await {
        // The same reaction is there already.
        Err(PerformError::Homeserver(error))
            if error.errcode() == Some("M_DUPLICATE_ANNOTATION") =>
        {
            Ok(None)
        }
        outcome => outcome.map(Some),
    }
}

async fn withdraw(
    spoken: Spoken<'_>,
    gone: impl Iterator<Item = Standing>,
) -> Result<(), PerformError> {
    let Some(user) = &spoken.event.sender else { return Ok(()) };
    let Some(ghost) = spoken.core.ghosts.find(&user.key).await? else { return Ok(()) };
    for one in gone {
        let part = format!("redact {}", one.event_id);
        spoken.redact(&one.event_id, &ghost.user_id, &part, None).await?;
    }
    Ok(())
}

/// The sender's reactions to an event, as the homeserver knows them.
async fn standing(
    spoken: Spoken<'_>,
    target: &OwnedEventId,
) -> Result<Vec<Standing>, PerformError> {
    #[derive(Deserialize)]
    struct Content {
        #[serde(rename = "m.relates_to")]
        relates_to: Relation,
    }
    #[derive(Deserialize)]
    struct Relation {
        key: String,
    }
    let (core, portal) = (spoken.core, spoken.portal);
    let (Some(room), Some(user)) = (&portal.room_id, &spoken.event.sender) else {
        return Ok(Vec::new());
    };
    let Some(ghost) = core.ghosts.find(&user.key).await? else { return Ok(Vec::new()) };
    let reader = core.intents.reader(portal).await;
    let relating =
        core.homeserver.relating(room, As::User(&reader), target, RelationType::Annotation).await?;
    let of_sender = relating.iter().filter_map(|event| {
        let head = Head::parse(event.json()).ok()?;
        let content = serde_json::from_str::<Content>(head.content.get()).ok()?;
        (head.sender == ghost.user_id)
            .then_some(Standing { event_id: head.event_id, key: content.relates_to.key })
    });
    Ok(of_sender.collect())
}
