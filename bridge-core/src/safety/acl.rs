//! Server ACLs of rooms: `m.room.server_acl`.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use ruma::{OwnedRoomId, RoomId, ServerName, events::room::server_acl::RoomServerAclEventContent};

use crate::{core::Core, homeserver::As, portal::from_network::PerformError};

/// How many ACLs stay in memory, and how long without being told of a change.
const CACHED: u64 = 10_000;
const FRESH: Duration = Duration::from_mins(10);

/// The ACLs of rooms in use.
pub(crate) struct Acls {
    known: Cache<OwnedRoomId, Option<Arc<RoomServerAclEventContent>>>,
}

impl Default for Acls {
    fn default() -> Self {
        Self { known: Cache::builder().max_capacity(CACHED).time_to_live(FRESH).build() }
    }
}

impl Acls {
    /// The ACL of a room has changed.
    pub(crate) async fn changed(&self, room: &RoomId) {
        self.known.invalidate(room).await;
    }

    /// Whether the room keeps out everybody of a host. What is no server name is not kept out.
    pub(super) async fn denies(
        &self,
        core: &Core,
        room: &RoomId,
        host: &str,
    ) -> Result<bool, PerformError> {
        let Ok(server) = <&ServerName>::try_from(host) else { return Ok(false) };
        let acl = if let Some(acl) = self.known.get(room).await {
            acl
        } else {
            let acl = ask(core, room).await?;
            self.known.insert(room.to_owned(), acl.clone()).await;
            acl
        };
        Ok(acl.is_some_and(|acl| !acl.is_allowed(server)))
    }
}

async fn ask(
    core: &Core,
    room: &RoomId,
) -> Result<Option<Arc<RoomServerAclEventContent>>, PerformError> {
    match core.homeserver.state(room, As::Bot, "m.room.server_acl", "").await {
        Ok(content) => {
            Ok(content.and_then(|content| serde_json::from_value(content).ok()).map(Arc::new))
        }
        Err(error) if error.is_retryable() => Err(error.into()),
        Err(_) => Ok(None), // the bot is not there to see
    }
}
