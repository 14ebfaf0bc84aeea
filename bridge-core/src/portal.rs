//! Portals: Matrix rooms and the remote channels that they mirror.

pub(crate) mod bridge_info;
pub(crate) mod control;
pub(crate) mod create;
pub(crate) mod encryption;
pub(crate) mod from_matrix;
pub(crate) mod from_network;
pub(crate) mod gap;
pub(crate) mod link;
pub(crate) mod notice;
pub(crate) mod sweep;
pub(crate) mod upgrade;

use std::sync::Arc;

use moka::future::Cache;
use ruma::OwnedRoomId;
use tokio::sync::{Mutex, Notify};

use crate::{
    clock::Clock,
    id::{LaneId, PortalKey},
    store::{Batch, Op, Portal, PortalBy, PortalKind, Store, StoreError},
};

/// How many portals stay in memory; the others are read from the store when they are used.
const CACHED: u64 = 10_000;

/// The portals, as far as they are in use. Nothing grows with the number of rooms.
pub(crate) struct Portals {
    store: Arc<dyn Store>,
    clock: Clock,
    by_lane: Cache<LaneId, Arc<Portal>>,
    lane_of_key: Cache<PortalKey, LaneId>,
    lane_of_room: Cache<OwnedRoomId, LaneId>,
    /// Held while a portal is read, changed and written: a lane may write a topic while a link
    /// ends. Nothing is done under it but one read and one commit.
    amending: Mutex<()>,
    changed: Arc<Notify>,
}

impl Portals {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self {
            store,
            clock,
            by_lane: Cache::new(CACHED),
            lane_of_key: Cache::new(CACHED),
            lane_of_room: Cache::new(CACHED),
            amending: Mutex::new(()),
            changed: Arc::default(),
        }
    }

    /// Looks a portal up. Its `last_event` and `gap_from` may be out of date.
    pub(crate) async fn find(&self, by: &PortalBy) -> Result<Option<Arc<Portal>>, StoreError> {
        let lane = match by {
            PortalBy::Lane(lane) => Some(*lane),
            PortalBy::Key(key) => self.lane_of_key.get(key).await,
            PortalBy::Room(room) => self.lane_of_room.get(room).await,
            PortalBy::Alias(_) => None,
        };
        if let Some(lane) = lane
            && let Some(portal) = self.by_lane.get(&lane).await
        {
            return Ok(Some(portal));
        }
        let Some(portal) = self.store.portal(by.clone()).await? else { return Ok(None) };
        Ok(Some(self.remember(portal).await))
    }

    /// The portal of this key; made if there is none. A room moves a portal that has another.
    pub(crate) async fn ensure(
        &self,
        key: &PortalKey,
        kind: PortalKind,
        room_id: Option<OwnedRoomId>,
    ) -> Result<Arc<Portal>, StoreError> {
        let Some(known) = self.find(&PortalBy::Key(key.clone())).await? else {
            return self.insert(key, kind, room_id).await;
        };
        let room_id = room_id.or_else(|| known.room_id.clone());
        if known.room_id == room_id && known.kind == kind {
            return Ok(known);
        }
        self.save(Portal { kind, room_id, ..(*known).clone() }).await
    }

    async fn insert(
        &self,
        key: &PortalKey,
        kind: PortalKind,
        room_id: Option<OwnedRoomId>,
    ) -> Result<Arc<Portal>, StoreError> {
        self.save(Portal {
            lane: LaneId(0),
            key: key.clone(),
            kind,
            room_id,
            alias: None,
            name: None,
            topic: None,
            last_event: None,
            gap_from: None,
            used: self.clock.now(),
        })
        .await
    }

    /// Writes a portal and forgets what the cache knew of its former room.
    pub(crate) async fn save(&self, portal: Portal) -> Result<Arc<Portal>, StoreError> {
        let before = self.by_lane.get(&portal.lane).await;
        let op = Op::Portal(portal.clone());
        let committed = self.store.commit(Batch::durable(vec![op])).await?;
        let lane = committed.portals.first().copied().unwrap_or(portal.lane);
        if let Some(room) = before.and_then(|before| before.room_id.clone()) {
            self.lane_of_room.invalidate(&room).await;
        }
        self.changed.notify_waiters();
        Ok(self.remember(Portal { lane, ..portal }).await)
    }

    /// Changes a portal as it is in the store, together with other writes.
    pub(crate) async fn amend(
        &self,
        lane: LaneId,
        change: impl FnOnce(Portal) -> Portal,
        mut ops: Vec<Op>,
    ) -> Result<Arc<Portal>, StoreError> {
        let _amending = self.amending.lock().await;
        let Some(known) = self.store.portal(PortalBy::Lane(lane)).await? else {
            return Err(StoreError::Taken { what: format!("portal {}: it is gone", lane.0) });
        };
        let former = known.room_id.clone();
        let portal = change(known);
        ops.push(Op::Portal(portal.clone()));
        self.store.commit(Batch::durable(ops)).await?;
        if let Some(room) = former.filter(|former| Some(former) != portal.room_id.as_ref()) {
            self.lane_of_room.invalidate(&room).await;
        }
        self.changed.notify_waiters();
        Ok(self.remember(portal).await)
    }

    /// Waits for the next change of any portal, from the call on.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + use<> {
        let mut changed = Box::pin(self.changed.clone().notified_owned());
        changed.as_mut().enable();
        changed
    }

    /// Forgets what the cache knows of all portals.
    pub(crate) fn forget_all(&self) {
        self.by_lane.invalidate_all();
        self.lane_of_key.invalidate_all();
        self.lane_of_room.invalidate_all();
    }

    async fn remember(&self, portal: Portal) -> Arc<Portal> {
        let portal = Arc::new(portal);
        self.lane_of_key.insert(portal.key.clone(), portal.lane).await;
        if let Some(room) = &portal.room_id {
            self.lane_of_room.insert(room.clone(), portal.lane).await;
        }
        self.by_lane.insert(portal.lane, portal.clone()).await;
        portal
    }
}
