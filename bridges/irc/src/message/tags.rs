//! Tags of a message, by the [message-tags] specification.
//!
//! [message-tags]: https://ircv3.net/specs/extensions/message-tags

use std::collections::BTreeMap;

/// The tags of a message by name. A tag without a value has the empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// Reads tags without the `@`. Of tags with one name the last counts.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split(';').map(|tag| tag.split_once('=').unwrap_or((tag, "")));
        let named = pairs.filter(|(key, _)| !key.is_empty());
        Self(named.map(|(key, value)| (key.to_owned(), unescape(value))).collect())
    }

    /// The value of a tag.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Sets a tag.
    pub fn insert(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), value.to_owned());
    }

    /// Keeps the tags whose name passes.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|key, _| keep(key));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// The value as it stands on the wire.
pub(super) fn escape(value: &str, out: &mut String) {
    for char in value.chars() {
        match char {
            ';' => out.push_str("\\:"),
            ' ' => out.push_str("\\s"),
            '\\' => out.push_str("\\\\"),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '\0' => {}
            other => out.push(other),
        }
    }
}

/// The value behind its escapes. An unknown escape stands for its letter, a last lone `\` for nothing.
fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some(':') => out.push(';'),
            Some('s') => out.push(' '),
            Some('r') => out.push('\r'),
            Some('n') => out.push('\n'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}
