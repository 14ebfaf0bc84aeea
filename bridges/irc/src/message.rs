//! One message: tags, source, command and parameters, parsed and written.
//!
//! [`Head`] finds the parts of a line without copying them, so that a line nobody wants costs
//! nothing; [`Message`] owns them. Both are lenient as the [client protocol] asks: spaces may repeat,
//! NUL and stray line ends are dropped.
//!
//! [client protocol]: https://modern.ircdocs.horse/#message-format

use std::borrow::Cow;

use irc::proto::Response;

pub use self::{
    head::{Head, Params},
    source::Source,
    tags::Tags,
    write::WriteError,
};

mod command;
mod head;
mod source;
mod tags;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
mod write;

/// The most parameters that a message can have.
pub const MAX_PARAMS: usize = 15;

/// A message of either direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The tags; `+` begins the name of a client's own.
    pub tags: Tags,
    /// Who sent it. Clients leave it out.
    pub source: Option<Source>,
    /// The command in upper case, or three digits.
    pub command: String,
    /// The parameters; only the last may be empty, hold spaces or begin with a colon.
    pub params: Vec<String>,
}

/// A line holds no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the line has no command")]
pub struct ParseError;

impl Message {
    /// A message without tags and source.
    pub fn new<P: Into<String>>(command: &str, params: impl IntoIterator<Item = P>) -> Self {
        Self {
            command: command.to_ascii_uppercase(),
            params: params.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Reads one line, with or without its end.
    pub fn parse(line: &str) -> Result<Self, ParseError> {
        Ok(Self::from(Head::split(&clean(line))?))
    }

    /// The same message with one more tag.
    #[must_use]
    pub fn with_tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key, value);
        self
    }

    /// The value of a tag; empty for a tag without one.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.find(key)
    }

    /// The parameter at `index`, or the empty text.
    pub fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// The last parameter, where replies carry their text.
    pub fn text(&self) -> &str {
        self.params.last().map_or("", String::as_str)
    }

    /// The nick (or server name) of the source.
    pub fn nick(&self) -> Option<&str> {
        self.source.as_ref().map(|source| source.nick.as_str())
    }

    /// The number of a numeric reply.
    pub fn numeric(&self) -> Option<u16> {
        head::numeric(&self.command)
    }

    /// The meaning of a numeric reply, where it has a common one.
    pub fn response(&self) -> Option<Response> {
        self.numeric()?;
        self.command.parse().ok()
    }
}

impl From<Head<'_>> for Message {
    fn from(head: Head<'_>) -> Self {
        Self {
            tags: Tags::parse(head.tags),
            source: head.source.map(Source::parse),
            command: head.command.to_ascii_uppercase(),
            params: head.params().map(str::to_owned).collect(),
        }
    }
}

/// The text without the three characters that no line can hold.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    const FORBIDDEN: [char; 3] = ['\r', '\n', '\0'];
    if text.contains(FORBIDDEN) {
        Cow::Owned(text.replace(FORBIDDEN, ""))
    } else {
        Cow::Borrowed(text)
    }
}
