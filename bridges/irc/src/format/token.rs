//! A text with codes, token by token.

use std::ops::Range;

use super::{Attributes, Colour};

/// A piece of text or one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// Text without codes, never empty.
    Text(&'a str),
    /// Something is switched on or off.
    Toggle(Attributes),
    /// `\x0f`: everything ends.
    Reset,
    /// `\x03` or `\x04` alone: colours end.
    NoColours,
    /// Colours begin; 99 is the reader's own, which is `None`.
    Colours {
        /// The colour of the text.
        foreground: Option<Colour>,
        /// The colour behind the text, if the code names one.
        background: Option<Option<Colour>>,
    },
}

/// The tokens of a text with the bytes that each takes.
pub fn tokens(text: &str) -> impl Iterator<Item = (Token<'_>, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let (token, length) = next(rest)?;
        let start = at;
        at += length;
        Some((token, start..at))
    })
}

fn next(text: &str) -> Option<(Token<'_>, usize)> {
    let first = text.chars().next()?;
    let after = text.get(1..).unwrap_or_default();
    let toggle = Attributes::CODES.iter().find(|(_, code)| *code == first);
    Some(match (first, toggle) {
        ('\x0f', _) => (Token::Reset, 1),
        ('\x03', _) => colours(after, number),
        ('\x04', _) => colours(after, value),
        (_, Some(&(attribute, _))) => (Token::Toggle(attribute), 1),
        (_, None) => {
            let end = text.find(is_code).unwrap_or(text.len());
            (Token::Text(text.get(..end)?), end)
        }
    })
}

/// Whether a character begins a code.
pub(super) fn is_code(char: char) -> bool {
    matches!(char, '\x03' | '\x04' | '\x0f')
        || Attributes::CODES.iter().any(|(_, code)| *code == char)
}

type Read = fn(&str) -> Option<(Option<Colour>, usize)>;

/// A colour code behind its first byte: a comma belongs to it only before a second colour.
fn colours(after: &str, read: Read) -> (Token<'_>, usize) {
    let Some((foreground, length)) = read(after) else { return (Token::NoColours, 1) };
    let second = after.get(length..).and_then(|rest| rest.strip_prefix(',')).and_then(read);
    let background = second.map(|(colour, _)| colour);
    let length = 1 + length + second.map_or(0, |(_, length)| 1 + length);
    (Token::Colours { foreground, background }, length)
}

/// One or two digits.
fn number(text: &str) -> Option<(Option<Colour>, usize)> {
    let length = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let number = text.get(..length)?.parse().ok()?;
    Some(((number < 99).then_some(Colour::Number(number)), length))
}

/// Six hexadecimal digits.
fn value(text: &str) -> Option<(Option<Colour>, usize)> {
    let digits =
        text.get(..6).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = value.to_be_bytes();
    Some((Some(Colour::Rgb(red, green, blue)), 6))
}
