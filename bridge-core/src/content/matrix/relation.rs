//! What an event refers to.

use ruma::OwnedEventId;
use serde_json::Value;

/// The relations of an event that matter for what it says.
#[derive(Debug, Default)]
pub(super) struct Relation {
    /// The event that is answered, not only for the sake of clients without threads.
    pub(super) reply_to: Option<OwnedEventId>,
    pub(super) thread: Option<OwnedEventId>,
    pub(super) replaces: Option<OwnedEventId>,
    /// There is some reference to an earlier message.
    pub(super) answers: bool,
}

impl Relation {
    pub(super) fn of(content: &Value) -> Self {
        let Some(relation) = content.get("m.relates_to") else { return Self::default() };
        let event_id = |value: Option<&Value>| -> Option<OwnedEventId> {
            value?.get("event_id")?.as_str()?.try_into().ok()
        };
        let target = event_id(Some(relation));
        let reply_to = event_id(relation.get("m.in_reply_to"));
        let answers = reply_to.is_some();
        let rel_type = relation.get("rel_type").and_then(Value::as_str);
        let is_falling_back =
            relation.get("is_falling_back").and_then(Value::as_bool).unwrap_or_default();
        match rel_type {
            Some("m.replace") => Self { replaces: target, answers, ..Self::default() },
            Some("m.thread") => {
                let reply_to = reply_to.filter(|_| !is_falling_back);
                Self { reply_to, thread: target, replaces: None, answers }
            }
            _ => Self { reply_to, answers, ..Self::default() },
        }
    }
}
