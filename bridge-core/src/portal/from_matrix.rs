//! Turns a Matrix event into what its network is told, or does what core does for it alone.

mod membership;
mod message;
mod replacement;

use std::sync::Arc;

use ruma::OwnedEventId;
use serde::Deserialize;

pub(crate) use self::replacement::Replacement;
use crate::{
    core::Core,
    id::RemoteId,
    inbox::Head,
    network::{
        Action, Author, Delivery, Network, Outgoing, Progress, Refusal, RetryScope, Support, Voice,
    },
    permission::Level,
    portal::{from_network::PerformError, upgrade},
    store::{Mapping, MappingKind, Portal, PortalBy, PortalKind, Row, StoreError},
};

/// What a row is for the network.
pub(crate) enum Translated {
    /// Something to deliver.
    Send {
        outgoing: Outgoing,
        /// What the ids that the network gives are mapped to.
        mapping: Option<MappingKind>,
    },
    /// Nothing to deliver; this is the outcome.
    Settled(Delivery),
}

impl Translated {
    /// Nothing had to be done, or core has done it.
    pub(crate) fn nothing() -> Self {
        Self::Settled(Delivery::Done { ids: Vec::new() })
    }

    fn refused(why: &str, text: &str) -> Self {
        Self::Settled(Delivery::Refused(Refusal { why: why.to_owned(), text: text.to_owned() }))
    }
}

/// Reads a row. Waits are answered as a retry of the whole lane.
pub(crate) async fn translate<N: Network>(core: &Arc<Core>, network: &N, row: &Row) -> Translated {
    match attempt(core, network, row).await {
        Ok(translated) => translated,
        Err(PerformError::Refused(why)) => Translated::refused(&why, &why),
        Err(PerformError::Homeserver(error)) if !error.is_retryable() => {
            Translated::refused(&error.to_string(), "the homeserver does not allow it")
        }
        Err(error) => Translated::Settled(Delivery::Retry {
            after: std::time::Duration::from_secs(1),
            scope: RetryScope::Lane,
            why: error.to_string(),
        }),
    }
}

async fn attempt<N: Network>(
    core: &Arc<Core>,
    network: &N,
    row: &Row,
) -> Result<Translated, PerformError> {
    let Some(portal) = core.portals.find(&PortalBy::Lane(row.lane)).await? else {
        return Ok(Translated::nothing());
    };
    let Ok(head) = Head::parse_str(&row.body) else {
        return Ok(Translated::refused("the event cannot be read", "it is malformed"));
    };
    match &*head.kind {
        "m.room.member" => return membership::translate(core, network, &portal, row, &head).await,
        "m.room.tombstone" => {
            upgrade::follow(core, &portal, &head).await?;
            return Ok(Translated::nothing());
        }
        "m.room.encryption" | "m.room.encrypted" => {
            super::encryption::tell(core, &portal).await?;
            return Ok(Translated::nothing());
        }
        _ => {}
    }
    if portal.kind == PortalKind::Control {
        super::control::answer(core, &portal, &head).await?;
        return Ok(Translated::nothing());
    }
    let level = core.config.permissions.level(&head.sender);
    if level == Level::Block {
        super::control::tell_blocked(core, &portal, &head.sender).await?;
        return Ok(Translated::nothing());
    }
    let caps = network.caps(&portal.key);
    let action = match &*head.kind {
        "m.room.message" | "m.sticker" | "m.poll.start" | "org.matrix.msc3381.poll.start" => {
            message::translate(core, &portal, &head, &caps).await?
        }
        "m.reaction" if caps.react == Support::Native => reaction(core, &head).await?,
        "m.room.redaction" if caps.delete == Support::Native => removal(core, &head).await?,
        "m.room.topic" if caps.topic != Support::None => topic(&portal, &head),
        _ => None,
    };
    let Some((action, mapping)) = action else { return Ok(Translated::nothing()) };
    let voice = if level == Level::Relay { Voice::Relay } else { Voice::Puppet };
    let outgoing = outgoing(core, &portal, row, &head, voice, action).await?;
    Ok(Translated::Send { outgoing, mapping })
}

type Found = Option<(Action, Option<MappingKind>)>;

async fn reaction(core: &Core, head: &Head<'_>) -> Result<Found, StoreError> {
    #[derive(Deserialize)]
    struct Content {
        #[serde(rename = "m.relates_to")]
        relates_to: Relation,
    }
    #[derive(Deserialize)]
    struct Relation {
        event_id: OwnedEventId,
        key: String,
    }
    let Ok(content) = serde_json::from_str::<Content>(head.content.get()) else { return Ok(None) };
    let target = ids_of(core, &content.relates_to.event_id).await?;
    if target.is_empty() {
        return Ok(None);
    }
    let key = content.relates_to.key;
    Ok(Some((Action::React { target, key }, Some(MappingKind::Reaction))))
}

async fn removal(core: &Core, head: &Head<'_>) -> Result<Found, StoreError> {
    #[derive(Deserialize)]
    struct Content {
        #[serde(default)]
        reason: Option<String>,
    }
    let Some(removed) = head.redacts() else { return Ok(None) };
    let target = ids_of(core, &removed).await?;
    if target.is_empty() {
        return Ok(None); // it never reached the network
    }
    let content = serde_json::from_str::<Content>(head.content.get()).ok();
    let reason = content.and_then(|content| content.reason);
    Ok(Some((Action::Delete { target, reason }, None)))
}

fn topic(portal: &Portal, head: &Head<'_>) -> Found {
    #[derive(Deserialize)]
    struct Content {
        #[serde(default)]
        topic: String,
    }
    let content = serde_json::from_str::<Content>(head.content.get()).ok()?;
    if portal.topic.as_deref().unwrap_or_default() == content.topic {
        return None; // the network has it
    }
    Some((Action::Topic(content.topic), None))
}

/// The network's ids of a Matrix event.
async fn ids_of(core: &Core, event_id: &ruma::EventId) -> Result<Vec<RemoteId>, StoreError> {
    let mappings = core.store.mappings_of_event(event_id).await?;
    let id = |mapping: Mapping| {
        // A place in our own store means nothing to the network.
        (!mapping.remote_id.as_str().starts_with('#')).then_some(mapping.remote_id)
    };
    Ok(mappings.into_iter().filter_map(id).collect())
}

async fn outgoing(
    core: &Core,
    portal: &Portal,
    row: &Row,
    head: &Head<'_>,
    voice: Voice,
    action: Action,
) -> Result<Outgoing, PerformError> {
    let display_name = core.members.display_name(core, &head.room_id, &head.sender).await?;
    Ok(Outgoing {
        portal: portal.key.clone(),
        author: Author { user_id: head.sender.clone(), display_name, voice },
        event_id: head.event_id.clone(),
        at: head.origin_server_ts,
        action,
        progress: progress_of(row),
    })
}

fn progress_of(row: &Row) -> Option<Progress> {
    serde_json::from_str(row.progress.as_deref()?).ok()
}
