//! Links: which room goes to which channel, made and ended one after the other.
//!
//! A link that changes is written first, together with a note of what is still to be done in the
//! rooms; a crash in between is made good at the next start.

mod begin;
mod end;
mod error;
mod power;
mod turns;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use ruma::{OwnedRoomId, OwnedUserId, RoomAliasId};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use self::turns::Turns;
pub(crate) use self::{begin::adopt, error::LinkError};
use crate::{
    core::Core,
    id::{LaneId, PortalKey},
    network::Network,
    store::{Batch, Op, Portal, PortalBy},
};

/// The scope of the notes of what is still to be done.
const TO_DO: &str = "core/link/";

/// What became of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Change {
    /// There was none, and now there is.
    Linked,
    /// The channel went to another room before.
    Moved,
    /// It was so before.
    Unchanged,
    /// It is no more.
    Unlinked,
}

impl Change {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Moved => "moved",
            Self::Unchanged => "unchanged",
            Self::Unlinked => "unlinked",
        }
    }
}

/// A change that was made.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) change: Change,
    pub(crate) key: PortalKey,
    pub(crate) room_id: OwnedRoomId,
}

/// Who wants a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// The configuration: the one who runs the bridge.
    Config,
    /// The admin API, perhaps for somebody who must have power in the room.
    Admin(Option<OwnedUserId>),
}

/// What the admin API needs of the links, whatever the network.
pub(crate) trait Linking: Send + Sync {
    /// Links the channel that `remote` names to a room, given by id or alias.
    fn link(
        &self,
        remote: String,
        room: String,
        asker: Asker,
    ) -> BoxFuture<'_, Result<Changed, LinkError>>;

    /// Ends the link of a room, given by id or alias.
    fn unlink(&self, room: String) -> BoxFuture<'_, Result<Changed, LinkError>>;
}

/// The links of a bridge.
pub(crate) struct RoomLinks<N> {
    core: Arc<Core>,
    network: Arc<N>,
    turns: Turns,
}

/// What is still to be done for a link that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum ToDo {
    /// Say so in the room, and clear the room that the channel went to before.
    Begin {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<OwnedRoomId>,
    },
    /// Clear the room.
    End,
}

impl ToDo {
    fn note(&self, lane: LaneId) -> Op {
        let value = serde_json::to_string(self).unwrap_or_default();
        Op::Cursor { scope: format!("{TO_DO}{}", lane.0), value: Some(value) }
    }

    fn done(lane: LaneId) -> Op {
        Op::Cursor { scope: format!("{TO_DO}{}", lane.0), value: None }
    }

    async fn of(core: &Core, lane: LaneId) -> Result<Option<Self>, LinkError> {
        let note = core.store.cursor(&format!("{TO_DO}{}", lane.0)).await?;
        Ok(note.and_then(|note| serde_json::from_str(&note).ok()))
    }
}

impl<N: Network> RoomLinks<N> {
    /// The links, which change until `stop`.
    pub(crate) fn new(core: Arc<Core>, network: Arc<N>, stop: CancellationToken) -> Self {
        Self { core, network, turns: Turns::new(stop) }
    }

    /// Links a channel to a room; waits for its turn.
    pub(crate) async fn begin(
        &self,
        key: PortalKey,
        room: &str,
        asker: Asker,
    ) -> Result<Changed, LinkError> {
        let room_id = resolve(&self.core, room).await?;
        let (core, network) = (self.core.clone(), self.network.clone());
        let claims = vec![key.to_string(), room_id.to_string()];
        self.in_turn(
            claims,
            async move { begin::link(&core, &*network, &key, &room_id, &asker).await },
        )
        .await
    }

    /// Ends the link of a room; waits for its turn.
    pub(crate) async fn end(&self, room: &str) -> Result<Changed, LinkError> {
        let room_id = resolve(&self.core, room).await?;
        let by = PortalBy::Room(room_id.clone());
        let portal = self.core.portals.find(&by).await?;
        let portal = portal.ok_or_else(|| LinkError::NotLinked(room_id.to_string()))?;
        let (core, network) = (self.core.clone(), self.network.clone());
        let claims = vec![portal.key.to_string(), room_id.to_string()];
        self.in_turn(claims, async move { end::unlink(&core, &*network, &room_id).await }).await
    }

    /// Does what a former process left undone.
    pub(crate) async fn resume(&self) {
        let notes = self.core.store.cursors(TO_DO).await.unwrap_or_default();
        for (scope, _) in notes {
            let lane = scope.strip_prefix(TO_DO).and_then(|lane| lane.parse().ok()).map(LaneId);
            let Some(lane) = lane else { continue };
            let Ok(Some(portal)) = self.core.portals.find(&PortalBy::Lane(lane)).await else {
                continue;
            };
            let (core, network) = (self.core.clone(), self.network.clone());
            let resumed = self
                .in_turn(vec![portal.key.to_string()], async move {
                    finish(&core, &*network, lane).await
                })
                .await;
            if let Err(error) = resumed {
                tracing::warn!(portal = %portal.key, %error, "a link is not finished");
            }
        }
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        claims: Vec<String>,
        work: impl Future<Output = Result<T, LinkError>> + Send + 'static,
    ) -> Result<T, LinkError> {
        let (answer, answered) = oneshot::channel();
        self.turns.queue(claims, async move { drop(answer.send(work.await)) });
        answered.await.unwrap_or(Err(LinkError::Stopped))
    }
}

impl<N: Network> Linking for RoomLinks<N> {
    fn link(
        &self,
        remote: String,
        room: String,
        asker: Asker,
    ) -> BoxFuture<'_, Result<Changed, LinkError>> {
        Box::pin(async move {
            let key = self.network.portal_of_name(&remote).map_err(LinkError::Remote)?;
            self.begin(key, &room, asker).await
        })
    }

    fn unlink(&self, room: String) -> BoxFuture<'_, Result<Changed, LinkError>> {
        Box::pin(async move { self.end(&room).await })
    }
}

/// Does what is noted for a portal.
async fn finish<N: Network>(core: &Arc<Core>, network: &N, lane: LaneId) -> Result<(), LinkError> {
    let Some(portal) = core.portals.find(&PortalBy::Lane(lane)).await? else { return Ok(()) };
    match ToDo::of(core, lane).await? {
        None => return Ok(()),
        Some(ToDo::Begin { from }) => begin::finish(core, &portal, from.as_ref()).await?,
        Some(ToDo::End) => end::finish(core, network, &portal).await?,
    }
    core.store.commit(Batch::settled(vec![ToDo::done(lane)])).await?;
    Ok(())
}

/// The room that an id or an alias names.
async fn resolve(core: &Core, room: &str) -> Result<OwnedRoomId, LinkError> {
    if !room.starts_with('#') {
        return room.try_into().map_err(|_| LinkError::Room(room.to_owned()));
    }
    let alias = RoomAliasId::parse(room).map_err(|_| LinkError::Room(room.to_owned()))?;
    let found = core.homeserver.resolve_alias(&alias).await?;
    found.ok_or_else(|| LinkError::NoRoom(room.to_owned()))
}

/// A portal as it would be in another room, for acting there.
fn in_room(portal: &Portal, room_id: &OwnedRoomId) -> Portal {
    Portal { room_id: Some(room_id.clone()), ..portal.clone() }
}
