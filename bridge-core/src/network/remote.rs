//! The core, as a network sees it.

use std::{sync::Arc, time::Instant};

use ruma::{OwnedUserId, RoomId};

use super::{
    AdoptError, Adopted, ChannelInfo, Fields, Progress, RemoteAction, RemoteEvent, RemoteSignal,
    Settlement, Token, adopt,
};
use crate::{
    core::Core,
    failpoint,
    id::{Direction, GhostKey, PortalKey, RemoteId},
    lane::Settled,
    media::inward,
    permission::Level,
    portal::from_network::Task,
    store::{
        Batch, Mapping, MappingKind, NewRow, Op, Portal, PortalBy, PortalKind, RowState, StoreError,
    },
};

/// The handle by which a network hands events up and asks for what the core remembers.
#[derive(Clone)]
pub struct Remote {
    core: Arc<Core>,
}

/// Proof that events are on disk: they survive a power failure and reach Matrix once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// How many were new; the others were known by their id.
    pub new: usize,
}

/// Whether a link to the network is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It carries messages.
    Up,
    /// It does not, and is being mended.
    Down {
        /// What is wrong.
        what: String,
        /// What an admin can do.
        fix: String,
    },
}

/// A portal of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalInfo {
    /// Its key.
    pub key: PortalKey,
    /// How it came about.
    pub kind: PortalKind,
}

impl Remote {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Commits events, in order, together with the cursor that covers them.
    ///
    /// When this returns they are on disk. The portal must be known: made by an alias query or a
    /// link, or by [`Remote::ensure_direct`]; events of other portals are left out and counted.
    /// A future that is dropped may or may not have committed.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot take them now; push them again later.
    pub async fn push(
        &self,
        events: &[RemoteEvent],
        cursor: Option<(&str, &str)>,
    ) -> Result<Pushed, StoreError> {
        let cursor = cursor.map(|(scope, value)| (scope.to_owned(), Some(value.to_owned())));
        self.push_with(events, cursor.as_slice()).await
    }

    /// Commits events, in order, together with facts that hold once they are taken: cursors, and
    /// what the network must remember of them. A fact without a value is forgotten.
    ///
    /// # Errors
    /// As for [`Remote::push`].
    pub async fn push_with(
        &self,
        events: &[RemoteEvent],
        facts: &[(String, Option<String>)],
    ) -> Result<Pushed, StoreError> {
        let arrival = Instant::now();
        let mut ops = Vec::with_capacity(events.len() + facts.len());
        let mut routed = Vec::with_capacity(events.len());
        for event in events {
            let Some(portal) = self.core.portals.find(&PortalBy::Key(event.portal.clone())).await?
            else {
                metrics::counter!("bridge_unrouted_total", "direction" => "to_matrix").increment(1);
                continue;
            };
            if portal.kind == PortalKind::Unlinked {
                metrics::counter!("bridge_unrouted_total", "direction" => "to_matrix").increment(1);
                continue;
            }
            ops.push(Op::Append(self.row(&portal, event)?));
            routed.push(event);
            if let (RemoteAction::Message(said), Some(user)) = (&event.action, &event.sender) {
                let text = said.body.plain();
                self.core.safety.foreign.remember(portal.lane, &user.name, &text);
            }
        }
        for (scope, value) in facts {
            ops.push(Op::Cursor { scope: scope.clone(), value: value.clone() });
        }
        failpoint::hit("to_matrix.before_commit");
        let committed = self.core.store.commit(Batch::durable(ops)).await?;
        failpoint::hit("to_matrix.committed");
        for (seq, event) in committed.appended.iter().zip(&routed) {
            if let (Some(seq), Some(file)) = (seq, event.action.file()) {
                inward::begin(&self.core, *seq, file.clone());
            }
        }
        let new = committed.appended.iter().flatten().count();
        metrics::counter!("bridge_received_total", "direction" => "to_matrix")
            .increment(new as u64);
        let known = committed.appended.len() - new;
        metrics::counter!("bridge_duplicates_total", "direction" => "to_matrix")
            .increment(known as u64);
        metrics::histogram!("bridge_commit_seconds", "direction" => "to_matrix")
            .record(arrival.elapsed().as_secs_f64());
        Ok(Pushed { new })
    }

    fn row(&self, portal: &Portal, event: &RemoteEvent) -> Result<NewRow, StoreError> {
        let key = event
            .id
            .as_ref()
            .map(|id| format!("{} {} {id}", portal.lane.0, Task::kind_of(&event.action)));
        Ok(NewRow {
            lane: portal.lane,
            direction: Direction::ToMatrix,
            key,
            body: Task::Remote(Box::new(event.clone())).to_body()?,
            created: self.core.clock.now(),
            state: RowState::New,
        })
    }

