//! The ids and times of messages that the bridge writes.
//!
//! Gitter pages through a room by `_id` and sorts by `sent`: both must rise together, within one
//! second too. So an id holds the second, as every `ObjectId`, then the millisecond, and only then
//! what makes it unique; and no two messages of a room have one millisecond.

use std::{collections::HashMap, sync::Mutex};

use mongodb::bson::{DateTime, oid::ObjectId};
use sha2::{Digest, Sha256};

/// How many rooms are remembered; the others are asked for anew.
const REMEMBERED: usize = 10_000;

/// The last time that was given out in each room.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    last: Mutex<HashMap<ObjectId, i64>>,
}

impl Sequence {
    /// Whether something was given out in this room since the start.
    pub(crate) fn knows(&self, room: ObjectId) -> bool {
        self.lock().contains_key(&room)
    }

    /// The time of the next message of a room: `now`, or later than all before it. `newest` is the
    /// newest message that the database has, if it was asked.
    pub(crate) fn next(&self, room: ObjectId, now: DateTime, newest: Option<DateTime>) -> DateTime {
        let mut last = self.lock();
        if last.len() >= REMEMBERED && !last.contains_key(&room) {
            last.clear();
        }
        let before = last.get(&room).copied().max(newest.map(DateTime::timestamp_millis));
        let time = before.map_or(now.timestamp_millis(), |before| {
            now.timestamp_millis().max(before.saturating_add(1))
        });
        last.insert(room, time);
        DateTime::from_millis(time)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ObjectId, i64>> {
        self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The id of a message that is sent at `sent`; `source` makes it unique.
pub(crate) fn object_id(sent: DateTime, source: &str) -> ObjectId {
    let millis = sent.timestamp_millis();
    let seconds = u32::try_from(millis.div_euclid(1000)).unwrap_or_default();
    let rest = u16::try_from(millis.rem_euclid(1000)).unwrap_or_default();
    let hash = Sha256::digest(source.as_bytes());
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&seconds.to_be_bytes());
    // Spread over the range of the next two bytes, so that ids of others, which have chance
    // there, fall before and behind alike.
    bytes[4..6].copy_from_slice(&(rest * 65).to_be_bytes());
    bytes[6..].copy_from_slice(&hash[..6]);
    ObjectId::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_of_a_room_rise_together() {
        let sequence = Sequence::default();
        let room = ObjectId::new();
        let now = DateTime::from_millis(1_600_000_000_998);
        let mut last = None;
        for n in 0..10 {
            let sent = sequence.next(room, now, None);
            let id = object_id(sent, &format!("${n}"));
            assert_eq!(
                i64::from(
                    id.timestamp().timestamp_millis() / 1000 == sent.timestamp_millis() / 1000
                ),
                1
            );
            if let Some((sent_before, id_before)) = last {
                assert!(sent > sent_before && id > id_before);
            }
            last = Some((sent, id));
        }
    }

    #[test]
    fn a_message_comes_behind_what_the_database_has() {
        let sequence = Sequence::default();
        let room = ObjectId::new();
        assert!(!sequence.knows(room));
        let (now, newest) = (DateTime::from_millis(1_000), DateTime::from_millis(5_000));
        assert_eq!(sequence.next(room, now, Some(newest)), DateTime::from_millis(5_001));
        assert!(sequence.knows(room));
        assert_eq!(sequence.next(room, now, None), DateTime::from_millis(5_002));
        assert_eq!(sequence.next(ObjectId::new(), now, None), now);
    }
}
