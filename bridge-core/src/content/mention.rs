//! Who is addressed: mentions in the text, and `m.mentions` of an event.
//!
//! `m.mentions` is section "User and room mentions" of the Matrix client-server API. It alone
//! notifies people; the pills in the HTML are what they see.

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use ruma::events::Mentions;
use ruma::{MatrixToUri, MatrixUri, OwnedUserId, matrix_uri::MatrixId};
use serde_json::Value;

use super::{Doc, Inline, Mention, MentionTarget};

/// What stands for everybody in the text of a message.
pub const ROOM: &str = "@room";

/// Turns `@room` in the text into a mention of everybody.
pub fn mark_room(doc: &mut Doc) {
    mark(doc, &mut |text| {
        let range = find_word(text, ROOM)?;
        Some((range, MentionTarget::Room))
    });
}

/// Turns names in the text into mentions, the longest where several fit, outside code and links.
///
/// A name counts only as a word of its own; an `@` before it belongs to it.
pub fn mark_names(doc: &mut Doc, names: &[(String, MentionTarget)]) {
    mark(doc, &mut |text| {
        let found = names
            .iter()
            .filter(|(name, _)| !name.is_empty())
            .filter_map(|(name, target)| Some((find_word(text, name)?, target)));
        let (range, target) =
            found.min_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)))?;
        let with_at = text[..range.start].ends_with('@');
        Some((range.start - usize::from(with_at)..range.end, target.clone()))
    });
}

/// A place in a text where somebody is addressed, and who.
pub type Addressed = (Range<usize>, MentionTarget);

/// Turns parts of the text into mentions, outside code and links.
///
/// `find` gets a text and returns the first place in it where somebody is addressed.
pub fn mark(doc: &mut Doc, find: &mut dyn FnMut(&str) -> Option<Addressed>) {
    doc.replace_text(&mut |text| {
        let mut found = Vec::new();
        let mut from = 0;
        while let Some((range, target)) = text.get(from..).and_then(&mut *find) {
            let range = range.start + from..range.end + from;
            let Some(label) = text.get(range.clone()).filter(|label| !label.is_empty()) else {
                break;
            };
            let mention = Mention { target, label: label.to_owned() };
            from = range.end;
            found.push((range, Inline::Mention(mention)));
        }
        found
    });
}

/// Gives every mention to `lookup`, which may put another target or name in its place.
///
/// On the way to a network it turns ghosts into [`MentionTarget::Ghost`] and names people as the
/// network knows them; on the way to Matrix it turns [`MentionTarget::Ghost`] into users.
pub fn resolve(doc: &mut Doc, lookup: &mut dyn FnMut(&Mention) -> Option<Mention>) {
    doc.for_each_inline(&mut |inline| {
        if let Inline::Mention(mention) = inline
            && let Some(resolved) = lookup(mention)
        {
            *mention = resolved;
        }
    });
}

/// Everybody whom the text addresses: `m.mentions` of an event with this text.
pub fn collect(doc: &Doc) -> Mentions {
    let mut mentions = Mentions::new();
    doc.clone().for_each_inline(&mut |inline| match inline {
        Inline::Mention(Mention { target: MentionTarget::User(user), .. }) => {
            mentions.user_ids.insert(user.clone());
        }
        Inline::Mention(Mention { target: MentionTarget::Room, .. }) => mentions.room = true,
        _ => {}
    });
    mentions
}

/// `m.mentions` of an event's content. What cannot be read counts as absent, entry by entry.
pub fn from_content(content: &Value) -> Mentions {
    let mut mentions = Mentions::new();
    let Some(value) = content.get("m.mentions") else { return mentions };
    mentions.room = value.get("room").and_then(Value::as_bool).unwrap_or_default();
    let users = value.get("user_ids").and_then(Value::as_array).into_iter().flatten();
    mentions.user_ids = users.filter_map(|user| user.as_str()?.try_into().ok()).collect();
    mentions
}

/// The user whom a `matrix.to` or `matrix:` address names.
pub fn user_of_link(url: &str) -> Option<OwnedUserId> {
    let id = if url.starts_with("matrix:") {
        MatrixUri::parse(url).ok()?.id().clone()
    } else {
        MatrixToUri::parse(url).ok()?.id().clone()
    };
    match id {
        MatrixId::User(user) => Some(user),
        _ => None,
    }
}

/// The first place where `word` stands by itself in a text.
fn find_word(text: &str, word: &str) -> Option<Range<usize>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(start, _)| start..start + word.len()).find(|range| {
        let before = text[..range.start].chars().next_back();
        let mut after = text[range.end..].chars();
        let next = after.next();
        // `@room:server` is an address, `alice: hello` is not.
        let is_address = next == Some(':') && after.next().is_some_and(is_part);
        !before.is_some_and(is_part) && !next.is_some_and(is_part) && !is_address
    })
}
