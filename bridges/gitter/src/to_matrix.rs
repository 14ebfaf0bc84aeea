//! From Gitter's documents to what the core takes. Pure.

mod html;

use bridge_core::{
    content::{Block, Doc, Inline, MentionTarget, emoji},
    id::{PortalKey, Timestamp},
    network::{Message as Said, MessageKind, Reach, RemoteAction, RemoteEvent, RemoteUser},
};
use mongodb::{
    bson::{Bson, DateTime, Document, oid::ObjectId},
    change_stream::event::ChangeStreamEvent,
};

use crate::{
    document::{Message, User},
    id,
};

/// A person as the core knows them.
pub(crate) fn remote_user(user: &User) -> RemoteUser {
    RemoteUser { key: id::ghost_key(user.id), name: user.shown_name() }
}

/// Something that was said.
pub(crate) fn message(message: &Message, sender: RemoteUser) -> RemoteEvent {
    RemoteEvent {
        portal: id::portal_key(message.room),
        sender: Some(sender),
        id: Some(id::remote_id(message.id)),
        also: Vec::new(),
        at: time(message.sent),
        action: RemoteAction::Message(said(message)),
    }
}

/// A message that got a new text; `None` if it was not edited.
///
/// The time of the edit makes its id: the same edit, seen twice, is taken once.
pub(crate) fn edit(message: &Message, sender: RemoteUser) -> Option<RemoteEvent> {
    let edited = message.edited?;
    Some(RemoteEvent {
        portal: id::portal_key(message.room),
        sender: Some(sender),
        id: Some(format!("{}/{}", message.id, edited.timestamp_millis()).into()),
        also: Vec::new(),
        at: time(edited),
        action: RemoteAction::Edit { target: id::remote_id(message.id), message: said(message) },
    })
}

/// A message that was removed.
pub(crate) fn removal(portal: PortalKey, message: ObjectId, at: Timestamp) -> RemoteEvent {
    RemoteEvent {
        portal,
        sender: None,
        id: Some(format!("{message}/removed").into()),
        also: Vec::new(),
        at,
        action: RemoteAction::Delete {
            target: id::remote_id(message),
            reason: None,
            reach: Reach::Any,
        },
    }
}

/// The rooms in which somebody has read, and up to when, of a change of `usertroupelastaccesses`.
pub(crate) fn reading(change: &ChangeStreamEvent<Document>) -> Vec<(ObjectId, DateTime)> {
    let entry = |(key, value): (&str, &Bson)| Some((id::read(key)?, *value.as_datetime()?));
    if let Some(update) = &change.update_description {
        let of_rooms = update.updated_fields.iter();
        let of_rooms =
            of_rooms.filter_map(|(key, value)| entry((key.strip_prefix("troupes.")?, value)));
        return of_rooms.collect();
    }
    let rooms = change.full_document.as_ref().and_then(|all| all.get_document("troupes").ok());
    let rooms = rooms.into_iter().flatten();
    rooms.filter_map(|(key, value)| entry((key.as_str(), value))).collect()
}

/// The time of a document for the core.
pub(crate) fn time(at: DateTime) -> Timestamp {
    Timestamp(u64::try_from(at.timestamp_millis()).unwrap_or_default())
}

fn said(message: &Message) -> Said {
    let mut body = body(message);
    emoji::to_unicode(&mut body);
    let kind = if message.status { MessageKind::Emote } else { MessageKind::Text };
    if message.status {
        without_sender(&mut body);
    }
    if let Some(other) = message.virtual_user.as_ref().filter(|_| !message.is_from_matrix()) {
        said_by(&mut body, &other.name);
    }
    let mut said = Said::new(kind, body);
    said.thread = message.parent.map(id::remote_id);
    said
}

/// The text as a tree: from Gitter's own HTML, or from the text if there is none.
fn body(message: &Message) -> Doc {
    if message.html.trim().is_empty() {
        return Doc::text(&message.text);
    }
    let mut body = html::read(&message.html);
    bridge_core::content::mention::resolve(&mut body, &mut |found| {
        let mut mention = found.clone();
        if let MentionTarget::Ghost(name) = &found.target {
            let known = message.mentions.iter().find(|mention| mention.name == *name)?.user?;
            mention.target = MentionTarget::Ghost(known.to_hex());
        }
        Some(mention)
    });
    // Whoever may not address everybody only wrote `@/all`.
    let may = message.mentions.iter().any(|mention| mention.is_announcement);
    html::settle(&mut body, may);
    body
}

/// The text of `/me waves` begins with the name of who waves.
fn without_sender(body: &mut Doc) {
    let Some(Block::Paragraph(line)) = body.blocks.first_mut() else { return };
    let rest = match line.first() {
        Some(Inline::Mention(_)) => None,
        Some(Inline::Text(text)) if text.starts_with('@') => {
            text.split_once(' ').map(|(_, rest)| Inline::text(rest))
        }
        _ => return,
    };
    line.splice(0..1, rest);
    if let Some(Inline::Text(text)) = line.first_mut() {
        *text = text.trim_start().to_owned();
    }
}

/// Puts the name of somebody in front who speaks through a user of the platform.
fn said_by(body: &mut Doc, name: &str) {
    let prefix = [Inline::Strong(vec![Inline::text(name)]), Inline::text(": ")];
    if let Some(Block::Paragraph(line)) = body.blocks.first_mut() {
        line.splice(0..0, prefix);
    } else {
        body.blocks.insert(0, Block::Paragraph(prefix.to_vec()));
    }
}

#[cfg(test)]
mod tests;