    /// Makes sure that there is a portal for a conversation of a Matrix user with a remote user.
    ///
    /// Its room is made when the first event reaches it.
    pub async fn ensure_direct(
        &self,
        key: &PortalKey,
        user: OwnedUserId,
        ghost: GhostKey,
    ) -> Result<(), StoreError> {
        let kind = PortalKind::Direct { user, ghost };
        self.core.portals.ensure(key, kind, None).await.map(drop)
    }

    /// Makes sure that there is a portal for a channel, and says what its room is to be like.
    ///
    /// Its room is made when the first event reaches it. A portal that is known stays as it is.
    pub async fn ensure_channel(
        &self,
        key: &PortalKey,
        info: &ChannelInfo,
    ) -> Result<(), StoreError> {
        if self.core.portals.find(&PortalBy::Key(key.clone())).await?.is_some() {
            return Ok(());
        }
        let portal = self.core.portals.ensure(key, PortalKind::Channel, None).await?;
        let portal = Portal {
            alias: self.core.names.alias(key),
            name: Some(info.name.clone().unwrap_or_else(|| key.to_string())),
            topic: info.topic.clone(),
            ..(*portal).clone()
        };
        self.core.portals.save(portal).await.map(drop)
    }

    /// Fixes the Matrix id of a remote user before the first event of theirs, for networks whose
    /// keys do not hold all parts of the id. Returns the id, which is the former one of a user who
    /// was seen before; `None` if no Matrix id can hold these parts.
    pub async fn name_ghost(
        &self,
        key: &GhostKey,
        fields: &Fields,
    ) -> Result<Option<OwnedUserId>, StoreError> {
        self.core.ghosts.name(&self.core, key, fields).await
    }

    /// Whether there is a portal of this key. Cheap, for portals that are in use.
    pub async fn has_portal(&self, key: &PortalKey) -> Result<bool, StoreError> {
        Ok(self.core.portals.find(&PortalBy::Key(key.clone())).await?.is_some())
    }

    /// The portal in which a remote id is known, for networks that tell of removals by the id alone.
    ///
    /// Looks through the portals one by one: for what is rare.
    pub async fn portal_of(&self, id: &RemoteId) -> Result<Option<PortalKey>, StoreError> {
        for portal in self.core.store.portals("").await? {
            if !self.core.store.mappings_of_remote(portal.lane, id).await?.is_empty() {
                return Ok(Some(portal.key));
            }
        }
        Ok(None)
    }

    /// Passes on that a remote user writes or has read something. Returns at once; dropped while
    /// too many others are under way.
    pub fn signal(&self, signal: RemoteSignal) {
        self.core.signals.push(signal);
    }

    /// Tells what became of a row for which [`Delivery::AwaitEcho`](super::Delivery::AwaitEcho)
    /// was answered. Of several settlements of one row the first counts.
    pub fn settle(&self, token: Token, settlement: Settlement) {
        self.core.dispatch.settle(Settled { token, settlement });
    }

    /// Records one more remote id of a message that is known under another.
    pub async fn add_id(
        &self,
        portal: &PortalKey,
        known: &RemoteId,
        also: &RemoteId,
    ) -> Result<(), StoreError> {
        let Some(portal) = self.core.portals.find(&PortalBy::Key(portal.clone())).await? else {
            return Ok(());
        };
        let known = self.core.store.mappings_of_remote(portal.lane, known).await?;
        let ops = known
            .into_iter()
            .filter(|mapping| mapping.kind == MappingKind::Message)
            .map(|mapping| Op::Map(Mapping { remote_id: also.clone(), ..mapping }))
            .collect();
        self.core.store.commit(Batch::settled(ops)).await.map(drop)
    }

    /// The portals whose keys start with `prefix`, the most recently used first.
    pub async fn portals(&self, prefix: &str) -> Result<Vec<PortalInfo>, StoreError> {
        let portals = self.core.store.portals(prefix).await?;
        Ok(portals
            .into_iter()
            .filter(|portal| portal.kind != PortalKind::Unlinked)
            .map(|portal| PortalInfo { key: portal.key, kind: portal.kind })
            .collect())
    }

