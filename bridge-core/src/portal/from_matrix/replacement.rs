//! An edit that catches its message before it was sent.

use std::sync::Arc;

use ruma::OwnedEventId;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::inbox::Head;

/// The new text that an edit brings.
pub(crate) struct Replacement {
    /// The event that is edited.
    pub(crate) target: OwnedEventId,
    content: Map<String, Value>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(rename = "m.new_content")]
    new: Map<String, Value>,
    #[serde(rename = "m.relates_to")]
    relates_to: Relation,
}

#[derive(Deserialize)]
struct Relation {
    rel_type: String,
    event_id: OwnedEventId,
}

impl Replacement {
    /// Reads an edit.
    pub(crate) fn of(head: &Head<'_>) -> Option<Self> {
        if head.kind != "m.room.message" {
            return None;
        }
        let content: Content = serde_json::from_str(head.content.get()).ok()?;
        (content.relates_to.rel_type == "m.replace")
            .then_some(Self { target: content.relates_to.event_id, content: content.new })
    }

    /// The first message with the new text, if the same person wrote both. What it answers stays.
    pub(crate) fn applied_to(mut self, first: &str, edit: &Head<'_>) -> Option<Arc<str>> {
        if Head::parse_str(first).ok()?.sender != edit.sender {
            return None;
        }
        let mut event: Value = serde_json::from_str(first).ok()?;
        let content = event.get_mut("content")?;
        if let Some(relation) = content.get_mut("m.relates_to") {
            self.content.insert("m.relates_to".to_owned(), relation.take());
        }
        *content = Value::Object(self.content);
        serde_json::to_string(&event).ok().map(Arc::from)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(sender: &str, content: &Value) -> String {
        json!({ "event_id": "$e", "room_id": "!r:s", "type": "m.room.message",
                "sender": sender, "content": content })
        .to_string()
    }

    fn edit(sender: &str) -> String {
        event(
            sender,
            &json!({ "body": "* new", "m.new_content": { "msgtype": "m.text", "body": "new" },
                     "m.relates_to": { "rel_type": "m.replace", "event_id": "$first" } }),
        )
    }

    #[test]
    fn the_new_text_takes_the_place_of_the_old_and_the_reply_stays() {
        let reply = json!({ "m.in_reply_to": { "event_id": "$other" } });
        let first = event("@a:s", &json!({ "body": "old", "m.relates_to": reply }));
        let edit = edit("@a:s");
        let head = Head::parse_str(&edit).unwrap();
        let replacement = Replacement::of(&head).unwrap();
        assert_eq!(replacement.target, "$first");
        let revised: Value =
            serde_json::from_str(&replacement.applied_to(&first, &head).unwrap()).unwrap();
        assert_eq!(revised["content"]["body"], "new");
        assert_eq!(revised["content"]["m.relates_to"], reply);
    }

    #[test]
    fn nobody_edits_the_words_of_another() {
        let first = event("@a:s", &json!({ "body": "old" }));
        let edit = edit("@mallory:s");
        let head = Head::parse_str(&edit).unwrap();
        assert!(Replacement::of(&head).unwrap().applied_to(&first, &head).is_none());
    }
}
