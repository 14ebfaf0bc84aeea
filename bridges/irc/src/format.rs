//! Formatting codes inside a text, by <https://modern.ircdocs.horse/formatting>.
//!
//! `\x02` bold, `\x1d` italic, `\x1f` underline, `\x1e` strike, `\x11` monospace and `\x16` reverse
//! switch on and off; `\x0f` ends everything; `\x03` and `\x04` set colours by number and by value.

use std::borrow::Cow;

pub(crate) use self::render::open;
pub use self::{
    from_doc::{Colours, from_doc},
    palette::{nearest16, rgb},
    render::render,
    style::{Attributes, Colour, Style},
    to_doc::to_doc,
    token::{Token, tokens},
};

mod from_doc;
mod palette;
mod render;
mod style;
#[cfg(test)]
mod tests;
mod to_doc;
mod token;

/// A piece of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text without codes, never empty.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// Takes a text apart into spans. Neighbours differ in style.
pub fn parse(text: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut style = Style::default();
    for (token, _) in tokens(text) {
        let Token::Text(text) = token else {
            style.apply(&token);
            continue;
        };
        match spans.last_mut() {
            Some(last) if last.style == style => last.text.push_str(text),
            _ => spans.push(Span { text: text.to_owned(), style }),
        }
    }
    spans
}

/// The text without its codes.
pub fn strip(text: &str) -> Cow<'_, str> {
    let mut tokens = tokens(text);
    match (tokens.next(), tokens.next()) {
        (None, _) => Cow::Borrowed(""),
        (Some((Token::Text(whole), _)), None) => Cow::Borrowed(whole),
        _ => {
            let texts = self::tokens(text).map(|(token, _)| match token {
                Token::Text(text) => text,
                _ => "",
            });
            Cow::Owned(texts.collect())
        }
    }
}

/// The style in force behind a text that began in `style`.
pub fn style_after(text: &str, mut style: Style) -> Style {
    tokens(text).for_each(|(token, _)| style.apply(&token));
    style
}
