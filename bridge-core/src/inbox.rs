//! Transactions of the homeserver: commit first, then 200.
//!
//! Only the head of an event is read here; the rest stays as it came. Events are told apart by
//! their event id alone: transaction ids start anew when a homeserver loses its counter, and a
//! retried transaction has another body.

mod head;

use std::{collections::HashMap, fmt::Write, sync::Arc, time::Instant};

use moka::future::Cache;
use ruma::UserId;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

pub(crate) use self::head::{Head, MemberContent};
use crate::{
    core::Core,
    ephemeral::Ephemeral,
    failpoint,
    id::{Direction, LaneId},
    portal::upgrade,
    store::{
        Batch, Member, Membership, NewRow, Op, Portal, PortalBy, PortalKind, RowState, StoreError,
    },
};

/// The lane of what belongs to no portal, such as elements that are no events.
pub(crate) const NO_LANE: LaneId = LaneId(0);

/// Event types that a bridge acts on. Everything else is counted and left alone.
const KNOWN_TYPES: &[&str] = &[
    "m.room.message",
    "m.room.encrypted",
    "m.room.redaction",
    "m.room.member",
    "m.room.topic",
    "m.room.name",
    "m.room.encryption",
    "m.room.tombstone",
    "m.sticker",
    "m.reaction",
    "m.poll.start",
    "org.matrix.msc3381.poll.start",
];

/// How core finds the portal of a conversation with a ghost; the network decides.
pub(crate) type DirectPortal =
    Arc<dyn Fn(&UserId, &UserId) -> Option<(crate::id::PortalKey, PortalKind)> + Send + Sync>;

/// How many ids of transactions are remembered, to notice when they begin anew.
const TRANSACTIONS: u64 = 1_000;

/// Takes transactions in.
pub(crate) struct Inbox {
    core: Arc<Core>,
    direct: DirectPortal,
    /// Where what is not kept goes.
    passing: Ephemeral,
    /// The ids of the latest transactions. Nothing is told apart by them.
    transactions: Cache<String, ()>,
}

/// One event of a room's history, read back to close a gap.
pub(crate) enum Missed {
    /// It never came in a transaction.
    Unseen(Box<RawValue>),
    /// It did, and waits in this row.
    Known(crate::id::Seq),
}

