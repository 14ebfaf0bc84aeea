//! Makes links.

use std::{sync::Arc, time::Duration};

use ruma::{OwnedRoomId, RoomId};

use super::{Asker, Change, Changed, LinkError, ToDo, end, finish as finish_noted, power};
use crate::{
    core::Core,
    homeserver::As,
    id::{LaneId, PortalKey},
    network::Network,
    portal::{bridge_info, gap, upgrade},
    store::{Batch, Member, Membership, Op, Portal, PortalBy, PortalKind},
};

/// How long the network may take to let the bridge in.
const OPEN_LIMIT: Duration = Duration::from_mins(1);

/// Links a channel to a room. Linking what is linked already only makes sure of it.
pub(super) async fn link<N: Network>(
    core: &Arc<Core>,
    network: &N,
    key: &PortalKey,
    room_id: &OwnedRoomId,
    asker: &Asker,
) -> Result<Changed, LinkError> {
    let changed = |change| Changed { change, key: key.clone(), room_id: room_id.clone() };
    let known = core.portals.find(&PortalBy::Key(key.clone())).await?;
    let is_linked =
        |portal: &Portal| matches!(portal.kind, PortalKind::Channel | PortalKind::Plumbed);
    if let Some(portal) = &known
        && is_linked(portal)
        && portal.room_id.as_ref() == Some(room_id)
    {
        core.intents.ensure_joined(core, portal, &core.bot).await?;
        finish_noted(core, network, portal.lane).await?;
        catch_up(core, portal.lane, asker).await?;
        return Ok(changed(Change::Unchanged));
    }
    let holder = core.portals.find(&PortalBy::Room(room_id.clone())).await?;
    let holder = holder.filter(|holder| holder.key != *key);
    if let Some(holder) = &holder
        && !matches!(holder.kind, PortalKind::Control | PortalKind::Unlinked)
    {
        let by = holder.key.to_string();
        return Err(LinkError::Taken { room: room_id.to_string(), by });
    }
    enter(core, room_id).await?;
    if let Asker::Admin(user) = asker {
        power::check(core, room_id, user.as_deref()).await?;
    }
    if let Err(error) = admit(network, key, room_id, asker).await {
        if known.as_deref().is_none_or(|portal| !is_linked(portal)) {
            network.close(key).await;
        }
        return Err(error);
    }
    let from = known.as_deref().filter(|portal| is_linked(portal));
    let from = from.and_then(|portal| portal.room_id.clone());
    let change = if from.is_some() { Change::Moved } else { Change::Linked };
    let lane = write(core, key, known.as_deref(), holder.as_deref(), room_id, from).await?;
    finish_noted(core, network, lane).await?;
    catch_up(core, lane, asker).await?;
    Ok(changed(change))
}

/// Makes a room a portal without a remote channel. The caller has seen that it is free.
pub(crate) async fn adopt(
    core: &Arc<Core>,
    key: &PortalKey,
    room_id: &OwnedRoomId,
) -> Result<(), LinkError> {
    enter(core, room_id).await?;
    let known = core.portals.find(&PortalBy::Key(key.clone())).await?;
    let holder = core.portals.find(&PortalBy::Room(room_id.clone())).await?;
    let holder = holder.filter(|holder| holder.key != *key);
    let lane = write(core, key, known.as_deref(), holder.as_deref(), room_id, None).await?;
    if let Some(portal) = core.portals.find(&PortalBy::Lane(lane)).await? {
        finish(core, &portal, None).await?;
    }
    core.store.commit(Batch::settled(vec![ToDo::done(lane)])).await?;
    Ok(())
}

/// Links of the configuration hold from the start of the bridge on: what was said in the room while
/// the bot was still on its way there is taken too.
async fn catch_up(core: &Arc<Core>, lane: LaneId, asker: &Asker) -> Result<(), LinkError> {
    if *asker != Asker::Config {
        return Ok(());
    }
    let Some(portal) = core.portals.find(&PortalBy::Lane(lane)).await? else { return Ok(()) };
    if portal.last_event.is_none() {
        gap::since(core, &portal, core.started).await?;
    }
    Ok(())
}

/// The bot goes into a room. What the store knows of it may be old: nobody told us of rooms that
/// were not linked.
async fn enter(core: &Core, room_id: &RoomId) -> Result<(), LinkError> {
    match core.homeserver.join(room_id.into(), &[], As::Bot).await {
        Ok(_) => {}
        Err(error) if error.is_retryable() || error.is("M_NOT_FOUND") => return Err(error.into()),
        Err(error) => {
            let bot = &core.bot;
            return Err(LinkError::Power(format!(
                "{bot} may not enter {room_id}: {error}; invite it there and try again"
            )));
        }
    }
    core.intents.note(room_id, &core.bot, Membership::Join).await?;
    Ok(())
}

/// The network lets the bridge in, and whoever has a say there agrees.
async fn admit<N: Network>(
    network: &N,
    key: &PortalKey,
    room_id: &OwnedRoomId,
    asker: &Asker,
) -> Result<(), LinkError> {
    let opened = tokio::time::timeout(OPEN_LIMIT, network.open(key)).await;
    opened.map_err(|_| LinkError::Unavailable(format!("{key} could not be entered")))??;
    if *asker != Asker::Config {
        network.consent(key, room_id).await?;
    }
    Ok(())
}

/// Writes the link, and frees the room of what is no link: a talk with the bot, or a link that
/// was ended.
async fn write(
    core: &Core,
    key: &PortalKey,
    known: Option<&Portal>,
    holder: Option<&Portal>,
    room_id: &OwnedRoomId,
    from: Option<OwnedRoomId>,
) -> Result<LaneId, LinkError> {
    let lane = match known {
        Some(portal) => portal.lane,
        None => core.portals.ensure(key, PortalKind::Unlinked, None).await?.lane,
    };
    let moved = |portal: Portal| Portal {
        kind: PortalKind::Plumbed,
        room_id: Some(room_id.clone()),
        last_event: None,
        gap_from: None,
        ..portal
    };
    if let Some(holder) = holder {
        let freed = |portal: Portal| Portal { room_id: None, alias: None, ..portal };
        core.portals.amend(holder.lane, freed, Vec::new()).await?;
    }
    core.portals.amend(lane, moved, vec![ToDo::Begin { from }.note(lane)]).await?;
    Ok(lane)
}

/// Says so in the room, learns who is there, and clears the room that it was before.
pub(super) async fn finish(
    core: &Arc<Core>,
    portal: &Portal,
    from: Option<&OwnedRoomId>,
) -> Result<(), LinkError> {
    let Some(room_id) = &portal.room_id else { return Ok(()) };
    bridge_info::write(core, portal).await?;
    learn_members(core, room_id).await?;
    let Some(from) = from else { return Ok(()) };
    if let Some(alias) = &portal.alias {
        let alias = core.names.room_alias(alias)?;
        upgrade::move_alias(core, &alias, room_id).await?;
    }
    end::clear(core, &super::in_room(portal, from)).await
}

/// Records who is in a room that was there before the bridge.
async fn learn_members(core: &Core, room: &RoomId) -> Result<(), LinkError> {
    let joined = core.homeserver.joined_members(room, As::Bot).await?;
    let ops = joined.into_iter().map(|(user_id, profile)| {
        Op::Member(Member {
            room_id: room.to_owned(),
            user_id,
            membership: Membership::Join,
            display_name: profile.display_name,
        })
    });
    core.store.commit(Batch::settled(ops.collect())).await?;
    Ok(())
}
