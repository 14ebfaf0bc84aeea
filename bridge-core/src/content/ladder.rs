//! The ladder of fallbacks: what becomes of an event that a network cannot take as it is.
//!
//! Reply -> quote; thread -> reply; edit -> `* text` or a short difference; reaction -> notice or
//! nothing; deletion -> notice or nothing; file -> link; rich -> plain; long -> its beginning and
//! a link to all of it. Each rung is a function of its own; [`message`] goes down all of them.

mod change;
mod file;
mod long;
#[cfg(test)]
mod tests;

use ruma::OwnedEventId;

pub use self::{
    file::{file_line, linked},
    long::shortened,
};
use super::{
    Block, Doc, Inline, MessageKind,
    caps::{Support, TextCaps, TextFormat},
    matrix::{Media, Message},
    reply::{self, Quoted},
};

/// What a network can do with messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rungs {
    /// Limits and format of text.
    pub text: TextCaps,
    /// Changing a message that was sent.
    pub edit: Support,
    /// Answering a certain message.
    pub reply: Support,
    /// Threads of messages.
    pub thread: Support,
    /// Files.
    pub media: Support,
}

/// What the caller knows about a message besides its content.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The message that this one answers, for quotes; the first of its thread if it answers none
    /// there. Without it a reply goes as plain text.
    pub quoted: Option<Quoted<'a>>,
    /// The text that an edit replaces.
    pub earlier: Option<&'a Doc>,
    /// The name and form by which the bot says the words of somebody else.
    pub relay: Option<Relayed<'a>>,
    /// A link to the file.
    pub file_url: Option<&'a str>,
    /// A link to the whole text.
    pub text_url: Option<&'a str>,
}

/// Whose words the bot says, and what stands around them.
#[derive(Clone, Copy, Debug)]
pub struct Relayed<'a> {
    /// The author's name.
    pub name: &'a str,
    /// What stands before the words.
    pub before: &'a str,
    /// What stands after them.
    pub after: &'a str,
}

/// A message that the network can take.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Speech, notice or emote.
    pub kind: MessageKind,
    /// The text.
    pub doc: Doc,
    /// The file, where the network has files.
    pub media: Option<Media>,
    /// What it refers to, where the network can say so.
    pub relation: Relation,
}

/// What a message refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Relation {
    /// Nothing.
    #[default]
    None,
    /// It answers a message.
    Reply(OwnedEventId),
    /// It belongs to a thread.
    Thread {
        /// The first message of the thread.
        root: OwnedEventId,
        /// The message that it answers there.
        reply_to: Option<OwnedEventId>,
    },
    /// It replaces the text of a message.
    Edit(OwnedEventId),
}

/// Brings a message down to what a network can take; `None` if nothing is left of it.
pub fn message(message: Message, rungs: &Rungs, context: &Context<'_>) -> Option<Lowered> {
    let Message { mut kind, mut doc, mut media, reply_to, thread, replaces, .. } = message;
    if rungs.media != Support::Native
        && let Some(file) = media.take()
    {
        doc = match rungs.media {
            Support::None => doc,
            _ => linked(&file.name, file.size, context.file_url, doc),
        };
    }
    let mut relation = Relation::None;
    if let Some(target) = replaces {
        match edit(rungs.edit, doc, context.earlier)? {
            Edited::Native(new) => {
                doc = new;
                relation = Relation::Edit(target);
            }
            Edited::Message(new) => doc = new,
        }
        (kind, doc) = relayed(kind, doc, context.relay.as_ref());
    } else {
        (kind, doc) = relayed(kind, doc, context.relay.as_ref());
        (doc, relation) = reply(rungs, doc, thread, reply_to, context.quoted.as_ref());
    }
    doc = rich(rungs.text.format, doc);
    doc = shortened(doc, &rungs.text, context.text_url);
    let says_something = !doc.is_empty() || media.is_some();
    says_something.then_some(Lowered { kind, doc, media, relation })
}

