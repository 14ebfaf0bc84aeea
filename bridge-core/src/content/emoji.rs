//! Shortcodes (`:tada:`) <-> Unicode emoji, in text alone: never in code or links.
//!
//! The names are GitHub's. Custom emoji ([`Inline::Emoji`] with a picture) keep their shortcode.

#[cfg(test)]
mod tests;

use emojis::SkinTone;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Doc, Inline, walk::InLinks};

/// Turns known shortcodes into Unicode emoji.
///
/// A shortcode counts only as a word of its own: `10:30:45`, `a::b::c` and `x:smile:` stay.
pub fn to_unicode(doc: &mut Doc) {
    doc.for_each_run(InLinks::Skip, &mut |content| {
        for inline in content {
            match inline {
                Inline::Text(text) => *text = text_to_unicode(text),
                Inline::Emoji { shortcode, mxc: None } => {
                    if let Some(emoji) = by_shortcode(shortcode) {
                        *inline = Inline::text(emoji);
                    }
                }
                _ => {}
            }
        }
    });
}

/// Turns Unicode emoji into shortcodes, where they have one. Emoji with a skin tone stay, since
/// shortcodes have none.
pub fn to_shortcodes(doc: &mut Doc) {
    doc.for_each_run(InLinks::Skip, &mut |content| {
        for inline in content {
            if let Inline::Text(text) = inline {
                *text = text_to_shortcodes(text);
            }
        }
    });
}

/// The emoji of a shortcode without colons: `tada`.
pub fn by_shortcode(shortcode: &str) -> Option<&'static str> {
    emojis::get_by_shortcode(shortcode).map(emojis::Emoji::as_str)
}

/// The shortcode, without colons, of an emoji; for reactions, too.
pub fn shortcode(emoji: &str) -> Option<&'static str> {
    let found = emojis::get(emoji)?;
    let plain = found.skin_tone().is_none_or(|tone| tone == SkinTone::Default);
    // Signs such as © are text unless a variation selector says otherwise.
    let pictured = emoji.contains('\u{fe0f}') || emoji.starts_with(|c| c >= '\u{2600}');
    if plain && pictured { found.shortcode() } else { None }
}

/// Turns known shortcodes of a plain text into emoji.
pub fn text_to_unicode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(colon) = rest.find(':') {
        let (head, tail) = rest.split_at(colon);
        before = head.chars().next_back().or(before);
        out.push_str(head);
        let emoji = if before.is_some_and(is_word) { None } else { leading_emoji(tail) };
        let (replacement, len) = emoji.unwrap_or((":", 1));
        out.push_str(replacement);
        before = if len == 1 { Some(':') } else { None };
        rest = &tail[len..];
    }
    out.push_str(rest);
    out
}

/// Turns emoji of a plain text into shortcodes.
pub fn text_to_shortcodes(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for grapheme in text.graphemes(true) {
        match shortcode(grapheme) {
            Some(name) => {
                out.push(':');
                out.push_str(name);
                out.push(':');
            }
            None => out.push_str(grapheme),
        }
    }
    out
}

/// The emoji whose shortcode a text begins with, and the shortcode's length with its colons.
fn leading_emoji(text: &str) -> Option<(&'static str, usize)> {
    const LONGEST_NAME: usize = 64;
    let name = text.strip_prefix(':')?;
    let end = name.bytes().take(LONGEST_NAME).position(|byte| byte == b':')?;
    let after = name[end + 1..].chars().next();
    let emoji = by_shortcode(&name[..end])?;
    (!after.is_some_and(char::is_alphanumeric)).then_some((emoji, end + 2))
}

/// Whether a character before a shortcode makes it a part of something else.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == ':' || c == '/' || c == '_'
}
