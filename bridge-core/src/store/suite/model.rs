//! A store as simple as it can be, to compare others with. It knows no leases, and each of its
//! rows has a key.

use std::collections::BTreeMap;

use ruma::{OwnedRoomId, OwnedUserId};

use super::Tested;
use crate::{
    id::{Direction, GhostKey, LaneId, Seq, Timestamp},
    store::{
        Backlog, Committed, Ghost, Mapping, Member, Op, Portal, QueueFilter, Row, RowState,
        StoreError,
    },
};

/// The place of a row that was requeued in the batch under way.
const TO_BE_PLACED: Seq = Seq(i64::MIN);

/// What a store should hold.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// By direction and key.
    rows: BTreeMap<(u8, String), Row>,
    last: Seq,
    /// Each with its epoch.
    portals: BTreeMap<i64, (Portal, Option<String>)>,
    ghosts: BTreeMap<GhostKey, Ghost>,
    members: BTreeMap<(OwnedRoomId, OwnedUserId), Member>,
    mappings: Vec<Mapping>,
    cursors: BTreeMap<String, String>,
}

/// What a batch does, until the store says which numbers it gave.
#[derive(Default)]
struct Outcome {
    /// Rows that took new places, in order.
    placed: Vec<(u8, String)>,
    /// For each append, whether it took a place.
    appended: Vec<bool>,
    portals: usize,
}

/// A name that is another's.
struct Taken;

impl Model {
    /// The places of all rows.
    pub fn seqs(&self) -> Vec<Seq> {
        self.rows.values().map(|row| row.seq).collect()
    }

    /// Does what `store` did with the same operations, and returns what it must have fed.
    pub async fn commit(
        &mut self,
        ops: Vec<Op>,
        answer: Result<Committed, StoreError>,
        store: &Tested,
    ) -> Vec<Row> {
        let mut next = self.clone();
        let mut outcome = Outcome::default();
        let lanes = answer.as_ref().map(|committed| committed.portals.clone()).unwrap_or_default();
        let taken = ops.into_iter().any(|op| next.op(op, &lanes, &mut outcome).is_err());
        let committed = match answer {
            Err(StoreError::Taken { .. }) if taken => return Vec::new(),
            Ok(committed) if !taken => committed,
            other => panic!("taken: {taken}, but the store answered {other:?}"),
        };
        let appended: Vec<_> = committed.appended.iter().map(Option::is_some).collect();
        assert_eq!(appended, outcome.appended);
        assert_eq!(committed.portals.len(), outcome.portals);

        let mut fed = Vec::new();
        for place in outcome.placed {
            let row = next.rows.get_mut(&place).expect("it was placed");
            let found = store.row_by_key(row.direction, &place.1).await.unwrap().unwrap();
            assert!(found.seq > next.last, "{:?} follows {:?}", found.seq, next.last);
            (row.seq, next.last) = (found.seq, found.seq);
            if has_work(row) {
                fed.push(row.clone());
            }
        }
        *self = next;
        fed
    }

    /// Removes what a store should; returns how many.
    pub fn trim(&mut self, before: Timestamp) -> u64 {
        let count = self.rows.len();
        self.rows.retain(|_, row| !(row.state.is_settled() && row.changed < before));
        (count - self.rows.len()) as u64
    }

