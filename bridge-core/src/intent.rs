//! Acting in a room as a ghost or as the bot: joined first, and as often as it takes.

use std::sync::Arc;

use moka::future::Cache;
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, UserId};
use serde_json::Value;

use crate::{
    core::Core,
    homeserver::As,
    id::{Seq, Timestamp},
    marker::MARKER_KEY,
    network::RemoteUser,
    portal::{from_network::PerformError, notice},
    safety::foreign::BRIDGE_KEY,
    store::{Batch, Member, Membership, Op, Portal, PortalKind, Store, StoreError},
};

/// How many memberships stay in memory.
const CACHED: u64 = 100_000;

/// An event to send.
pub(crate) struct Outbound<'a> {
    /// Its type.
    pub(crate) event_type: &'a str,
    /// Its content.
    pub(crate) content: Value,
    /// The row that it comes from.
    pub(crate) seq: Seq,
    /// Which event of the row; the first is `""`.
    pub(crate) part: &'a str,
    /// When it was said, if that was a while ago.
    pub(crate) at: Option<Timestamp>,
}

/// Who is where, as far as it is in use.
pub(crate) struct Intents {
    store: Arc<dyn Store>,
    bot: OwnedUserId,
    joined: Cache<(OwnedRoomId, OwnedUserId), bool>,
}

impl Intents {
    pub(crate) fn new(store: Arc<dyn Store>, bot: OwnedUserId) -> Self {
        Self { store, bot, joined: Cache::new(CACHED) }
    }

    /// Empties the cache: the store has forgotten somebody.
    pub(crate) fn forget_all(&self) {
        self.joined.invalidate_all();
    }

    /// The one of us who is in a portal's room whatever happens: the bot, or in a conversation of
    /// two the ghost.
    pub(crate) async fn reader(&self, portal: &Portal) -> OwnedUserId {
        if let PortalKind::Direct { ghost, .. } = &portal.kind
            && let Ok(Some(ghost)) = self.store.ghost(ghost).await
        {
            return ghost.user_id;
        }
        self.bot.clone()
    }

    /// Whether one of us is joined to a portal's room, as far as we know.
    pub(crate) async fn is_joined(
        &self,
        portal: &Portal,
        user: &UserId,
    ) -> Result<bool, StoreError> {
        let Some(room) = &portal.room_id else { return Ok(false) };
        let key = (room.clone(), user.to_owned());
        if let Some(joined) = self.joined.get(&key).await {
            return Ok(joined);
        }
        let member = self.store.member(room, user).await?;
        let joined = member.is_some_and(|member| member.membership == Membership::Join);
        self.joined.insert(key, joined).await;
        Ok(joined)
    }

    /// Joins a portal's room unless that is done. Where it takes an invite, the bot invites.
    pub(crate) async fn ensure_joined(
        &self,
        core: &Core,
        portal: &Portal,
        user: &UserId,
    ) -> Result<(), PerformError> {
        if self.is_joined(portal, user).await? {
            return Ok(());
        }
        let room = room_of(portal)?;
        let homeserver = &core.homeserver;
        match homeserver.join((**room).into(), &[], As::User(user)).await {
            Ok(_) => {}
            Err(error) if error.errcode() == Some("M_FORBIDDEN") && *user != self.bot => {
                let invited = match homeserver.invite(room, As::Bot, user).await {
                    Err(error) if error.is_retryable() => return Err(error.into()),
                    invited => invited, // refused: perhaps it is invited already; the join tells
                };
                match homeserver.join((**room).into(), &[], As::User(user)).await {
                    Ok(_) => {}
                    Err(error) if error.is_retryable() => return Err(error.into()),
                    Err(error) => {
                        let why = invited.err().unwrap_or(error).to_string();
                        tell_locked(core, portal, room, &why).await?;
                        return Err(PerformError::Refused(format!(
                            "{user} may not enter {room}, and the bot may not invite: {why}"
                        )));
                    }
                }
            }
            Err(error) => return Err(error.into()),
        }
        self.note(room, user, Membership::Join).await?;
        Ok(())
    }

    /// Leaves a portal's room, if that is not done.
    pub(crate) async fn leave(
        &self,
        core: &Core,
        portal: &Portal,
        user: &UserId,
        reason: Option<&str>,
    ) -> Result<(), PerformError> {
        if !self.is_joined(portal, user).await? {
            return Ok(());
        }
        let room = room_of(portal)?;
        match core.homeserver.leave(room, As::User(user), reason).await {
            Ok(()) => {}
            // Not there any more: kicked, or the room is gone.
            Err(error) if !error.is_retryable() => {}
            Err(error) => return Err(error.into()),
        }
        self.note(room, user, Membership::Leave).await?;
        Ok(())
    }

