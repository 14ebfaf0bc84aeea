//! Rows that were written and not seen yet.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use ruma::OwnedUserId;
use tokio::time::Instant;

use crate::{
    id::Seq,
    network::Settlement,
    store::{MappingKind, Row},
};

/// How long a written row is waited for before another sender may overtake it.
const IN_ORDER: Duration = Duration::from_secs(2);

/// How long a written row is waited for at all.
const SEEN: Duration = Duration::from_secs(10);

/// How many settlements may come before their rows: a network that echoes faster than it answers.
const EARLY: usize = 256;

struct Waiting {
    row: Row,
    kind: MappingKind,
    sender: Option<OwnedUserId>,
    written: Instant,
}

/// Whether a sender may speak.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Nobody else's line is on its way.
    Free,
    /// Somebody else's line must be seen first.
    Blocked,
    /// Somebody else's line was waited for long enough.
    Overtake,
}

/// What was written and not seen yet, in order.
#[derive(Default)]
pub(super) struct Awaited {
    rows: BTreeMap<Seq, Waiting>,
    /// Settlements of the row whose delivery has not been answered yet.
    early: HashMap<Seq, Settlement>,
}

impl Awaited {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn contains(&self, seq: Seq) -> bool {
        self.rows.contains_key(&seq)
    }

    /// Whether the row of this event is awaited.
    pub(super) fn contains_event(&self, event_id: &str) -> bool {
        self.rows.values().any(|waiting| waiting.row.key.as_deref() == Some(event_id))
    }

    /// Adds a row, or gives it back at once if its settlement was there first.
    pub(super) fn add(
        &mut self,
        row: Row,
        kind: MappingKind,
        sender: Option<OwnedUserId>,
    ) -> Option<(Row, MappingKind, Settlement)> {
        let early = self.early.remove(&row.seq);
        self.early.clear();
        if let Some(settlement) = early {
            return Some((row, kind, settlement));
        }
        let seq = row.seq;
        self.rows.insert(seq, Waiting { row, kind, sender, written: Instant::now() });
        None
    }

    /// Takes the row that a settlement is about. One that comes before its row is kept while a
    /// row is being handed over.
    pub(super) fn take(
        &mut self,
        seq: Seq,
        settlement: Settlement,
        handing_over: bool,
    ) -> Option<(Row, MappingKind, Settlement)> {
        if let Some(waiting) = self.rows.remove(&seq) {
            Some((waiting.row, waiting.kind, settlement))
        } else {
            if handing_over && self.early.len() < EARLY {
                self.early.entry(seq).or_insert(settlement);
            }
            None
        }
    }

    /// Whether a line of another sender is still on its way.
    pub(super) fn in_the_way_of(&self, sender: Option<&OwnedUserId>, now: Instant) -> Way {
        let mut others =
            self.rows.values().filter(|waiting| waiting.sender.as_ref() != sender).peekable();
        if others.peek().is_none() {
            Way::Free
        } else if others.all(|waiting| now >= waiting.written + IN_ORDER) {
            Way::Overtake
        } else {
            Way::Blocked
        }
    }

    /// When a row has been waited for long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let now = Instant::now();
        let next = |waiting: &Waiting| {
            let in_order = waiting.written + IN_ORDER;
            if in_order > now { in_order } else { waiting.written + SEEN }
        };
        self.rows.values().map(next).min()
    }

    /// The rows that were not seen in time.
    pub(super) fn unseen(&self, now: Instant) -> Vec<Seq> {
        let overdue =
            |(seq, waiting): (&Seq, &Waiting)| (now >= waiting.written + SEEN).then_some(*seq);
        self.rows.iter().filter_map(overdue).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        id::{Direction, LaneId, Timestamp},
        store::RowState,
    };

    fn row(seq: i64) -> Row {
        Row {
            seq: Seq(seq),
            lane: LaneId(1),
            direction: Direction::ToNetwork,
            key: None,
            body: Arc::from("{}"),
            state: RowState::Sending,
            progress: None,
            attempts: 1,
            created: Timestamp(0),
            changed: Timestamp(0),
        }
    }

    fn user(name: &str) -> OwnedUserId {
        name.try_into().unwrap()
    }

    #[test]
    fn another_sender_waits_until_the_line_before_is_seen() {
        let mut awaited = Awaited::default();
        assert!(awaited.add(row(1), MappingKind::Message, Some(user("@a:s"))).is_none());
        let now = Instant::now();
        assert_eq!(awaited.in_the_way_of(Some(&user("@a:s")), now), Way::Free);
        assert_eq!(awaited.in_the_way_of(Some(&user("@b:s")), now), Way::Blocked);
        assert_eq!(awaited.in_the_way_of(Some(&user("@b:s")), now + IN_ORDER), Way::Overtake);
        let seen = awaited.take(Seq(1), Settlement::Unconfirmed, false);
        assert_eq!(seen.unwrap().0.seq, Seq(1));
        assert_eq!(awaited.in_the_way_of(Some(&user("@b:s")), now), Way::Free);
    }

    #[test]
    fn an_echo_that_comes_before_the_answer_is_not_lost() {
        let mut awaited = Awaited::default();
        let echo = Settlement::Done { ids: vec!["m1".into()] };
        assert!(awaited.take(Seq(1), echo.clone(), true).is_none());
        let (_, _, settlement) = awaited.add(row(1), MappingKind::Message, None).unwrap();
        assert_eq!(settlement, echo);
    }

    #[test]
    fn a_row_that_is_not_seen_is_given_up_after_its_time() {
        let mut awaited = Awaited::default();
        awaited.add(row(1), MappingKind::Message, None);
        let now = Instant::now();
        assert!(awaited.unseen(now).is_empty());
        assert_eq!(awaited.unseen(now + SEEN), [Seq(1)]);
    }
}
