//! What a lane does for one row on its way to Matrix.

mod message;
mod profile;
mod reaction;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use ruma::{EventId, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    core::Core,
    homeserver::HomeserverError,
    id::{LaneId, RemoteId, Seq},
    network::{RemoteAction, RemoteEvent, RemoteUser},
    patience::Patience,
    portal::{create, notice::Notice},
    store::{Mapping, MappingKind, Portal, PortalBy, PortalKind, Row, StoreError},
};

/// The body of a row to Matrix.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub(crate) enum Task {
    /// Something that happened on the network.
    Remote(Box<RemoteEvent>),
    /// Something that the bridge itself has to tell.
    Notice(Notice),
}

impl Task {
    pub(crate) fn to_body(&self) -> Result<Arc<str>, StoreError> {
        let body = serde_json::to_string(self);
        Ok(body.map_err(|error| StoreError::unwritable("event", error))?.into())
    }

    pub(crate) fn from_body(body: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(body)
    }

    /// The kind of an action, as it stands in the key of a row: a message and a reaction may have
    /// the same remote id.
    pub(crate) fn kind_of(action: &RemoteAction) -> &'static str {
        match action {
            RemoteAction::Message(_) => "message",
            RemoteAction::Edit { .. } => "edit",
            RemoteAction::React { .. } => "react",
            RemoteAction::Unreact { .. } => "unreact",
            RemoteAction::Reactions { .. } => "reactions",
            RemoteAction::Delete { .. } => "delete",
            RemoteAction::Join => "join",
            RemoteAction::Leave { .. } => "leave",
            RemoteAction::Kick { .. } => "kick",
            RemoteAction::Rename { .. } => "rename",
            RemoteAction::Profile { .. } => "profile",
            RemoteAction::Topic(_) => "topic",
            RemoteAction::Name(_) => "name",
            RemoteAction::RoomAvatar(_) => "room_avatar",
        }
    }
}

