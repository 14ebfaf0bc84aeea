//! Links rooms that are there to remote channels.

use std::sync::Arc;

use ruma::{OwnedRoomId, RoomAliasId};

use super::{bridge_info, from_network::PerformError};
use crate::{
    core::Core,
    homeserver::As,
    id::PortalKey,
    store::{Membership, Portal, PortalKind},
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
    let portal = core.portals.ensure(key, PortalKind::Plumbed, Some(room_id.clone())).await?;
    core.intents.ensure_joined(core, &portal, &core.bot).await?;
    bridge_info::write(core, &portal).await?;
    learn_members(core, &room_id).await?;
    Ok(portal)
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
