//! Follows a room that was upgraded to another version.

use std::sync::Arc;

use ruma::{OwnedRoomId, RoomAliasId, RoomId, UserId};
use serde::Deserialize;

use super::{bridge_info, from_network::PerformError, notice};
use crate::{
    core::Core,
    homeserver::As,
    id::LaneId,
    inbox::Head,
    store::{Batch, Membership, Op, Portal, PortalBy, PortalKind, StoreError},
};

#[derive(Deserialize)]
struct Tombstone {
    replacement_room: OwnedRoomId,
}

/// Moves a portal into the room that replaces its own; the channel stays the same.
///
/// What is said in the new room comes in while the bridge is on its way there: from the tombstone
/// on it belongs to this portal, and waits behind it. A room that takes an invite is entered when
/// the invite comes.
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
    let expect = Op::Cursor { scope: scope(&new), value: Some(portal.lane.0.to_string()) };
    core.store.commit(Batch::durable(vec![expect])).await?;
    let via = [head.sender.server_name().to_owned()];
    let reader = core.intents.reader(portal).await;
    match core.homeserver.join((*new).into(), &via, As::User(&reader)).await {
        Ok(_) => enter(core, portal, &new, &reader).await,
        Err(error) if error.is_retryable() => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, portal = %portal.key, room = %new, "a room upgrade is not followed");
            let text = format!(
                "I may not enter the room that replaces this one. Invite {reader} there, and the \
                 bridge goes on in it."
            );
            let op = notice::in_room(core, portal, &text)?;
            core.store.commit(Batch::durable(vec![op])).await?;
            Ok(())
        }
    }
}

/// The portal that waits for an invite into this room.
pub(crate) async fn expects(core: &Core, room: &RoomId) -> Result<Option<Arc<Portal>>, StoreError> {
    let Some(lane) = core.store.cursor(&scope(room)).await? else { return Ok(None) };
    let Ok(lane) = lane.parse() else { return Ok(None) };
    core.portals.find(&PortalBy::Lane(LaneId(lane))).await
}

/// Takes an invite into a room that replaces a portal's own; `false` if it is none.
pub(crate) async fn accept(
    core: &Arc<Core>,
    portal: &Portal,
    room: &RoomId,
    invited: &UserId,
) -> Result<bool, PerformError> {
    let reader = core.intents.reader(portal).await;
    if portal.room_id.as_deref() == Some(room)
        || *reader != *invited
        || expects(core, room).await?.is_none_or(|expected| expected.lane != portal.lane)
    {
        return Ok(false);
    }
    core.homeserver.join(room.into(), &[], As::User(invited)).await?;
    enter(core, portal, room, invited).await?;
    Ok(true)
}

/// Goes on in the new room, which `reader` has joined.
async fn enter(
    core: &Arc<Core>,
    portal: &Portal,
    new: &RoomId,
    reader: &UserId,
) -> Result<(), PerformError> {
    let moved = |portal| Portal {
        room_id: Some(new.to_owned()),
        last_event: None,
        gap_from: None,
        ..portal
    };
    let moved = core.portals.amend(portal.lane, moved, Vec::new()).await?;
    core.intents.note(new, reader, Membership::Join).await?;
    if let (PortalKind::Channel, Some(alias)) = (&moved.kind, &moved.alias) {
        let alias = core.names.room_alias(alias)?;
        move_alias(core, &alias, new).await?;
    }
    bridge_info::write(core, &moved).await?;
    let done = Op::Cursor { scope: scope(new), value: None };
    core.store.commit(Batch::settled(vec![done])).await?;
    tracing::info!(portal = %portal.key, room = %new, "followed a room upgrade");
    Ok(())
}

/// Where the lane of the portal stands that is to move into a room.
fn scope(room: &RoomId) -> String {
    format!("core/follow/{room}")
}

/// The homeserver moves aliases of the one who upgrades; ours may still name the old room.
pub(crate) async fn move_alias(
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
