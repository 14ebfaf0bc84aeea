//! Turns a Matrix event into what its network is told, or does what core does for it alone.

mod earlier;
mod membership;
mod mentions;
mod message;
mod reaction;
mod relay;
mod removal;
mod replacement;

use std::sync::Arc;

use serde::Deserialize;

pub(crate) use self::{reaction::fact as reaction_fact, replacement::Replacement};
use crate::{
    core::Core,
    id::RemoteId,
    inbox::Head,
    network::{
        Action, Author, Caps, Delivery, Network, Outgoing, Progress, Refusal, RetryScope, Support,
        Voice,
    },
    permission::Level,
    portal::{from_network::PerformError, upgrade},
    safety::foreign::{Verdict, tell_loop},
    store::{Mapping, MappingKind, Portal, PortalBy, PortalKind, Row, StoreError},
};

/// What a row is for the network.
pub(crate) enum Translated {
    /// Something to deliver.
    Send {
        outgoing: Box<Outgoing>,
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

/// Reads a row; `voice` is whose mouth says it if not the one that the author's level gives.
/// Waits are answered as a retry of the whole lane.
pub(crate) async fn translate<N: Network>(
    core: &Arc<Core>,
    network: &N,
    row: &Row,
    voice: Option<Voice>,
) -> Translated {
    match attempt(core, network, row, voice).await {
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
    voice: Option<Voice>,
) -> Result<Translated, PerformError> {
    let Some(portal) = core.portals.find(&PortalBy::Lane(row.lane)).await? else {
        return Ok(Translated::nothing());
    };
    if portal.kind == PortalKind::Unlinked {
        let text = "the room was unlinked before it could be sent";
        return Ok(Translated::refused("the room was unlinked", text));
    }
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
    if core.safety.is_kept_out(core, &portal, &head.sender, None).await? {
        return Ok(Translated::nothing());
    }
    let level = match foreign(core, &portal, &head).await? {
        Verdict::Carry => level,
        Verdict::Relay => Level::Relay,
        Verdict::Block => return Ok(Translated::nothing()),
        Verdict::Loop(bridge) => {
            tell_loop(core, &portal, &bridge).await?;
            return Ok(Translated::nothing());
        }
    };
    let voice = voice.unwrap_or(match level {
        Level::Relay => Voice::Relay,
        _ => Voice::Puppet,
    });
    let caps = network.caps(&portal.key);
    let heard = Heard { core, network, portal: &portal, head: &head, caps: &caps, voice };
    let action = match &*head.kind {
        "m.room.message" | "m.sticker" | "m.poll.start" | "org.matrix.msc3381.poll.start" => {
            message::translate(heard).await?
        }
        "m.reaction" => reaction::added(heard).await?,
        "m.room.redaction" => removal::translate(heard).await?,
        "m.room.topic" if caps.topic != Support::None && level >= Level::User => {
            topic(&portal, &head)
        }
        _ => None,
    };
    let Some((action, mapping)) = action else { return Ok(Translated::nothing()) };
    let outgoing = outgoing(core, &portal, row, &head, voice, action).await?;
    Ok(Translated::Send { outgoing, mapping })
}

/// What to do with an event of another bridge.
async fn foreign(core: &Core, portal: &Portal, head: &Head<'_>) -> Result<Verdict, PerformError> {
    #[derive(Default, Deserialize)]
    struct Content {
        #[serde(default)]
        body: String,
    }
    let content: Content = serde_json::from_str(head.content.get()).unwrap_or_default();
    let name = core.members.display_name(core, &head.room_id, &head.sender).await?;
    let name = name.as_deref().unwrap_or(head.sender.localpart());
    Ok(core.safety.foreign.of_event(portal.lane, head, name, &content.body))
}

/// An event of a room, and what decides about its form on the network.
struct Heard<'a, N> {
    core: &'a Core,
    network: &'a N,
    portal: &'a Portal,
    head: &'a Head<'a>,
    caps: &'a Caps,
    voice: Voice,
}

impl<N> Clone for Heard<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for Heard<'_, N> {}

/// What an event does, and what the ids that the network gives are mapped to.
type Found = Option<(Action, Option<MappingKind>)>;

fn topic(portal: &Portal, head: &Head<'_>) -> Found {
    let topic = topic_of(head)?;
    if portal.topic.as_deref().unwrap_or_default() == topic {
        return None; // the network has it
    }
    Some((Action::Topic(topic), None))
}

fn topic_of(head: &Head<'_>) -> Option<String> {
    #[derive(Deserialize)]
    struct Content {
        #[serde(default)]
        topic: String,
    }
    serde_json::from_str::<Content>(head.content.get()).ok().map(|content| content.topic)
}

/// Notes what the network took: from then on it has the topic that the row brought.
pub(crate) async fn note_done(core: &Core, row: &Row) -> Result<(), StoreError> {
    let Ok(head) = Head::parse_str(&row.body) else { return Ok(()) };
    if head.kind != "m.room.topic" {
        return Ok(());
    }
    let portal = core.portals.find(&PortalBy::Lane(row.lane)).await?;
    if let (Some(portal), Some(topic)) = (portal, topic_of(&head)) {
        core.portals.save(Portal { topic: Some(topic), ..(*portal).clone() }).await?;
    }
    Ok(())
}

/// The network's ids of a Matrix event.
async fn ids_of(core: &Core, event_id: &ruma::EventId) -> Result<Vec<RemoteId>, StoreError> {
    let mappings = core.store.mappings_of_event(event_id).await?;
    let id = |mapping: Mapping| {
        // A place in our own store means nothing to the network.
        (!is_place(mapping.remote_id.as_str())).then_some(mapping.remote_id)
    };
    Ok(mappings.into_iter().filter_map(id).collect())
}

fn is_place(id: &str) -> bool {
    id.strip_prefix('#').is_some_and(|seq| seq.bytes().all(|byte| byte.is_ascii_digit()))
}

async fn outgoing(
    core: &Core,
    portal: &Portal,
    row: &Row,
    head: &Head<'_>,
    voice: Voice,
    action: Action,
) -> Result<Box<Outgoing>, PerformError> {
    let display_name = core.members.display_name(core, &head.room_id, &head.sender).await?;
    Ok(Box::new(Outgoing {
        portal: portal.key.clone(),
        author: Author { user_id: head.sender.clone(), display_name, voice },
        event_id: head.event_id.clone(),
        at: head.origin_server_ts,
        action,
        progress: progress_of(row),
    }))
}

fn progress_of(row: &Row) -> Option<Progress> {
    serde_json::from_str(row.progress.as_deref()?).ok()
}
