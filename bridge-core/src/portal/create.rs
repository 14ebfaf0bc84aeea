//! Makes the rooms of portals.

use std::{sync::Arc, time::Duration};

use ruma::{OwnedRoomId, OwnedUserId};
use serde_json::{Value, json};

use super::{bridge_info, from_network::PerformError};
use crate::{
    core::Core,
    homeserver::As,
    id::GhostKey,
    network::{ChannelInfo, Network, OpenError, RemoteUser},
    store::{Portal, PortalBy, PortalKind},
};

/// How long an alias query waits for the channel's name and topic.
const OPEN_LIMIT: Duration = Duration::from_secs(5);

/// The power levels that differ from the homeserver's defaults: nobody but the bot makes a portal
/// unreadable for the bridge.
fn power_levels(settings: &crate::config::Portals) -> Value {
    json!({
        "events": {
            "m.room.avatar": 50,
            "m.room.canonical_alias": 100,
            "m.room.encryption": settings.encryption_power,
            "m.room.history_visibility": 100,
            "m.room.name": 50,
            "m.room.power_levels": 100,
            "m.room.server_acl": 100,
            "m.room.tombstone": 100,
            "m.room.topic": 50,
        },
        "invite": 0,
    })
}

/// Makes the room of an alias that somebody asks for; `None` if it names no channel.
///
/// The alias is the lock: if the room is there already, by another query or from before a crash,
/// it is taken as it is.
pub(crate) async fn by_alias<N: Network>(
    core: &Arc<Core>,
    network: &N,
    localpart: &str,
) -> Result<Option<Arc<Portal>>, PerformError> {
    let Some(fields) = core.names.typed_fields(localpart) else { return Ok(None) };
    let key = match tokio::time::timeout(OPEN_LIMIT, network.find_portal(&fields)).await {
        Ok(Ok(Some(key))) => key,
        Ok(Ok(None)) => return Ok(None),
        Ok(Err(error)) => {
            tracing::info!(alias = localpart, %error, "an alias is not opened");
            return Ok(None);
        }
        Err(_) => {
            tracing::info!(alias = localpart, "the network does not answer an alias query");
            return Ok(None);
        }
    };
    let known = core.portals.find(&PortalBy::Key(key.clone())).await?;
    if let Some(portal) = &known
        && portal.room_id.is_some()
        && portal.kind == PortalKind::Channel
    {
        return Ok(known);
    }
    if known.as_ref().is_some_and(|portal| portal.kind == PortalKind::Plumbed) {
        return Ok(None); // linked elsewhere: the alias would make a second room of it
    }
    let info = match tokio::time::timeout(OPEN_LIMIT, network.open(&key)).await {
        Ok(Ok(info)) => info,
        Ok(Err(OpenError::Refused(why))) => {
            tracing::info!(portal = %key, why, "the network does not let the bridge in");
            return Ok(None);
        }
        Ok(Err(OpenError::Unavailable(_))) | Err(_) => ChannelInfo::default(),
    };
    if let Some(ended) = known.filter(|portal| portal.kind == PortalKind::Unlinked) {
        // Whoever opens the channel anew gets a room of their own.
        let freed = |portal: Portal| Portal { room_id: None, ..portal };
        core.portals.amend(ended.lane, freed, Vec::new()).await?;
    }
    let portal = core.portals.ensure(&key, PortalKind::Channel, None).await?;
    let alias = core.names.alias(&key).unwrap_or_else(|| localpart.to_owned());
    let wanted = Portal {
        alias: Some(alias),
        name: Some(info.name.unwrap_or_else(|| key.to_string())),
        topic: info.topic,
        ..(*portal).clone()
    };
    channel(core, wanted).await.map(Some)
}

/// Makes the room of a channel under the portal's alias, or takes the one that is there.
///
/// The alias is the lock. A room that is another channel's is not taken: names that differ on the
/// network may have one alias. The later channel gets one with its key behind it.
pub(crate) async fn channel(core: &Arc<Core>, wanted: Portal) -> Result<Arc<Portal>, PerformError> {
    let made = core.homeserver.create_room_raw(As::Bot, &channel_room(core, &wanted)).await;
    let room_id = match (made, &wanted.alias) {
        (Ok(room_id), _) => room_id,
        (Err(error), Some(alias)) if error.is("M_ROOM_IN_USE") => {
            let whole = core.names.room_alias(alias)?;
            let room_id = core.homeserver.resolve_alias(&whole).await?.ok_or_else(|| {
                PerformError::Refused(format!("{whole} is in use, and leads nowhere"))
            })?;
            let owner = core.portals.find(&PortalBy::Room(room_id.clone())).await?;
            if owner.is_some_and(|owner| owner.key != wanted.key) {
                let longer = format!("{alias}_{}", wanted.key);
                if alias.ends_with(wanted.key.as_str()) {
                    return Err(PerformError::Refused(format!("{whole} is another channel's")));
                }
                tracing::info!(%whole, longer, "an alias is another channel's already");
                return Box::pin(channel(core, Portal { alias: Some(longer), ..wanted })).await;
            }
            room_id
        }
        (Err(error), _) => return Err(error.into()),
    };
    core.intents.note(&room_id, &core.bot, crate::store::Membership::Join).await?;
    Ok(core.portals.save(Portal { room_id: Some(room_id), ..wanted }).await?)
}

