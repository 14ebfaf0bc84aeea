//! From what the core hands over to Gitter's text. Pure.

use bridge_core::{
    content::{
        Doc, Inline, Mention, MentionTarget,
        markdown::{Flavour, LineFeeds, Maths, to_markdown},
        mention, split,
        text::Spoilers,
    },
    id::GhostKey,
    network::{Author, File, Message as Said, MessageKind, Voice},
};
use mongodb::bson::{DateTime, oid::ObjectId};
use serde::{Deserialize, Serialize};

use crate::{id, sequence};

/// Gitter's dialect of Markdown.
const FLAVOUR: Flavour = Flavour {
    line_feeds: LineFeeds::Break,
    maths: Maths::DoubleDollar,
    escapable: "\\`*{}[]()#+-.!_>~|",
    spoilers: Spoilers::Hidden,
};

/// The most UTF-16 units of one message.
const MOST_UNITS: usize = 4_096;

/// One message to be written: its id and time are fixed before it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// The `_id`, as hexadecimal digits.
    pub(crate) id: String,
    /// `sent`, in milliseconds.
    pub(crate) sent: i64,
    /// The text.
    pub(crate) text: String,
}

impl Part {
    /// A message that is to be sent at `sent`; event and number make its id.
    pub(crate) fn new(event: &str, number: usize, sent: DateTime, text: String) -> Self {
        let id = sequence::object_id(sent, &format!("{event} {number}"));
        Self { id: id.to_hex(), sent: sent.timestamp_millis(), text }
    }

    pub(crate) fn object_id(&self) -> Option<ObjectId> {
        id::read(&self.id)
    }

    pub(crate) fn sent(&self) -> DateTime {
        DateTime::from_millis(self.sent)
    }

    /// As it stands in the progress of a row.
    pub(crate) fn to_record(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn from_record(record: &str) -> Option<Self> {
        serde_json::from_str(record).ok()
    }
}

/// Everybody whom a text addresses and whom the platform knows.
pub(crate) fn addressed(doc: &Doc) -> Vec<GhostKey> {
    let mut found = Vec::new();
    doc.clone().for_each_inline(&mut |inline| {
        if let Inline::Mention(mention) = inline
            && let MentionTarget::Ghost(key) = &mention.target
        {
            found.push(GhostKey::from(key.as_str()));
        }
    });
    found
}

/// The texts that something said becomes, each within what one message takes. `name_of` knows the
/// present names of people.
pub(crate) fn texts(
    said: &Said,
    author: &Author,
    name_of: &dyn Fn(&GhostKey) -> Option<String>,
) -> Vec<String> {
    let mut body = said.body.clone();
    mention::resolve(&mut body, &mut |found| name(found, name_of));
    let text = to_markdown(&body, &FLAVOUR);
    let text = match said.file.as_ref().and_then(file) {
        Some(file) if text.is_empty() => file,
        Some(file) => format!("{file}\n{text}"),
        None => text,
    };
    let text = match (said.kind, author.voice) {
        (MessageKind::Emote, Voice::Puppet) => format!("{} {text}", author.user_id),
        _ => text,
    };
    split_at(&text, MOST_UNITS)
}

/// A file as a link, and a picture as itself too.
fn file(file: &File) -> Option<String> {
    let url = file.url()?;
    let name = if file.name.is_empty() { "file" } else { &file.name };
    let doc = |content| Doc::line(vec![Inline::Link { url: url.to_owned(), content }]);
    let link = to_markdown(&doc(vec![Inline::text(name)]), &FLAVOUR);
    let is_image = file.mime.as_ref().is_some_and(|mime| mime.starts_with("image/"));
    if !is_image {
        return Some(link);
    }
    let name = link.strip_prefix('[').and_then(|link| link.split_once("](")).map_or("", |it| it.0);
    Some(format!("{link}\n[![{name}]({url})]({url})"))
}

fn name(found: &Mention, name_of: &dyn Fn(&GhostKey) -> Option<String>) -> Option<Mention> {
    let label = match &found.target {
        MentionTarget::Ghost(key) => format!("@{}", name_of(&GhostKey::from(key.as_str()))?),
        MentionTarget::Room => "@/all".to_owned(),
        MentionTarget::User(_) => return None,
    };
    Some(Mention { label, ..found.clone() })
}

/// Cuts a text into pieces of at most `units` UTF-16 units.
fn split_at(text: &str, units: usize) -> Vec<String> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    if text.encode_utf16().count() <= units {
        return vec![text.to_owned()];
    }
    // No character has fewer bytes than units.
    split::split_plain(text, units)
}

/// The text of an edit that came too late to change its message.
pub(crate) fn late_edit(uri: &str, message: ObjectId, text: &str) -> String {
    format!(":point_up: [Edit](https://gitter.im/{uri}?at={message}): {text}")
}

/// Who speaks, as the platform shows them: without the `@`.
pub(crate) fn external_id(author: &Author) -> &str {
    let id = author.user_id.as_str();
    id.strip_prefix('@').unwrap_or(id)
}

/// The name to show, within what the platform takes.
pub(crate) fn shown_name(author: &Author) -> String {
    const MOST: usize = 255;
    let mut name = author.name().to_owned();
    while name.encode_utf16().count() > MOST {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use bridge_core::content::html::{HtmlContext, from_html};

    use super::*;

    fn author() -> Author {
        Author {
            user_id: "@alice:hs.org".try_into().unwrap(),
            display_name: Some("Alice".to_owned()),
            voice: Voice::Puppet,
        }
    }

    fn texts_of(kind: MessageKind, body: Doc) -> Vec<String> {
        let said = Said::new(kind, body);
        texts(&said, &author(), &|key| (key.as_str() == "c").then(|| "carl_x".to_owned()))
    }

    #[test]
    fn formats_become_markdown() {
        let body =
            from_html("<b>bold</b> and <a href=\"https://a.org\">x</a>", &HtmlContext::default());
        assert_eq!(texts_of(MessageKind::Text, body), ["**bold** and [x](https://a.org)"]);
        assert_eq!(texts_of(MessageKind::Text, Doc::text("a * b")), ["a \\* b"]);
        assert_eq!(texts_of(MessageKind::Text, Doc::default()), Vec::<String>::new());
    }

    #[test]
    fn an_emote_begins_with_its_author() {
        let waves = texts_of(MessageKind::Emote, Doc::text("waves"));
        assert_eq!(waves, ["@alice:hs.org waves"]);
    }

    #[test]
    fn mentions_carry_the_name_of_the_day() {
        let mention = Mention {
            target: MentionTarget::Ghost("c".to_owned()),
            label: "carl (Carl)".to_owned(),
        };
        let body = Doc::line(vec![Inline::Mention(mention)]);
        assert_eq!(texts_of(MessageKind::Text, body), ["@carl_x"]);
    }

    #[test]
    fn long_texts_are_cut_to_what_a_message_takes() {
        assert_eq!(texts_of(MessageKind::Text, Doc::text(&"\u{1f600}".repeat(2_048))).len(), 1);
        let pieces = texts_of(MessageKind::Text, Doc::text(&"word ".repeat(2_000)));
        assert!(pieces.len() > 1);
        assert!(pieces.iter().all(|piece| piece.encode_utf16().count() <= MOST_UNITS));
    }

    #[test]
    fn a_part_outlives_the_store() {
        let part = Part::new("$e", 0, DateTime::from_millis(1_600_000_061_007), "x".to_owned());
        assert_eq!(Part::from_record(&part.to_record()), Some(part.clone()));
        assert!(part.id.starts_with("5f5e103d"));
    }
}
