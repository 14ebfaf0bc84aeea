//! From what is said to the content of an event.

use std::collections::BTreeSet;

use ruma::EventId;
use serde_json::{Map, Value, json};

use super::{Media, MediaKind};
use crate::content::{Doc, MessageKind, html::to_html, mention, mention::Mentions};

/// The content of an `m.room.message` with this text.
///
/// Mentions of ghosts must have been turned into users before; see
/// [`mention::resolve`](crate::content::mention::resolve).
pub fn text_content(kind: MessageKind, doc: &Doc) -> Value {
    let mut content = Map::new();
    content.insert("msgtype".to_owned(), kind.msgtype().into());
    add_text(&mut content, doc);
    Value::Object(content)
}

/// The content of an event with a file, of the type [`Media::event_type`].
pub fn media_content(media: &Media, caption: &Doc) -> Value {
    let mut content = Map::new();
    if let Some(msgtype) = media.kind.msgtype() {
        content.insert("msgtype".to_owned(), msgtype.into());
    }
    if caption.is_empty() {
        content.insert("body".to_owned(), media.name.as_str().into());
        content.insert("m.mentions".to_owned(), json!({}));
    } else {
        add_text(&mut content, caption);
    }
    if media.kind != MediaKind::Sticker {
        content.insert("filename".to_owned(), media.name.as_str().into());
    }
    content.insert("url".to_owned(), media.mxc.as_str().into());
    content.insert("info".to_owned(), info(media));
    if media.kind == MediaKind::Voice {
        content.insert("org.matrix.msc3245.voice".to_owned(), json!({}));
    }
    Value::Object(content)
}

/// Makes an event the answer to another.
pub fn add_reply(content: &mut Value, to: &EventId) {
    set(content, "m.relates_to", json!({ "m.in_reply_to": { "event_id": to } }));
}

/// Puts an event into a thread.
///
/// `reply_to` is what it answers there; without it, clients that know no threads show it as the
/// answer to `latest`, the last event of the thread (or its root).
pub fn add_thread(
    content: &mut Value,
    root: &EventId,
    latest: &EventId,
    reply_to: Option<&EventId>,
) {
    let relation = json!({
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": reply_to.is_none(),
        "m.in_reply_to": { "event_id": reply_to.unwrap_or(latest) },
    });
    set(content, "m.relates_to", relation);
}

/// The content of an event that replaces the text of another by `content`.
///
/// Whoever is in `notified` was mentioned before and is not notified again.
pub fn replacement(content: Value, replaces: &EventId, notified: &Mentions) -> Value {
    let mut outer = content.clone();
    for name in ["body", "formatted_body"] {
        if let Some(text) = content.get(name).and_then(Value::as_str) {
            set(&mut outer, name, format!("* {text}").into());
        }
    }
    let mut mentions = mention::from_content(&content);
    mentions.user_ids = &mentions.user_ids - &notified.user_ids;
    mentions.room &= !notified.room;
    set(&mut outer, "m.mentions", mentions_value(&mentions));
    set(&mut outer, "m.new_content", content);
    set(&mut outer, "m.relates_to", json!({ "rel_type": "m.replace", "event_id": replaces }));
    outer
}

fn add_text(content: &mut Map<String, Value>, doc: &Doc) {
    content.insert("body".to_owned(), doc.plain().into());
    if let Some(html) = to_html(doc) {
        content.insert("format".to_owned(), "org.matrix.custom.html".into());
        content.insert("formatted_body".to_owned(), html.into());
    }
    content.insert("m.mentions".to_owned(), mentions_value(&mention::collect(doc)));
}

/// `m.mentions` as JSON. Empty mentions are written too: they turn off the old rules by which
/// clients search the body for names.
fn mentions_value(mentions: &Mentions) -> Value {
    let mut value = Map::new();
    if mentions.user_ids != BTreeSet::new() {
        let users = mentions.user_ids.iter().map(|user| user.as_str().into());
        value.insert("user_ids".to_owned(), Value::Array(users.collect()));
    }
    if mentions.room {
        value.insert("room".to_owned(), true.into());
    }
    Value::Object(value)
}

fn info(media: &Media) -> Value {
    let mut info = Map::new();
    if let Some(mime) = &media.mime {
        info.insert("mimetype".to_owned(), mime.as_str().into());
    }
    if let Some(size) = media.size {
        info.insert("size".to_owned(), size.into());
    }
    if let Some((width, height)) = media.dimensions {
        info.insert("w".to_owned(), width.into());
        info.insert("h".to_owned(), height.into());
    }
    if let Some(duration) = media.duration {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        info.insert("duration".to_owned(), millis.into());
    }
    Value::Object(info)
}

fn set(content: &mut Value, name: &str, value: Value) {
    if let Value::Object(content) = content {
        content.insert(name.to_owned(), value);
    }
}