fn channel_room(core: &Core, portal: &Portal) -> Value {
    let settings = &core.config.portals;
    let mut initial_state = bridge_info::initial_state(core, portal);
    initial_state.extend([
        json!({ "type": "m.room.join_rules", "state_key": "",
                "content": { "join_rule": settings.join_rule } }),
        json!({ "type": "m.room.history_visibility", "state_key": "",
                "content": { "history_visibility": settings.history_visibility } }),
        json!({ "type": "m.room.guest_access", "state_key": "",
                "content": { "guest_access": settings.guest_access } }),
    ]);
    let mut request = json!({
        "preset": "public_chat",
        "visibility": "private",
        "room_alias_name": portal.alias,
        "name": portal.name,
        "initial_state": initial_state,
        "power_level_content_override": power_levels(settings),
    });
    if let Some(topic) = &portal.topic {
        request["topic"] = topic.as_str().into();
    }
    if let Some(version) = &settings.room_version {
        request["room_version"] = version.as_str().into();
    }
    request
}

/// Makes the room of a conversation that a remote user began.
///
/// Making a room cannot be repeated without making two. The key of the portal stands in the
/// room's initial state, and a ghost's rooms are looked through before another one is made.
pub(crate) async fn direct(
    core: &Arc<Core>,
    portal: &Portal,
    user: &OwnedUserId,
    ghost: &GhostKey,
    sender: Option<&RemoteUser>,
) -> Result<Arc<Portal>, PerformError> {
    let ghost = match sender {
        Some(sender) if sender.key == *ghost => core.ghosts.ensure(core, sender).await?,
        _ => core
            .ghosts
            .find(ghost)
            .await?
            .ok_or_else(|| PerformError::Refused(format!("{ghost} was never seen")))?,
    };
    let room_id = match find_made(core, portal, &ghost.user_id).await? {
        Some(room_id) => room_id,
        None => make_direct(core, portal, &ghost.user_id, user).await?,
    };
    core.intents.note(&room_id, &ghost.user_id, crate::store::Membership::Join).await?;
    Ok(core.portals.save(Portal { room_id: Some(room_id), ..portal.clone() }).await?)
}

/// Makes a new room for a conversation whose room cannot be used, and leaves the old one.
pub(crate) async fn direct_anew(
    core: &Arc<Core>,
    portal: &Portal,
    user: &OwnedUserId,
    ghost: &GhostKey,
) -> Result<Arc<Portal>, PerformError> {
    let Some(ghost) = core.ghosts.find(ghost).await? else {
        return Err(PerformError::Refused(format!("{ghost} was never seen")));
    };
    let room_id = make_direct(core, portal, &ghost.user_id, user).await?;
    core.intents.note(&room_id, &ghost.user_id, crate::store::Membership::Join).await?;
    core.intents.leave(core, portal, &ghost.user_id, Some("this room is encrypted")).await?;
    Ok(core.portals.save(Portal { room_id: Some(room_id), ..portal.clone() }).await?)
}

async fn make_direct(
    core: &Core,
    portal: &Portal,
    ghost: &OwnedUserId,
    user: &OwnedUserId,
) -> Result<OwnedRoomId, PerformError> {
    let mut initial_state = bridge_info::initial_state(core, portal);
    initial_state.push(json!({ "type": "m.room.guest_access", "state_key": "",
                               "content": { "guest_access": "forbidden" } }));
    let settings = &core.config.portals;
    let mut request = json!({
        "preset": "trusted_private_chat",
        "is_direct": true,
        "invite": [user],
        "initial_state": initial_state,
        "power_level_content_override":
            { "events": { "m.room.encryption": settings.encryption_power } },
    });
    if let Some(version) = &settings.room_version {
        request["room_version"] = version.as_str().into();
    }
    Ok(core.homeserver.create_room_raw(As::User(ghost), &request).await?)
}

/// A room that was made for this portal before a crash cut its record off.
async fn find_made(
    core: &Core,
    portal: &Portal,
    ghost: &OwnedUserId,
) -> Result<Option<OwnedRoomId>, PerformError> {
    let key = format!("{}://{}", core.config.appservice.id, portal.key);
    for room in core.homeserver.joined_rooms(As::User(ghost)).await? {
        let state = core.homeserver.state(&room, As::User(ghost), "m.bridge", &key).await;
        match state {
            Ok(Some(content)) if content["channel"]["id"] == portal.key.as_str() => {
                return Ok(Some(room));
            }
            Err(error) if error.is_retryable() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(None)
}
