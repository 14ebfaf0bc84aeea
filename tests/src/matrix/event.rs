//! An event as a client sees it.

use std::fmt;

use serde_json::Value;

/// An event of a room the user is in, or the invitation to one.
#[derive(Clone, PartialEq)]
pub struct Event {
    /// The room's id.
    pub room: String,
    /// The whole event.
    pub json: Value,
}

impl Event {
    /// Its type, as `m.room.message`.
    pub fn kind(&self) -> &str {
        self.text(&["type"])
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.text(&["event_id"])
    }

    /// The user who sent it.
    pub fn sender(&self) -> &str {
        self.text(&["sender"])
    }

    /// The body of a message that is not redacted.
    pub fn body(&self) -> &str {
        self.text(&["content", "body"])
    }

    /// The kind of message, as `m.text`.
    pub fn msgtype(&self) -> &str {
        self.text(&["content", "msgtype"])
    }

    /// Its content.
    pub fn content(&self) -> &Value {
        &self.json["content"]
    }

    /// Whether it is a message in this room.
    pub fn is_message_in(&self, room: &str) -> bool {
        self.room == room && self.kind() == "m.room.message"
    }

    /// Whether it is a message in this room with this body.
    pub fn says(&self, room: &str, body: &str) -> bool {
        self.is_message_in(room) && self.body() == body
    }

    /// Whether it gives `user` this membership in this room.
    pub fn is_membership(&self, room: &str, user: &str, membership: &str) -> bool {
        self.room == room
            && self.kind() == "m.room.member"
            && self.json["state_key"] == user
            && self.content()["membership"] == membership
    }

    fn text(&self, path: &[&str]) -> &str {
        path.iter().fold(&self.json, |value, key| &value[*key]).as_str().unwrap_or_default()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}: {}", self.room, self.sender(), self.kind(), self.content())
    }
}
