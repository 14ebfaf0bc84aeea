//! Links rooms that are there to remote channels.

use std::sync::Arc;

use ruma::{OwnedRoomId, RoomAliasId};

use super::{bridge_info, from_network::PerformError, gap};
use crate::{
    core::Core,
    homeserver::As,
    id::PortalKey,
    store::{Membership, Portal, PortalBy, PortalKind},
};

/// Links a channel to a room, given by id or alias: the bot joins it and says so in its state.
///
/// Linking what is linked already changes nothing.
pub(crate) async fn link(
    core: &Arc<Core>,
    key: &PortalKey,
    room: &str,
) -> Result<Arc<Portal>, PerformError> {
    let room_id: OwnedRoomId = if room.starts_with('#') {
        let alias = RoomAliasId::parse(room)
            .map_err(|_| PerformError::Refused(format!("{room:?} is no alias")))?;
        core.homeserver
            .resolve_alias(&alias)
            .await?
            .ok_or_else(|| PerformError::Refused(format!("there is no room {room}")))?
    } else {
        room.try_into()
            .map_err(|_| PerformError::Refused(format!("{room:?} is no room id and no alias")))?
    };
    give_up_talk(core, &room_id).await?;
    let portal = core.portals.ensure(key, PortalKind::Plumbed, Some(room_id.clone())).await?;
    core.intents.ensure_joined(core, &portal, &core.bot).await?;
    bridge_info::write(core, &portal).await?;
    learn_members(core, &room_id).await?;
    Ok(portal)
}

/// Links as the configuration says: from the start of the bridge on. What was said in the room while
/// the bot was still on its way there is taken too.
pub(crate) async fn link_configured(
    core: &Arc<Core>,
    key: &PortalKey,
    room: &str,
) -> Result<Arc<Portal>, PerformError> {
    let known = core.portals.find(&PortalBy::Key(key.clone())).await?;
    let portal = link(core, key, room).await?;
    let was_linked = match known {
        Some(known) => known.room_id == portal.room_id && known.last_event.is_some(),
        None => false,
    };
    if !was_linked {
        gap::since(core, &portal, core.started).await?;
    }
    Ok(portal)
}

/// A room into which the bot was invited before is no talk with the bot once it is linked.
async fn give_up_talk(core: &Core, room: &ruma::RoomId) -> Result<(), PerformError> {
    let by = PortalBy::Room(room.to_owned());
    if let Some(talk) = core.portals.find(&by).await?
        && talk.kind == PortalKind::Control
    {
        core.portals.save(Portal { room_id: None, ..(*talk).clone() }).await?;
    }
    Ok(())
}

/// Records who is in a room that was there before the bridge.
async fn learn_members(core: &Core, room: &ruma::RoomId) -> Result<(), PerformError> {
    let joined = core.homeserver.joined_members(room, As::Bot).await?;
    let ops = joined
        .into_iter()
        .map(|(user_id, profile)| {
            crate::store::Op::Member(crate::store::Member {
                room_id: room.to_owned(),
                user_id,
                membership: Membership::Join,
                display_name: profile.display_name,
            })
        })
        .collect();
    core.store.commit(crate::store::Batch::settled(ops)).await?;
    Ok(())
}