/// A puppet's words -> the bot's, with the author's name around them.
pub fn relayed(kind: MessageKind, doc: Doc, relay: Option<&Relayed<'_>>) -> (MessageKind, Doc) {
    let Some(relay) = relay else { return (kind, doc) };
    if kind == MessageKind::Emote {
        return (MessageKind::Text, prefixed(&format!("* {} ", relay.name), doc));
    }
    let mut doc = prefixed(relay.before, doc);
    if !relay.after.is_empty() {
        match doc.blocks.last_mut() {
            Some(Block::Paragraph(content)) => content.push(Inline::text(relay.after)),
            _ => doc.blocks.push(Block::Paragraph(vec![Inline::text(relay.after.trim_start())])),
        }
    }
    (kind, doc)
}

/// Thread -> reply -> quote.
pub fn reply(
    rungs: &Rungs,
    doc: Doc,
    thread: Option<OwnedEventId>,
    reply_to: Option<OwnedEventId>,
    quoted: Option<&Quoted<'_>>,
) -> (Doc, Relation) {
    let target = match (rungs.thread, thread) {
        (Support::Native, Some(root)) => return (doc, Relation::Thread { root, reply_to }),
        (Support::Fallback, Some(root)) => Some(reply_to.unwrap_or(root)),
        (_, _) => reply_to,
    };
    match (rungs.reply, target, quoted) {
        (Support::Native, Some(target), _) => (doc, Relation::Reply(target)),
        (Support::Fallback, Some(_), Some(quoted)) => (reply::quote(doc, quoted), Relation::None),
        _ => (doc, Relation::None),
    }
}

/// What becomes of an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// The network replaces the text by this.
    Native(Doc),
    /// A new message says what changed.
    Message(Doc),
}

/// Edit -> `* text`, or only the words that changed, if the earlier text is known and long and
/// little of it changed. `None` where edits are dropped, or change nothing.
pub fn edit(support: Support, doc: Doc, earlier: Option<&Doc>) -> Option<Edited> {
    match support {
        Support::Native => Some(Edited::Native(doc)),
        Support::None => None,
        Support::Fallback if Some(&doc) == earlier => None,
        Support::Fallback => {
            let change = earlier.and_then(|earlier| change::short(&earlier.plain(), &doc.plain()));
            let doc = match change {
                Some(change) => Doc::text(&change),
                None => prefixed("* ", doc),
            };
            Some(Edited::Message(doc))
        }
    }
}

/// Reaction -> notice or nothing: `None` where reactions are dropped or the network has them.
///
/// A custom emoji comes by its name: `:party:`.
pub fn reaction(support: Support, key: &str, quoted: Option<&Quoted<'_>>) -> Option<Doc> {
    if support != Support::Fallback {
        return None;
    }
    let mut text = format!("reacted with {key}");
    if let Some(quoted) = quoted {
        text.push_str(" to ");
        text.push_str(quoted.author);
        if let Some(extract) = quoted.doc.map(|doc| reply::extract(doc, 50)) {
            text.push_str(": ");
            text.push_str(&extract);
        }
    }
    Some(Doc::text(&text))
}

/// Deletion -> notice or nothing. The notice does not repeat what was deleted.
pub fn deletion(support: Support, author: Option<&str>) -> Option<Doc> {
    (support == Support::Fallback).then(|| match author {
        Some(author) => Doc::text(&format!("deleted a message of {author}")),
        None => Doc::text("deleted a message"),
    })
}

/// Rich -> plain.
pub fn rich(format: TextFormat, doc: Doc) -> Doc {
    match format {
        TextFormat::Rich => doc,
        TextFormat::Plain => Doc::text(&doc.plain()),
    }
}

fn prefixed(prefix: &str, mut doc: Doc) -> Doc {
    if prefix.is_empty() {
        return doc;
    }
    match doc.blocks.first_mut() {
        Some(Block::Paragraph(content)) => content.insert(0, Inline::text(prefix)),
        _ => doc.blocks.insert(0, Block::Paragraph(vec![Inline::text(prefix.trim_end())])),
    }
    doc
}
