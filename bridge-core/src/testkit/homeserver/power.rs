//! Power levels, read leniently.

use std::collections::HashMap;

use ruma::{OwnedUserId, UserId};
use serde_json::Value;

/// Who may do what in a room.
#[derive(Debug, Default)]
pub(super) struct Power {
    /// Those of a room of version 12, who may do everything.
    pub(super) creators: Vec<OwnedUserId>,
    users: HashMap<OwnedUserId, i64>,
    events: HashMap<String, i64>,
    users_default: i64,
    events_default: i64,
    state_default: i64,
    pub(super) ban: i64,
    pub(super) invite: i64,
    pub(super) kick: i64,
    pub(super) redact: i64,
}

impl Power {
    /// Takes the content of `m.room.power_levels`.
    pub(super) fn set(&mut self, content: &Value) {
        let level = |key: &str, default| content[key].as_i64().unwrap_or(default);
        *self = Self {
            creators: std::mem::take(&mut self.creators),
            users: serde_json::from_value(content["users"].clone()).unwrap_or_default(),
            events: serde_json::from_value(content["events"].clone()).unwrap_or_default(),
            users_default: level("users_default", 0),
            events_default: level("events_default", 0),
            state_default: level("state_default", 50),
            ban: level("ban", 50),
            invite: level("invite", 0),
            kick: level("kick", 50),
            redact: level("redact", 50),
        };
    }

    pub(super) fn of(&self, user_id: &UserId) -> i64 {
        if self.creators.iter().any(|creator| creator == user_id) {
            return i64::MAX;
        }
        self.users.get(user_id).copied().unwrap_or(self.users_default)
    }

    pub(super) fn to_send(&self, kind: &str) -> i64 {
        self.events.get(kind).copied().unwrap_or(self.events_default)
    }

    pub(super) fn to_set(&self, kind: &str) -> i64 {
        self.events.get(kind).copied().unwrap_or(self.state_default)
    }
}