    /// Sends an event, with the marker of its row in the content.
    pub(crate) async fn send(
        &self,
        core: &Core,
        portal: &Portal,
        user: &UserId,
        event: Outbound<'_>,
    ) -> Result<OwnedEventId, PerformError> {
        let Outbound { event_type, mut content, seq, part, at } = event;
        let room = room_of(portal)?;
        content[MARKER_KEY] = core.markers.marker(seq, part).into();
        content[BRIDGE_KEY] = core.config.appservice.id.as_str().into();
        let txn = core.markers.transaction_id(seq, part, room.as_str(), user.as_str());
        self.ensure_joined(core, portal, user).await?;
        let send = || {
            core.homeserver.send(
                room,
                As::User(user),
                event_type,
                &txn,
                &content,
                at.map(|at| at.0),
            )
        };
        crate::failpoint::hit("to_matrix.before_send");
        match send().await {
            Err(error) if error.errcode() == Some("M_FORBIDDEN") => {
                // Kicked, perhaps, while we looked elsewhere: once more from the door.
                self.joined.insert((room.clone(), user.to_owned()), false).await;
                self.ensure_joined(core, portal, user).await?;
                send().await.map_err(PerformError::from)
            }
            outcome => outcome.map_err(PerformError::from),
        }
    }

    /// Writes state as a remote user where they may, else as the bot; nothing if it stands there
    /// already.
    pub(crate) async fn set_state(
        &self,
        core: &Core,
        portal: &Portal,
        by: Option<&RemoteUser>,
        event_type: &str,
        content: &Value,
    ) -> Result<(), PerformError> {
        let room = room_of(portal)?;
        let present = match core.homeserver.state(room, As::Bot, event_type, "").await {
            Ok(present) => present,
            Err(error) if error.is_retryable() => return Err(error.into()),
            Err(_) => None,
        };
        if present.is_some_and(|present| says(&present, content)) {
            return Ok(());
        }
        if let Some(user) = by
            && let Some(ghost) = core.ghosts.find(&user.key).await?
            && self.is_joined(portal, &ghost.user_id).await?
        {
            let as_ghost = As::User(&ghost.user_id);
            match core.homeserver.set_state(room, as_ghost, event_type, "", content, None).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_retryable() => return Err(error.into()),
                Err(_) => {} // it has not the power; the bot may
            }
        }
        core.homeserver.set_state(room, As::Bot, event_type, "", content, None).await?;
        Ok(())
    }

    /// Records where one of us is now.
    pub(crate) async fn note(
        &self,
        room: &ruma::RoomId,
        user: &UserId,
        membership: Membership,
    ) -> Result<(), StoreError> {
        let member = Member {
            room_id: room.to_owned(),
            user_id: user.to_owned(),
            membership,
            display_name: None,
        };
        self.store.commit(Batch::settled(vec![Op::Member(member)])).await?;
        self.forget(room, user).await;
        Ok(())
    }

    /// Forgets what the cache knows of a membership: the store was told something new.
    pub(crate) async fn forget(&self, room: &ruma::RoomId, user: &UserId) {
        self.joined.invalidate(&(room.to_owned(), user.to_owned())).await;
    }
}

/// Says once in a room that ghosts cannot come in, and what would mend it.
async fn tell_locked(
    core: &Core,
    portal: &Portal,
    room: &ruma::RoomId,
    why: &str,
) -> Result<(), StoreError> {
    let scope = format!("core/locked/{room}");
    if core.store.cursor(&scope).await?.is_some() {
        return Ok(());
    }
    let text = format!(
        "What is said on the other side cannot be shown here: people from there may not enter \
         this room, and I may not invite them ({why}). Give {} the power to invite.",
        core.bot
    );
    let ops = vec![
        Op::Cursor { scope, value: Some("told".to_owned()) },
        notice::in_room(core, portal, &text)?,
    ];
    core.store.commit(Batch::durable(ops)).await.map(drop)
}

/// Whether content says all that is to be said; clients add forms of their own.
fn says(present: &Value, wanted: &Value) -> bool {
    let Some(wanted) = wanted.as_object() else { return present == wanted };
    wanted.iter().all(|(key, value)| present.get(key) == Some(value))
}

fn room_of(portal: &Portal) -> Result<&OwnedRoomId, PerformError> {
    portal
        .room_id
        .as_ref()
        .ok_or_else(|| PerformError::Refused("the portal has no room".to_owned()))
}