    /// The Matrix users of level `user` and above who are joined to a portal's room, without
    /// ghosts and the bot, with their display names.
    pub async fn members(
        &self,
        portal: &PortalKey,
    ) -> Result<Vec<(OwnedUserId, Option<String>)>, StoreError> {
        let Some(portal) = self.core.portals.find(&PortalBy::Key(portal.clone())).await? else {
            return Ok(Vec::new());
        };
        let Some(room) = &portal.room_id else { return Ok(Vec::new()) };
        let members = self.core.store.members(room).await?;
        Ok(members
            .into_iter()
            .filter(|member| {
                let user = &member.user_id;
                !self.core.names.is_ours(user)
                    && self.core.config.permissions.level(user) >= Level::User
            })
            .map(|member| (member.user_id, member.display_name))
            .collect())
    }

    /// Makes a Matrix room, given by id or alias, a portal that remote users enter: the bot joins
    /// it, and its events come by [`Network::deliver`](super::Network::deliver) from then on.
    ///
    /// `key_of` names the portal. Adopting what is adopted already only tells what it is like.
    ///
    /// # Errors
    /// Says why remote users may not enter it.
    pub async fn adopt(
        &self,
        room: &str,
        key_of: impl FnOnce(&RoomId) -> PortalKey,
    ) -> Result<Adopted, AdoptError> {
        adopt::adopt(&self.core, room, key_of).await
    }

    /// A small fact that was kept under `scope`.
    pub async fn fact(&self, scope: &str) -> Result<Option<String>, StoreError> {
        self.core.store.cursor(scope).await
    }

    /// All small facts whose scopes start with `prefix`.
    pub async fn facts(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.core.store.cursors(prefix).await
    }

    /// Keeps a small fact under `scope`, or forgets it.
    pub async fn keep_fact(&self, scope: &str, value: Option<&str>) -> Result<(), StoreError> {
        let op = Op::Cursor { scope: scope.to_owned(), value: value.map(str::to_owned) };
        self.core.store.commit(Batch::settled(vec![op])).await.map(drop)
    }

    /// Reports the state of a link, named `subject`, for `/health/ready`.
    pub fn link(&self, subject: &str, state: &LinkState) {
        match state {
            LinkState::Up => {
                if self.core.links.came_up(subject) {
                    metrics::counter!("bridge_network_reconnects_total",
                                      "network" => subject.to_owned())
                    .increment(1);
                }
                self.core.health.set_up("network_down", subject);
            }
            LinkState::Down { what, fix } => {
                self.core.health.set_down("network_down", subject, what, fix);
            }
        }
        // The network as a whole has begun to report; not before its link has.
        if subject != self.core.protocol.id {
            self.core.health.set_up("network_down", self.core.protocol.id);
        }
    }

    /// Tells how many channels of a link, named `subject`, are read at present, for the metrics.
    pub fn reading(&self, subject: &str, channels: usize) {
        #[expect(clippy::cast_precision_loss, reason = "gauges are floats; nobody counts so high")]
        metrics::gauge!("bridge_channels_joined", "network" => subject.to_owned())
            .set(channels as f64);
    }

    /// Whether a Matrix id is one of this bridge's ghosts or its bot.
    pub fn is_ours(&self, user: &ruma::UserId) -> bool {
        self.core.names.is_ours(user)
    }

    /// The Matrix id of a ghost.
    pub fn ghost_id(&self, key: &GhostKey) -> Option<OwnedUserId> {
        self.core.names.ghost_id(key)
    }
}

/// Permission to send one row; the network holds it from the call until the row is settled.
pub struct Ticket {
    core: Arc<Core>,
    token: Token,
}

impl Ticket {
    pub(crate) fn new(core: Arc<Core>, token: Token) -> Self {
        Self { core, token }
    }

    /// The row, for [`Remote::settle`].
    pub fn token(&self) -> Token {
        self.token
    }

    /// Records that the row is being sent from here on, and of which parts it is made if there
    /// are several. Returns once that survives the end of the process.
    ///
    /// # Errors
    /// The row must not be sent then: its lease is lost, its message was redacted meanwhile, or the
    /// store failed.
    pub async fn sending(&self, progress: Option<&Progress>) -> Result<(), StoreError> {
        failpoint::hit("to_network.before_sending");
        let seq = self.token.seq;
        let mut ops = Vec::with_capacity(2);
        if let Some(progress) = progress {
            let progress = progress.to_json()?;
            ops.push(Op::Progress { seq, progress });
        }
        ops.push(Op::Move { seq, to: RowState::Sending, at: self.core.clock.now() });
        let committed = self.core.store.commit(Batch::settled(ops)).await?;
        if !committed.stale.is_empty() {
            return Err(StoreError::Settled);
        }
        failpoint::hit("to_network.sending");
        Ok(())
    }
}
