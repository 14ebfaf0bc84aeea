//! Markdown <-> [`Doc`](super::Doc).
//!
//! Reading follows CommonMark with tables, strikethrough and formulas; raw HTML is text. Writing
//! keeps the text whatever it holds: a format that Markdown cannot express at a place is dropped.

mod escape;
mod inline;
mod parse;
mod render;
#[cfg(test)]
mod tests;

pub use self::{parse::from_markdown, render::to_markdown};
use super::text::Spoilers;

/// A dialect of Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flavour {
    /// What a single line feed is.
    pub line_feeds: LineFeeds,
    /// How formulas are written.
    pub maths: Maths,
    /// The characters that a backslash can take the meaning from.
    pub escapable: &'static str,
    /// What stands for hidden text.
    pub spoilers: Spoilers,
}

/// What a single line feed within a paragraph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFeeds {
    /// A space, as in CommonMark.
    Space,
    /// The beginning of a new line, as chat networks have it.
    Break,
}

/// How formulas are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maths {
    /// Not at all: a formula goes as code, and `$` is money.
    None,
    /// Between `$$`, in a line or alone; a single `$` is money.
    DoubleDollar,
    /// Between `$` in a line and `$$` alone.
    Dollar,
}

impl Flavour {
    /// GitHub's dialect, with a new line where the text has one.
    pub const CHAT: Self = Self {
        line_feeds: LineFeeds::Break,
        maths: Maths::None,
        escapable: ASCII_PUNCTUATION,
        spoilers: Spoilers::Hidden,
    };

    /// CommonMark with GitHub's tables and strikethrough.
    pub const COMMONMARK: Self = Self { line_feeds: LineFeeds::Space, ..Self::CHAT };
}

const ASCII_PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
