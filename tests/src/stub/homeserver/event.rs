//! Events as text. They are put together by hand: serde would take longer than all the rest.

use std::time::{SystemTime, UNIX_EPOCH};

/// The id of the event of this number, as long as homeservers make them.
pub(super) fn id(number: u64) -> String {
    format!("${number:043}")
}

/// What a Matrix user says; the text must hold nothing that JSON escapes.
pub fn said(number: u64, room: &str, sender: &str, text: &str) -> String {
    let content = format!(r#"{{"msgtype":"m.text","body":"{text}","m.mentions":{{}}}}"#);
    whole(&id(number), room, sender, "m.room.message", &content)
}

/// An event as it stands in a transaction.
pub(super) fn whole(id: &str, room: &str, sender: &str, kind: &str, content: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    format!(
        r#"{{"content":{content},"event_id":"{id}","origin_server_ts":{now},"room_id":"{room}","sender":"{sender}","type":"{kind}","unsigned":{{"age":2}},"age":2,"user_id":"{sender}"}}"#
    )
}

/// The `body` of a content that has no escapes in it.
pub(super) fn body(content: &str) -> Option<&str> {
    const KEY: &str = r#""body":""#;
    let rest = &content[content.find(KEY)? + KEY.len()..];
    rest.split('"').next()
}