/// Why a transaction is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    /// The body is no JSON object: cut off, or from something that is no homeserver.
    #[error("the body of the transaction is not a JSON object: {0}")]
    NotJson(serde_json::Error),
    /// The store cannot take it now; the homeserver will come again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Inbox {
    pub(crate) fn new(core: Arc<Core>, direct: DirectPortal, passing: Ephemeral) -> Self {
        Self { core, direct, passing, transactions: Cache::new(TRANSACTIONS) }
    }

    /// Commits what a transaction brings. When this returns, all of it is on disk.
    pub(crate) async fn ingest(&self, txn_id: &str, body: &[u8]) -> Result<(), IngestError> {
        let arrival = Instant::now();
        self.core.homeserver.heard();
        self.core.transactions.note(txn_id);
        let envelope: HashMap<String, &RawValue> =
            serde_json::from_slice(body).map_err(IngestError::NotJson)?;
        let mut ops = Vec::new();
        if let Some(events) = envelope.get("events") {
            match serde_json::from_str::<Vec<&RawValue>>(events.get()) {
                Ok(events) => {
                    for event in events {
                        self.take(event, &mut ops).await?;
                    }
                }
                Err(_) => self.bury(events, "`events` is not an array", &mut ops),
            }
        }
        self.passing.take(&envelope);
        let is_known = self.transactions.contains_key(txn_id);
        let taken = self.commit(txn_id, ops).await?;
        metrics::histogram!("bridge_commit_seconds", "direction" => "to_network")
            .record(arrival.elapsed().as_secs_f64());
        if is_known && taken > 0 {
            // It lost its counter, and what it had queued for us perhaps with it.
            tracing::info!(txn_id, taken, "an old transaction id brought new events");
            self.core.transactions.note_reset();
            metrics::counter!("bridge_transaction_ids_reused_total").increment(1);
        }
        self.transactions.insert(txn_id.to_owned(), ()).await;
        Ok(())
    }

    /// Commits, in their order, events of one room that a transaction should have brought, and
    /// rows that came in before them but happened after them.
    pub(crate) async fn take_missed(
        core: &Arc<Core>,
        portal: &Portal,
        missed: &[Missed],
    ) -> Result<(), StoreError> {
        let mut ops = Vec::new();
        for item in missed {
            match item {
                Missed::Known(seq) => ops.push(Op::Requeue(vec![*seq])),
                Missed::Unseen(raw) => {
                    if let Ok(head) = Head::parse(raw) {
                        push_event(core, portal, &head, raw, &mut ops);
                    }
                }
            }
        }
        ops.push(Op::GapClosed(portal.lane));
        core.store.commit(Batch::durable(ops)).await.map(drop)
    }

    /// Answers how many rows are new.
    async fn commit(&self, txn_id: &str, ops: Vec<Op>) -> Result<u64, StoreError> {
        if ops.is_empty() {
            return Ok(0);
        }
        failpoint::hit("to_network.before_commit");
        let committed = self.core.store.commit(Batch::durable(ops)).await?;
        failpoint::hit("to_network.committed");
        let new = committed.appended.iter().flatten().count() as u64;
        let known = committed.appended.len() as u64 - new;
        metrics::counter!("bridge_received_total", "direction" => "to_network").increment(new);
        metrics::counter!("bridge_duplicates_total", "direction" => "to_network").increment(known);
        if known > 0 {
            tracing::info!(txn_id, known, "events came again, and are not taken twice");
        }
        Ok(new)
    }

    async fn take(&self, raw: &RawValue, ops: &mut Vec<Op>) -> Result<(), StoreError> {
        let head = match Head::parse(raw) {
            Ok(head) => head,
            Err(why) => {
                self.bury(raw, &format!("not a room event: {why}"), ops);
                return Ok(());
            }
        };
        if self.core.names.is_ours(&head.sender) {
            return self.note_own(&head, ops).await;
        }
        self.core.safety.policies.hear(&head);
        if head.kind == "m.room.server_acl" {
            self.core.safety.acls.changed(&head.room_id).await;
        }
        let room = PortalBy::Room(head.room_id.clone());
        let portal = match self.core.portals.find(&room).await? {
            Some(portal) => portal,
            None => match upgrade::expects(&self.core, &head.room_id).await? {
                Some(portal) => portal,
                None => match self.invited(&head).await? {
                    Some(portal) => portal,
                    None => return Ok(()),
                },
            },
        };
        if portal.kind == PortalKind::Unlinked {
            return Ok(());
        }
        push_event(&self.core, &portal, &head, raw, ops);
        Ok(())
    }

    /// Our own echo: it says how far the room was handed over, and whom we put out.
    async fn note_own(&self, head: &Head<'_>, ops: &mut Vec<Op>) -> Result<(), StoreError> {
        let room = PortalBy::Room(head.room_id.clone());
        let Some(portal) = self.core.portals.find(&room).await? else { return Ok(()) };
        self.core.handed.note(portal.lane, head.event_id.clone());
        if head.target().is_some_and(|target| !self.core.names.is_ours(&target)) {
            ops.extend(membership_op(head));
        }
        Ok(())
    }

    /// An invite of a ghost or the bot into a room that is no portal begins one.
    async fn invited(&self, head: &Head<'_>) -> Result<Option<Arc<Portal>>, StoreError> {
        let Some(invited) = head.target() else { return Ok(None) };
        let Some(member) = head.member() else { return Ok(None) };
        if member.membership != Membership::Invite || !self.core.names.is_ours(&invited) {
            return Ok(None);
        }
        let (key, kind) = if invited == self.core.bot {
            (format!("control:{}", head.room_id).as_str().into(), PortalKind::Control)
        } else {
            match (self.direct)(&head.sender, &invited) {
                Some(direct) => direct,
                None => return Ok(None),
            }
        };
        self.core.portals.ensure(&key, kind, Some(head.room_id.clone())).await.map(Some)
    }

    /// Keeps what cannot be read as a dead letter: it must not stop the homeserver's queue.
    fn bury(&self, raw: &RawValue, why: &str, ops: &mut Vec<Op>) {
        tracing::warn!(
            why,
            bytes = raw.get().len(),
            "the homeserver sent an element nobody can read"
        );
        metrics::counter!("bridge_dead_total", "direction" => "to_network").increment(1);
        ops.push(Op::Append(NewRow {
            lane: NO_LANE,
            direction: Direction::ToNetwork,
            key: Some(fingerprint(raw)),
            body: raw.get().into(),
            created: self.core.clock.now(),
            state: RowState::Dead { why: why.to_owned() },
        }));
    }
}

/// What makes an element one of a kind that has no id: a transaction that comes again brings it
/// again.
fn fingerprint(raw: &RawValue) -> String {
    let mut key = "element:".to_owned();
    for byte in Sha256::digest(raw.get()) {
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// Turns an event of a portal into the writes that keep it.
fn push_event(core: &Core, portal: &Portal, head: &Head<'_>, raw: &RawValue, ops: &mut Vec<Op>) {
    if !KNOWN_TYPES.contains(&&*head.kind) {
        tracing::info!(event_type = &*head.kind, event_id = %head.event_id, "unknown event type");
        metrics::counter!("bridge_ignored_total", "direction" => "to_network").increment(1);
        return;
    }
    if let Some(op) = membership_op(head) {
        ops.push(op);
    }
    ops.push(Op::Append(NewRow {
        lane: portal.lane,
        direction: Direction::ToNetwork,
        key: Some(head.event_id.to_string()),
        body: raw.get().into(),
        created: core.clock.now(),
        state: RowState::New,
    }));
    if let Some(redacted) = head.redacts() {
        ops.push(Op::Erase { event_id: redacted, at: core.clock.now() });
    }
    core.handed.forget(portal.lane);
    ops.push(Op::LastEvent {
        lane: portal.lane,
        event_id: head.event_id.clone(),
        epoch: core.epoch(),
    });
}

fn membership_op(head: &Head<'_>) -> Option<Op> {
    let member = head.member()?;
    Some(Op::Member(Member {
        room_id: head.room_id.clone(),
        user_id: head.target()?,
        membership: member.membership,
        display_name: member.displayname,
    }))
}
