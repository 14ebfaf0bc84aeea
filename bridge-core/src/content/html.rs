//! Matrix HTML <-> [`Doc`].
//!
//! The subset and the `data-mx-*` attributes are those of the Matrix client-server API, section
//! "m.room.message msgtypes". Reading is lenient, as browsers are, and never fails; writing uses
//! only what that section allows.

mod attribute;
mod parse;
mod render;
#[cfg(test)]
mod tests;

pub use self::render::{to_html, to_html_always};
use super::{Doc, mention::Mentions};

/// What is known about an event besides its HTML.
#[derive(Clone, Debug, Default)]
pub struct HtmlContext {
    /// `m.mentions` of the event: whether an `@room` in the text is meant.
    pub mentions: Mentions,
}

/// The longest HTML that is read, in bytes; what is beyond is cut off. An event cannot be longer.
const MAX_BYTES: usize = 64 * 1024;

/// Reads HTML.
///
/// Drops `mx-reply` with its content, scripts and styles; unknown elements count as their content.
/// Non-breaking spaces become spaces. The result is at most [`Doc::MAX_DEPTH`] levels deep.
pub fn from_html(html: &str, context: &HtmlContext) -> Doc {
    let html = &html[..html.floor_char_boundary(MAX_BYTES)];
    let mut doc = parse::parse(html);
    if context.mentions.room {
        super::mention::mark_room(&mut doc);
    }
    doc
}
