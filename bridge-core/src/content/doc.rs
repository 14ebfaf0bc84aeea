//! The tree.

use ruma::OwnedUserId;
use serde::{Deserialize, Serialize};

use super::{Rgb, text};

/// A message's text: blocks, one below the other.
///
/// Parsers of this crate keep a document at most [`Doc::MAX_DEPTH`] levels deep, which also keeps
/// its JSON within the depth that `serde_json` reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Doc {
    /// The blocks, from top to bottom.
    pub blocks: Vec<Block>,
}

/// A piece of a document that stands on lines of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Running text.
    Paragraph(Vec<Inline>),
    /// A heading.
    Heading {
        /// 1 (the most important) to 6.
        level: u8,
        /// Its text.
        content: Vec<Inline>,
    },
    /// Preformatted text. Has no final newline.
    Code {
        /// The language, for highlighting.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lang: Option<String>,
        /// The text, with its line feeds.
        text: String,
    },
    /// Somebody else's words.
    Quote(Vec<Block>),
    /// A list.
    List {
        /// The number of the first item; `None` is a list with bullets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start: Option<u64>,
        /// The items.
        items: Vec<Vec<Block>>,
    },
    /// A table. Rows may differ in length.
    Table {
        /// The cells of the first row, if it is a heading; else empty.
        head: Vec<Vec<Inline>>,
        /// The other rows, each a list of cells.
        rows: Vec<Vec<Vec<Inline>>>,
    },
    /// A formula of its own, as LaTeX.
    Maths(String),
    /// A horizontal rule.
    Rule,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inline {
    /// Plain text, without line feeds.
    Text(String),
    /// The next line begins here.
    Break,
    /// Emphasis, usually italic.
    Emphasis(Vec<Inline>),
    /// Strong emphasis, usually bold.
    Strong(Vec<Inline>),
    /// Struck out.
    Strike(Vec<Inline>),
    /// Underlined.
    Underline(Vec<Inline>),
    /// Coloured.
    Colour {
        /// The colour of the letters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fg: Option<Rgb>,
        /// The colour behind the letters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bg: Option<Rgb>,
        /// What is coloured.
        content: Vec<Inline>,
    },
    /// A piece of code.
    Code(String),
    /// A link.
    Link {
        /// Where it leads. The scheme is one that no client runs as a program.
        url: String,
        /// What is shown; may equal the address.
        content: Vec<Inline>,
    },
    /// Somebody is addressed.
    Mention(Mention),
    /// A custom emoji. Unicode emoji are plain text.
    Emoji {
        /// Its name without colons.
        shortcode: String,
        /// Its picture, as an `mxc:` address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mxc: Option<String>,
    },
    /// A formula within a line, as LaTeX.
    Maths(String),
    /// Text to be shown only to those who ask for it.
    Spoiler {
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What is hidden.
        content: Vec<Inline>,
    },
    /// A picture or file within the text.
    Media(MediaRef),
}

/// Somebody is addressed by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Who.
    pub target: MentionTarget,
    /// The name as shown, with an `@` only if it was written with one.
    pub label: String,
}

/// Who is addressed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MentionTarget {
    /// A Matrix user (a ghost, too).
    User(OwnedUserId),
    /// Everybody in the room.
    Room,
    /// A remote user, by the key of the ghost. Only that ghost's network can read it.
    Ghost(String),
}

/// A picture or file within the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaRef {
    /// Where it is: an `mxc:` or `https:` address.
    pub uri: String,
    /// What it shows, or its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alt: String,
}

impl Doc {
    /// How many levels of blocks and inline pieces parsers nest at most. What lies deeper is kept
    /// as content of the last level.
    pub const MAX_DEPTH: usize = 24;

    /// A document of plain text. Line feeds become breaks.
    pub fn text(text: &str) -> Self {
        Self::line(lines(text))
    }

    /// A document of one paragraph.
    pub fn line(content: Vec<Inline>) -> Self {
        if content.is_empty() {
            return Self::default();
        }
        Self { blocks: vec![Block::Paragraph(content)] }
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.blocks.iter().all(Block::is_empty)
    }

    /// The document as plain text, in the default style; see [`text::to_plain`].
    pub fn plain(&self) -> String {
        text::to_plain(self, &text::PlainStyle::default())
    }
}

impl From<Vec<Block>> for Doc {
    fn from(blocks: Vec<Block>) -> Self {
        Self { blocks }
    }
}

impl Block {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Paragraph(content) | Self::Heading { content, .. } => Inline::all_empty(content),
            Self::Code { text, .. } | Self::Maths(text) => text.is_empty(),
            Self::Quote(blocks) => blocks.iter().all(Self::is_empty),
            Self::List { items, .. } => items.iter().flatten().all(Self::is_empty),
            Self::Table { head, rows } => {
                head.iter().chain(rows.iter().flatten()).all(|cell| Inline::all_empty(cell))
            }
            Self::Rule => false,
        }
    }
}

impl Inline {
    /// A piece of plain text. It must hold no line feed; see [`Doc::text`].
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A link whose text is its own address.
    pub fn bare_link(url: &str) -> Self {
        Self::Link { url: url.to_owned(), content: vec![Self::text(url)] }
    }

    /// Whether there is nothing to show. A break alone shows nothing.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) | Self::Code(text) | Self::Maths(text) => text.is_empty(),
            Self::Break => true,
            Self::Emphasis(content)
            | Self::Strong(content)
            | Self::Strike(content)
            | Self::Underline(content)
            | Self::Colour { content, .. }
            | Self::Link { content, .. } => Self::all_empty(content),
            Self::Spoiler { .. } | Self::Mention(_) | Self::Emoji { .. } | Self::Media(_) => false,
        }
    }

    pub(crate) fn all_empty(content: &[Self]) -> bool {
        content.iter().all(Self::is_empty)
    }
}

/// Text as pieces of a paragraph: its lines with breaks between them.
pub(crate) fn lines(text: &str) -> Vec<Inline> {
    let mut content = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            content.push(Inline::Break);
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        if !line.is_empty() {
            content.push(Inline::text(line));
        }
    }
    content
}
