//! One line from a server.

use std::{collections::BTreeMap, fmt};

/// A line, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Message tags by name, their values unescaped; empty for a tag without one.
    pub tags: BTreeMap<String, String>,
    /// `nick!user@host` or a server's name; empty if the line has none.
    pub source: String,
    /// The command in upper case, or the numeric's three digits.
    pub command: String,
    /// Parameters, the trailing one without its colon.
    pub params: Vec<String>,
}

impl Line {
    /// Takes a line apart; bytes that are not UTF-8 become replacement characters.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut rest = text.trim_end_matches(['\r', '\n']);
        let mut tags = BTreeMap::new();
        if let Some(tagged) = rest.strip_prefix('@') {
            let (list, after) = tagged.split_once(' ').unwrap_or((tagged, ""));
            rest = after.trim_start();
            for tag in list.split(';') {
                let (name, value) = tag.split_once('=').unwrap_or((tag, ""));
                tags.insert(name.to_owned(), unescape(value));
            }
        }
        let mut source = String::new();
        if let Some(prefixed) = rest.strip_prefix(':') {
            let (name, after) = prefixed.split_once(' ').unwrap_or((prefixed, ""));
            name.clone_into(&mut source);
            rest = after.trim_start();
        }
        let (head, trailing) = match rest.split_once(" :") {
            Some((head, trailing)) => (head, Some(trailing)),
            None => (rest, None),
        };
        let mut words = head.split_ascii_whitespace().map(str::to_owned);
        let command = words.next().unwrap_or_default().to_ascii_uppercase();
        let params = words.chain(trailing.map(str::to_owned)).collect();
        Self { tags, source, command, params }
    }

    /// The nick in the source, or the whole source of a server.
    pub fn nick(&self) -> &str {
        self.source.split('!').next().unwrap_or_default()
    }

    /// A parameter, or the empty string.
    pub fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// The last parameter: a message's text, a part's reason.
    pub fn text(&self) -> &str {
        self.params.last().map_or("", String::as_str)
    }

    /// The words of a `PRIVMSG` that is a CTCP `ACTION`.
    pub fn action(&self) -> Option<&str> {
        self.text().strip_prefix("\u{1}ACTION ")?.strip_suffix('\u{1}')
    }

    /// Whether this is `PRIVMSG target :text`, from anybody.
    pub fn is_message(&self, target: &str, text: &str) -> bool {
        self.command == "PRIVMSG" && self.param(0) == target && self.text() == text
    }

    /// Whether this is a numeric from 400 to 599.
    pub fn is_error(&self) -> bool {
        self.command.parse().is_ok_and(|code: u16| (400..600).contains(&code))
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.tags.is_empty() {
            write!(f, "@{:?} ", self.tags)?;
        }
        write!(f, ":{} {} {:?}", self.source, self.command, self.params)
    }
}

fn unescape(value: &str) -> String {
    let mut plain = String::new();
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => plain.extend(chars.next().map(|escaped| match escaped {
                ':' => ';',
                's' => ' ',
                'r' => '\r',
                'n' => '\n',
                other => other,
            })),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn a_tagged_message_is_taken_apart() {
        let line = Line::parse(b"@msgid=a\\sb;+x :ann!a@host PRIVMSG #c :two words: here\r\n");
        assert_eq!(line.tags["msgid"], "a b");
        assert_eq!(line.tags["+x"], "");
        assert_eq!(line.nick(), "ann");
        assert!(line.is_message("#c", "two words: here"));
    }

    #[test]
    fn words_without_a_trailing_part_are_parameters() {
        let line = Line::parse(b":irc.localhost 433 * ann x\r\n");
        assert!(line.is_error());
        assert_eq!(line.params, ["*", "ann", "x"]);
        assert_eq!(line.action(), None);
    }
}
