//! The end of a room's timeline.

use std::collections::VecDeque;

/// How many events a room keeps.
const KEPT: usize = 64;

/// The last events of a room.
#[derive(Debug, Default)]
pub(super) struct Room {
    events: VecDeque<Event>,
}

#[derive(Debug)]
struct Event {
    txn: String,
    id: String,
    json: String,
}

impl Room {
    /// The event that this transaction made. One event of a room is under way at a time, so that only
    /// the last one can be sent again.
    pub(super) fn sent_before(&self, txn: &str) -> Option<&str> {
        self.events.back().filter(|event| event.txn == txn).map(|event| event.id.as_str())
    }

    /// Adds an event.
    pub(super) fn keep(&mut self, txn: &str, id: &str, json: &str) {
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        let event = Event { txn: txn.to_owned(), id: id.to_owned(), json: json.to_owned() };
        self.events.push_back(event);
    }

    /// The events, the newest first, with commas between.
    pub(super) fn backward(&self) -> String {
        let events: Vec<&str> = self.events.iter().rev().map(|event| event.json.as_str()).collect();
        events.join(",")
    }
}
