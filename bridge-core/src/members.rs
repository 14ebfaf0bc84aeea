//! The names of Matrix users in rooms.

use std::sync::Arc;

use moka::future::Cache;
use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};

use crate::{
    core::Core,
    homeserver::As,
    portal::from_network::PerformError,
    store::{Batch, Member, Membership, Op, Store},
};

/// How many names stay in memory.
const CACHED: u64 = 50_000;

/// Display names, as far as they are in use.
pub(crate) struct Members {
    store: Arc<dyn Store>,
    names: Cache<(OwnedRoomId, OwnedUserId), Option<String>>,
}

impl Members {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, names: Cache::new(CACHED) }
    }

    /// Empties the cache: the store has forgotten somebody.
    pub(crate) fn forget_all(&self) {
        self.names.invalidate_all();
    }

    /// Takes note of a name that a membership event brought.
    pub(crate) async fn note(&self, room: &RoomId, user: &UserId, name: Option<String>) {
        self.names.insert((room.to_owned(), user.to_owned()), name).await;
    }

    /// The display name of a user in a room. One who came before the bot is asked for once.
    pub(crate) async fn display_name(
        &self,
        core: &Core,
        room: &RoomId,
        user: &UserId,
    ) -> Result<Option<String>, PerformError> {
        let key = (room.to_owned(), user.to_owned());
        if let Some(name) = self.names.get(&key).await {
            return Ok(name);
        }
        let name = if let Some(ghost) = self.store.ghost_by_user(user).await? {
            ghost.display_name
        } else if let Some(member) = self.store.member(room, user).await? {
            member.display_name
        } else {
            self.ask(core, room, user).await?
        };
        self.names.insert(key, name.clone()).await;
        Ok(name)
    }

    async fn ask(
        &self,
        core: &Core,
        room: &RoomId,
        user: &UserId,
    ) -> Result<Option<String>, PerformError> {
        let content =
            match core.homeserver.state(room, As::Bot, "m.room.member", user.as_str()).await {
                Ok(content) => content.unwrap_or_default(),
                Err(error) if error.is_retryable() => return Err(error.into()),
                Err(_) => return Ok(None), // the bot is not there to see
            };
        let display_name = content["displayname"].as_str().map(str::to_owned);
        let joined = content["membership"] == "join";
        let member = Member {
            room_id: room.to_owned(),
            user_id: user.to_owned(),
            membership: if joined { Membership::Join } else { Membership::Leave },
            display_name: display_name.clone(),
        };
        self.store.commit(Batch::settled(vec![Op::Member(member)])).await?;
        Ok(display_name)
    }
}