/// What a row came to.
pub(crate) enum Performed {
    /// It is done, and this is what it is mapped to.
    Done(Vec<Mapping>),
    /// The homeserver says no, for good.
    Refused {
        /// Why.
        why: String,
    },
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PerformError {
    #[error(transparent)]
    Homeserver(#[from] HomeserverError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Refused(String),
}

/// Works a row off: waits for a homeserver that is away, and gives up only when it says no.
///
/// Before another attempt `find_sent` is asked whether one before arrived after all: a homeserver
/// that is restarted forgets which transaction ids it has seen.
pub(crate) async fn perform(
    core: &Arc<Core>,
    row: &Row,
    find_sent: impl Fn() -> BoxFuture<'static, Option<Vec<Mapping>>> + Send + Sync,
) -> Performed {
    let task = match Task::from_body(&row.body) {
        Ok(task) => task,
        Err(error) => {
            return Performed::Refused { why: format!("the row cannot be read: {error}") };
        }
    };
    let mut patience = Patience::default();
    loop {
        match attempt(core, row, &task).await {
            Ok(mappings) => return Performed::Done(mappings),
            Err(PerformError::Refused(why)) => return Performed::Refused { why },
            Err(PerformError::Homeserver(error)) if !error.is_retryable() => {
                return Performed::Refused { why: error.to_string() };
            }
            Err(PerformError::Homeserver(error)) => {
                metrics::counter!("bridge_retried_total", "direction" => "to_matrix").increment(1);
                tracing::debug!(%error, lane = row.lane.0, "the homeserver does not take an event");
                patience.wait(core, &error).await;
                // Whoever asks us to come later has not taken it.
                if error.retry_after().is_none()
                    && let Some(mappings) = find_sent().await
                {
                    return Performed::Done(mappings);
                }
            }
            Err(PerformError::Store(error)) => {
                tracing::error!(%error, lane = row.lane.0, "an event waits for the store");
                tokio::time::sleep(patience.next_pause()).await;
            }
        }
    }
}

async fn attempt(core: &Arc<Core>, row: &Row, task: &Task) -> Result<Vec<Mapping>, PerformError> {
    let portal = core.portals.find(&PortalBy::Lane(row.lane)).await?;
    let portal = portal.ok_or_else(|| PerformError::Refused("the portal is gone".to_owned()))?;
    match task {
        Task::Notice(notice) => notice.post(core, &portal, row.seq).await?,
        Task::Remote(_) if portal.kind == PortalKind::Unlinked => {
            return Err(PerformError::Refused("the channel was unlinked".to_owned()));
        }
        Task::Remote(event) => {
            let portal = match (&portal.room_id, &portal.kind) {
                (Some(_), _) => portal,
                (None, PortalKind::Direct { user, ghost }) => {
                    create::direct(core, &portal, user, ghost, event.sender.as_ref()).await?
                }
                (None, PortalKind::Channel) => create::channel(core, (*portal).clone()).await?,
                (None, _) => {
                    return Err(PerformError::Refused("the portal has no room".to_owned()));
                }
            };
            return act(core, &portal, row, event).await;
        }
    }
    Ok(Vec::new())
}

/// An event of the network, and where it is to be said.
#[derive(Clone, Copy)]
struct Spoken<'a> {
    core: &'a Core,
    portal: &'a Portal,
    row: &'a Row,
    event: &'a RemoteEvent,
}

async fn act(
    core: &Arc<Core>,
    portal: &Portal,
    row: &Row,
    event: &RemoteEvent,
) -> Result<Vec<Mapping>, PerformError> {
    if let Some(user) = &event.sender
        && !matches!(event.action, RemoteAction::Leave { .. })
        && is_kept_out(core, portal, user).await?
    {
        return Ok(Vec::new());
    }
    let spoken = Spoken { core, portal, row, event };
    let mapped = match (&event.action, &event.sender) {
        (RemoteAction::Message(said), _) => Some(message::send(spoken, said).await?),
        (RemoteAction::Edit { target, message: said }, _) => {
            Some(message::edit(spoken, target, said).await?)
        }
        (RemoteAction::React { target, key }, _) => reaction::add(spoken, target, key).await?,
        (RemoteAction::Unreact { target, key }, _) => {
            reaction::remove(spoken, target, key.as_deref()).await?;
            None
        }
        (RemoteAction::Reactions { target, keys }, _) => {
            reaction::replace(spoken, target, keys).await?;
            None
        }
        (RemoteAction::Delete { target, reason, reach }, _) => {
            message::delete(spoken, target, reason.as_deref(), *reach).await?;
            None
        }
        (RemoteAction::Profile { avatar }, Some(user)) => {
            profile::of_user(core, user, avatar.as_ref()).await?;
            None
        }
        (RemoteAction::RoomAvatar(avatar), sender) => {
            profile::of_room(core, portal, sender.as_ref(), avatar.as_ref()).await?;
            None
        }
        (RemoteAction::Join, Some(user)) => {
            join(core, portal, user).await?;
            None
        }
        (RemoteAction::Leave { reason }, Some(user)) => {
            go(core, portal, user, reason.as_deref()).await?;
            None
        }
        (RemoteAction::Rename { to }, Some(user)) => {
            rename(core, portal, user, to).await?;
            None
        }
        (RemoteAction::Kick { target, reason }, sender) => {
            kick(core, portal, sender.as_ref(), target, reason.as_deref()).await?;
            None
        }
        (RemoteAction::Topic(topic), sender) => {
            set_topic(core, portal, sender.as_ref(), topic).await?;
            None
        }
        (RemoteAction::Name(name), _) => {
            set_name(core, portal, name).await?;
            None
        }
        (
            RemoteAction::Join
            | RemoteAction::Leave { .. }
            | RemoteAction::Rename { .. }
            | RemoteAction::Profile { .. },
            None,
        ) => return Err(PerformError::Refused("an event about a user without one".to_owned())),
    };
    let Some((event_id, sender)) = mapped else { return Ok(Vec::new()) };
    let task = Task::Remote(Box::new(event.clone()));
    Ok(mappings_of(&task, row.lane, row.seq, &event_id, &sender))
}

/// What a Matrix event that came of a task is mapped to. Without a remote id it is the place of
/// the row, so that every event of ours is known as settled.
pub(crate) fn mappings_of(
    task: &Task,
    lane: LaneId,
    seq: Seq,
    event_id: &EventId,
    sender: &UserId,
) -> Vec<Mapping> {
    let (id, also, kind) = match task {
        Task::Remote(event) => {
            let kind = match event.action {
                RemoteAction::Edit { .. } => MappingKind::Edit,
                RemoteAction::React { .. } => MappingKind::Reaction,
                _ => MappingKind::Message,
            };
            (event.id.clone(), &event.also[..], kind)
        }
        Task::Notice(_) => (None, &[][..], MappingKind::Message),
    };
    let remote_id = id.unwrap_or_else(|| RemoteId::from(format!("#{}", seq.0)));
    let (event_id, sender) = (event_id.to_owned(), sender.to_owned());
    let mapping = |remote_id| Mapping {
        lane,
        kind,
        remote_id,
        part: 0,
        event_id: event_id.clone(),
        sender: sender.clone(),
    };
    std::iter::once(remote_id).chain(also.iter().cloned()).map(mapping).collect()
}

/// Whether a policy list or the room's server ACL keeps a remote user out.
async fn is_kept_out(
    core: &Core,
    portal: &Portal,
    user: &RemoteUser,
) -> Result<bool, PerformError> {
    let id = match core.ghosts.find(&user.key).await? {
        Some(ghost) => Some(ghost.user_id.clone()),
        None => core.names.ghost_id(&user.key),
    };
    let Some(id) = id else { return Ok(false) };
    let host = core.names.host_of(&user.key);
    core.safety.is_kept_out(core, portal, &id, host.as_deref()).await
}

/// Whoever was here before comes in at once, others a little later.
async fn join(core: &Arc<Core>, portal: &Portal, user: &RemoteUser) -> Result<(), PerformError> {
    match core.ghosts.find(&user.key).await? {
        Some(ghost) if ghost.registered => come_in(core, portal, user).await,
        _ => core.safety.newcomers.came(core, portal, user).await,
    }
}

async fn come_in(core: &Core, portal: &Portal, user: &RemoteUser) -> Result<(), PerformError> {
    let ghost = core.ghosts.ensure(core, user).await?;
    core.intents.ensure_joined(core, portal, &ghost.user_id).await
}

async fn go(
    core: &Core,
    portal: &Portal,
    user: &RemoteUser,
    reason: Option<&str>,
) -> Result<(), PerformError> {
    core.safety.newcomers.gone(portal.lane, &user.key);
    match core.ghosts.find(&user.key).await? {
        Some(ghost) => core.intents.leave(core, portal, &ghost.user_id, reason).await,
        None => Ok(()), // never seen on Matrix
    }
}

/// The new ghost comes in first, so that the conversation is never without its person.
async fn rename(
    core: &Arc<Core>,
    portal: &Portal,
    from: &RemoteUser,
    to: &RemoteUser,
) -> Result<(), PerformError> {
    if from.key == to.key {
        core.ghosts.ensure(core, to).await?;
        return Ok(());
    }
    if core.safety.newcomers.gone(portal.lane, &from.key) {
        return join(core, portal, to).await;
    }
    let Some(old) = core.ghosts.find(&from.key).await? else { return Ok(()) };
    if core.intents.is_joined(portal, &old.user_id).await? {
        come_in(core, portal, to).await?;
        core.intents.leave(core, portal, &old.user_id, Some(&format!("now {}", to.name))).await?;
    }
    Ok(())
}

async fn kick(
    core: &Core,
    portal: &Portal,
    by: Option<&RemoteUser>,
    target: &ruma::UserId,
    reason: Option<&str>,
) -> Result<(), PerformError> {
    let Some(room) = &portal.room_id else { return Ok(()) };
    let by = by.map_or("the network", |user| &user.name);
    let reason = match reason {
        Some(reason) => format!("kicked by {by}: {reason}"),
        None => format!("kicked by {by}"),
    };
    match core.homeserver.kick(room, crate::homeserver::As::Bot, target, Some(&reason)).await {
        // The bot may not: the room is somebody else's. What the network did stands there alone.
        Err(error) if !error.is_retryable() => {
            tracing::info!(%error, "a kick on the network is not mirrored");
            Ok(())
        }
        outcome => outcome.map_err(PerformError::from),
    }
}

async fn set_topic(
    core: &Core,
    portal: &Portal,
    by: Option<&RemoteUser>,
    topic: &str,
) -> Result<(), PerformError> {
    // What the network only tells again at a join is written once. What somebody sets is compared
    // with the room itself: meanwhile Matrix may have set another.
    if by.is_none() && portal.topic.as_deref().unwrap_or_default() == topic {
        return Ok(());
    }
    let content = serde_json::json!({ "topic": topic });
    core.intents.set_state(core, portal, by, "m.room.topic", &content).await?;
    let told = |portal| Portal { topic: Some(topic.to_owned()), ..portal };
    core.portals.amend(portal.lane, told, Vec::new()).await?;
    Ok(())
}

async fn set_name(core: &Core, portal: &Portal, name: &str) -> Result<(), PerformError> {
    if portal.name.as_deref() == Some(name) {
        return Ok(());
    }
    let content = serde_json::json!({ "name": name });
    core.intents.set_state(core, portal, None, "m.room.name", &content).await?;
    let told = |portal| Portal { name: Some(name.to_owned()), ..portal };
    core.portals.amend(portal.lane, told, Vec::new()).await?;
    Ok(())
}
