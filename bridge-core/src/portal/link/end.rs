//! Ends links.

use std::sync::Arc;

use futures_util::future::{BoxFuture, try_join_all};
use ruma::{OwnedRoomId, OwnedUserId};

use super::{Change, Changed, LinkError, ToDo, finish as finish_noted};
use crate::{
    core::Core,
    homeserver::As,
    network::Network,
    portal::bridge_info,
    store::{Portal, PortalBy, PortalKind},
};

/// How many ghosts leave at a time.
const LEAVING: usize = 4;

/// Ends the link of a room. The room stays, and so do the bot and the map of messages; linking
/// it again goes on where it ended.
pub(super) async fn unlink<N: Network>(
    core: &Arc<Core>,
    network: &N,
    room_id: &OwnedRoomId,
) -> Result<Changed, LinkError> {
    let portal = core.portals.find(&PortalBy::Room(room_id.clone())).await?;
    let portal = portal.ok_or_else(|| LinkError::NotLinked(room_id.to_string()))?;
    let change = match portal.kind {
        PortalKind::Channel | PortalKind::Plumbed => {
            let ended = |portal: Portal| Portal { kind: PortalKind::Unlinked, ..portal };
            core.portals.amend(portal.lane, ended, vec![ToDo::End.note(portal.lane)]).await?;
            Change::Unlinked
        }
        PortalKind::Unlinked => Change::Unchanged,
        PortalKind::Control | PortalKind::Direct { .. } => {
            return Err(LinkError::NotLinked(format!("{room_id}, a conversation of two,")));
        }
    };
    finish_noted(core, network, portal.lane).await?;
    Ok(Changed { change, key: portal.key.clone(), room_id: room_id.clone() })
}

/// Takes everybody out, and what was ours.
pub(super) async fn finish<N: Network>(
    core: &Arc<Core>,
    network: &N,
    portal: &Portal,
) -> Result<(), LinkError> {
    network.close(&portal.key).await;
    if let Some(alias) = &portal.alias {
        let alias = core.names.room_alias(alias)?;
        match core.homeserver.delete_alias(&alias, As::Bot).await {
            Ok(()) => {}
            Err(error) if error.is_retryable() => return Err(error.into()),
            Err(error) => tracing::info!(%error, %alias, "an alias cannot be deleted"),
        }
        let without = |portal: Portal| Portal { alias: None, ..portal };
        core.portals.amend(portal.lane, without, Vec::new()).await?;
    }
    clear(core, portal).await
}

/// Takes the ghosts and the bridge's state out of a portal's room.
pub(super) async fn clear(core: &Arc<Core>, portal: &Portal) -> Result<(), LinkError> {
    let Some(room_id) = &portal.room_id else { return Ok(()) };
    bridge_info::remove(core, portal).await?;
    let members = core.store.members(room_id).await?;
    let ghosts = members.into_iter().map(|member| member.user_id);
    let ghosts: Vec<OwnedUserId> = ghosts.filter(|user| core.names.is_ghost(user)).collect();
    for some in ghosts.chunks(LEAVING) {
        let mut leaving: Vec<BoxFuture<'_, _>> = Vec::with_capacity(LEAVING);
        for ghost in some {
            let reason = Some("the channel was unlinked");
            leaving.push(Box::pin(core.intents.leave(core, portal, ghost, reason)));
        }
        try_join_all(leaving).await?;
    }
    Ok(())
}