    /// Compares everything with what `store` holds.
    pub async fn check(&self, store: &Tested) {
        let mut rows: Vec<_> = self.rows.values().collect();
        rows.sort_by_key(|row| row.seq);
        let states =
            ["new", "sending", "retry", "uncertain", "dead", "waiting", "done", "cancelled"];
        let all = QueueFilter { states: states.map(str::to_owned).into(), lane: None };
        let found = store.queue(all, usize::MAX).await.unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), rows);

        self.check_work(&rows, store).await;
        self.check_records(store).await;
    }

    async fn check_work(&self, rows: &[&Row], store: &Tested) {
        let mut lanes: Vec<LaneId> = Vec::new();
        let mut backlog = Backlog::default();
        for row in rows {
            match row.state {
                RowState::Uncertain { .. } => backlog.uncertain += 1,
                RowState::Dead { .. } => backlog.dead += 1,
                _ if has_work(row) => {
                    match row.direction {
                        Direction::ToNetwork => backlog.to_network += 1,
                        Direction::ToMatrix => backlog.to_matrix += 1,
                    }
                    let oldest = backlog.oldest.unwrap_or(row.created);
                    backlog.oldest = Some(oldest.min(row.created));
                    if !lanes.contains(&row.lane) {
                        lanes.push(row.lane);
                    }
                }
                _ => {}
            }
        }
        assert_eq!(store.backlog().await.unwrap(), backlog);
        assert_eq!(store.pending_lanes().await.unwrap(), lanes);
        for lane in lanes {
            for direction in [Direction::ToNetwork, Direction::ToMatrix] {
                let mine =
                    |row: &&&Row| row.lane == lane && row.direction == direction && has_work(row);
                let pending = store.pending(lane, direction, Seq(0), usize::MAX).await.unwrap();
                assert!(pending.iter().eq(rows.iter().filter(mine).copied()), "{pending:?}");
            }
        }
    }

    async fn check_records(&self, store: &Tested) {
        let mut portals: Vec<_> = self.portals.values().map(|(portal, _)| portal).collect();
        portals.sort_by_key(|portal| std::cmp::Reverse(portal.used));
        let found = store.portals("").await.unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), portals);
        for (key, ghost) in &self.ghosts {
            assert_eq!(store.ghost(key).await.unwrap().as_ref(), Some(ghost));
        }
        for ((room, user), member) in &self.members {
            assert_eq!(store.member(room, user).await.unwrap().as_ref(), Some(member));
        }
        for mapping in &self.mappings {
            let by_event = store.mappings_of_event(&mapping.event_id).await.unwrap();
            assert!(by_event.contains(mapping), "{mapping:?} is none of {by_event:?}");
            let remote = &mapping.remote_id;
            let by_remote = store.mappings_of_remote(mapping.lane, remote).await.unwrap();
            assert!(by_remote.contains(mapping), "{mapping:?} is none of {by_remote:?}");
        }
        let found = store.cursors("").await.unwrap();
        assert_eq!(found, self.cursors.clone().into_iter().collect::<Vec<_>>());
    }

    fn op(&mut self, op: Op, lanes: &[LaneId], outcome: &mut Outcome) -> Result<(), Taken> {
        match op {
            Op::Append(new) => {
                let place = (new.direction as u8, new.key.clone().expect("rows have keys"));
                let known = self.rows.contains_key(&place);
                outcome.appended.push(!known);
                if !known {
                    outcome.placed.push(place.clone());
                    let row = Row {
                        seq: TO_BE_PLACED,
                        lane: new.lane,
                        direction: new.direction,
                        key: new.key,
                        body: new.body,
                        state: new.state,
                        progress: None,
                        attempts: 0,
                        created: new.created,
                        changed: new.created,
                    };
                    self.rows.insert(place, row);
                }
            }
            Op::Move { seq, to, at } => {
                if let Some(row) = self.unsettled(seq) {
                    row.attempts += u32::from(to == RowState::Sending);
                    row.changed = at;
                    row.state = to;
                    if row.state.is_settled() {
                        row.body = "".into();
                        row.progress = None;
                    }
                }
            }
            Op::Progress { seq, progress } => {
                if let Some(row) = self.unsettled(seq) {
                    row.progress = Some(progress);
                }
            }
            Op::Requeue(seqs) => {
                for seq in seqs {
                    if let Some(row) = self.unsettled(seq).filter(|row| has_work(row)) {
                        row.seq = TO_BE_PLACED;
                        let key = row.key.clone().expect("rows have keys");
                        outcome.placed.push((row.direction as u8, key));
                    }
                }
            }
            Op::Erase { event_id, at } => {
                let place = (Direction::ToNetwork as u8, event_id.to_string());
                let row = self
                    .rows
                    .get_mut(&place)
                    .filter(|row| !row.state.is_settled() && row.state != RowState::Sending);
                if let Some(row) = row {
                    row.state = RowState::Cancelled;
                    row.body = "".into();
                    row.progress = None;
                    row.changed = at;
                }
            }
            Op::Map(mapping) => {
                if !self.mappings.iter().any(|known| same(known, &mapping)) {
                    self.mappings.push(mapping);
                }
            }
            Op::Portal(portal) => {
                outcome.portals += 1;
                // A batch that failed has no numbers: any that nobody has will do.
                let any = LaneId(-i64::try_from(outcome.portals).expect("a batch is short"));
                let lane = lanes.get(outcome.portals - 1).copied().unwrap_or(any);
                self.portal(portal, lane)?;
            }
            Op::LastEvent { lane, event_id, epoch } => {
                if let Some((portal, known)) = self.portals.get_mut(&lane.0) {
                    let before = portal.last_event.replace(event_id);
                    if known.as_ref() != Some(&epoch) {
                        portal.gap_from = portal.gap_from.take().or(before);
                    }
                    *known = Some(epoch);
                }
            }
            Op::GapClosed(lane) => {
                if let Some((portal, _)) = self.portals.get_mut(&lane.0) {
                    portal.gap_from = None;
                }
            }
            Op::Ghost(ghost) => {
                let clash =
                    |known: &Ghost| known.key != ghost.key && known.user_id == ghost.user_id;
                if self.ghosts.values().any(clash) {
                    return Err(Taken);
                }
                self.ghosts.insert(ghost.key.clone(), ghost);
            }
            Op::Member(member) => {
                self.members.insert((member.room_id.clone(), member.user_id.clone()), member);
            }
            Op::Forget(user) => {
                self.mappings.retain(|mapping| mapping.sender != user);
                self.members.retain(|(_, member), _| *member != user);
                self.ghosts.retain(|_, ghost| ghost.user_id != user);
            }
            Op::Cursor { scope, value: Some(value) } => {
                self.cursors.insert(scope, value);
            }
            Op::Cursor { scope, value: None } => {
                self.cursors.remove(&scope);
            }
        }
        Ok(())
    }

    fn unsettled(&mut self, seq: Seq) -> Option<&mut Row> {
        self.rows.values_mut().find(|row| row.seq == seq && !row.state.is_settled())
    }

    /// `lane` is the number that the store gave.
    fn portal(&mut self, new: Portal, lane: LaneId) -> Result<(), Taken> {
        let same_key = |(known, _): &&(Portal, _)| known.key == new.key;
        let number = match new.lane {
            LaneId(0) => self.portals.values().find(same_key).map_or(lane, |(known, _)| known.lane),
            given => given,
        };
        let clash = |known: &Portal| {
            known.lane != number
                && (known.key == new.key
                    || (known.room_id.is_some() && known.room_id == new.room_id)
                    || (known.alias.is_some() && known.alias == new.alias))
        };
        if self.portals.values().any(|(known, _)| clash(known)) {
            return Err(Taken);
        }
        let mut new = Portal { lane: number, ..new };
        let known = self.portals.remove(&number.0);
        let epoch = known.and_then(|(known, epoch)| {
            if known.room_id == new.room_id {
                (new.last_event, new.gap_from) = (known.last_event, known.gap_from);
            }
            epoch
        });
        self.portals.insert(number.0, (new, epoch));
        Ok(())
    }
}

fn has_work(row: &Row) -> bool {
    matches!(row.state, RowState::New | RowState::Sending | RowState::Retry { .. })
}

fn same(one: &Mapping, other: &Mapping) -> bool {
    let key = |mapping: &Mapping| (mapping.lane, mapping.kind, mapping.part);
    key(one) == key(other) && one.remote_id == other.remote_id && one.event_id == other.event_id
}
