//! What was accepted, as it is served.

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

/// An event that the homeserver accepted, in the form that clients get.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Its id.
    pub event_id: OwnedEventId,
    /// Its room.
    pub room_id: OwnedRoomId,
    /// Who sent it.
    pub sender: OwnedUserId,
    /// Its type: `m.room.message`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its state key, if it is state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_key: Option<String>,
    /// Its content as it was sent; empty after a redaction.
    pub content: Box<RawValue>,
    /// Milliseconds since the Unix epoch; what the sender asked for, if it may.
    pub origin_server_ts: u64,
    /// The event that this one redacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redacts: Option<OwnedEventId>,
    /// What the homeserver adds: `redacted_because`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsigned: Option<Value>,
    /// The transaction id that the sender chose.
    #[serde(skip)]
    pub txn_id: Option<String>,
    /// Its place among all events of the homeserver, from 1 on.
    #[serde(skip)]
    pub position: u64,
}

impl Event {
    /// The content, parsed.
    pub fn content(&self) -> Value {
        serde_json::from_str(self.content.get()).unwrap_or_default()
    }

    /// The `body` of the content, if there is one.
    pub fn body(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Body {
            body: Option<String>,
        }
        serde_json::from_str::<Body>(self.content.get()).ok()?.body
    }

    /// The `membership` of a member event.
    pub fn membership(&self) -> Option<String> {
        let is_member = self.kind == "m.room.member";
        is_member.then(|| self.content()["membership"].as_str().map(str::to_owned))?
    }

    /// Whether somebody took the content away.
    pub fn is_redacted(&self) -> bool {
        self.unsigned.is_some()
    }

    /// This event without its content.
    pub(super) fn pruned(&self, redaction: &Self) -> Self {
        let content = self.content();
        let kept: &[&str] = match self.kind.as_str() {
            "m.room.member" => &["membership"],
            "m.room.join_rules" => &["join_rule", "allow"],
            "m.room.history_visibility" => &["history_visibility"],
            _ => &[],
        };
        let content = match self.kind.as_str() {
            "m.room.create" | "m.room.power_levels" => content,
            _ => kept
                .iter()
                .filter_map(|key| Some(((*key).to_owned(), content.get(*key)?.clone())))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        };
        let because = serde_json::to_value(redaction).unwrap_or_default();
        Self {
            content: raw(&content),
            unsigned: Some(serde_json::json!({ "redacted_because": because })),
            ..self.clone()
        }
    }
}

/// An event that asks to be accepted.
pub(super) struct Draft {
    pub(super) sender: OwnedUserId,
    pub(super) kind: String,
    pub(super) state_key: Option<String>,
    pub(super) content: Box<RawValue>,
    pub(super) ts: Option<u64>,
    pub(super) txn: Option<Txn>,
    pub(super) redacts: Option<OwnedEventId>,
}

/// Names a request, so that it counts once.
pub(super) struct Txn {
    /// Who asks, and the path asked: Synapse keys what it has seen by nothing else.
    pub(super) key: String,
    /// The transaction id in the path.
    pub(super) id: String,
}

impl Draft {
    pub(super) fn message(sender: OwnedUserId, kind: &str, content: Box<RawValue>) -> Self {
        let kind = kind.to_owned();
        Self { sender, kind, state_key: None, content, ts: None, txn: None, redacts: None }
    }

    pub(super) fn state(sender: OwnedUserId, kind: &str, key: &str, content: &Value) -> Self {
        let state_key = Some(key.to_owned());
        Self { state_key, ..Self::message(sender, kind, raw(content)) }
    }
}

/// JSON text of a value.
pub(super) fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_default()
}
