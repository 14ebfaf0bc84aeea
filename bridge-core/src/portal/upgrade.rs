//! Follows a room that was upgraded to another version.

use std::sync::Arc;

use ruma::{OwnedRoomId, RoomAliasId};
use serde::Deserialize;

use super::{bridge_info, from_network::PerformError};
use crate::{
    core::Core,
    homeserver::As,
    inbox::Head,
    store::{Membership, Portal, PortalKind},
};

#[derive(Deserialize)]
struct Tombstone {
    replacement_room: OwnedRoomId,
}

/// Moves a portal into the room that replaces its own; the channel stays the same.
pub(crate) async fn follow(
    core: &Arc<Core>,
    portal: &Portal,
    head: &Head<'_>,
) -> Result<(), PerformError> {
    let Ok(tombstone) = serde_json::from_str::<Tombstone>(head.content.get()) else {
        return Ok(());
    };
    let new = tombstone.replacement_room;
    if portal.room_id.as_ref() != Some(&head.room_id) || *new == *head.room_id {
        return Ok(()); // followed already
    }
    let via = [head.sender.server_name().to_owned()];
    let reader = core.intents.reader(portal).await;
    core.homeserver.join((*new).into(), &via, As::User(&reader)).await?;
    let moved = Portal { room_id: Some(new.clone()), ..portal.clone() };
    let moved = core.portals.save(moved).await?;
    core.intents.note(&new, &reader, Membership::Join).await?;
    if let (PortalKind::Channel, Some(alias)) = (&moved.kind, &moved.alias) {
        let alias = core.names.room_alias(alias)?;
        move_alias(core, &alias, &new).await?;
    }
    bridge_info::write(core, &moved).await?;
    tracing::info!(portal = %portal.key, room = %new, "followed a room upgrade");
    Ok(())
}

/// The homeserver moves aliases of the one who upgrades; ours may still name the old room.
async fn move_alias(
    core: &Core,
    alias: &RoomAliasId,
    room: &ruma::RoomId,
) -> Result<(), PerformError> {
    match core.homeserver.resolve_alias(alias).await {
        Ok(Some(named)) if named == room => return Ok(()),
        Ok(Some(_)) => core.homeserver.delete_alias(alias, As::Bot).await?,
        Err(error) if error.is_retryable() => return Err(error.into()),
        Ok(None) | Err(_) => {}
    }
    core.homeserver.set_alias(alias, room, As::Bot).await?;
    Ok(())
}
