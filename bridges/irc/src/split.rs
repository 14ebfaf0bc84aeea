//! Texts cut into lines that the network passes on whole.
//!
//! A server puts our mask before a line and cuts it at its limit, so the room for a text depends on
//! mask, command and target. Cuts fall on spaces, else between graphemes, else between characters;
//! never inside a formatting code, and styles that are on at a cut go on in the next piece.

use unicode_segmentation::UnicodeSegmentation;

use crate::{
    ctcp::ACTION_OVERHEAD,
    format::{self, Style},
    state::State,
};

#[cfg(test)]
mod tests;

/// Left free for what servers put in besides, such as the `@` of a status message.
const MARGIN: usize = 10;

/// The user and host that are assumed before we know how others see us.
const ASSUMED_USER_AND_HOST: usize = 20 + 63;

/// The least room for a text, however long mask and target are.
const LEAST: usize = 32;

/// Whether a text goes as it is or as an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Plain,
    /// Wrapped by [`ctcp::action`](crate::ctcp::action).
    Action,
}

/// How many bytes of text fit in one `command` to `target`.
pub fn budget(state: &State, command: &str, target: &str, form: Form) -> usize {
    let mask = state.mask_length().unwrap_or(state.nick.len() + 2 + ASSUMED_USER_AND_HOST);
    // `:mask command target :text` and the line end.
    let around = 1 + mask + 1 + command.len() + 1 + target.len() + 2 + 2;
    let action = match form {
        Form::Plain => 0,
        Form::Action => ACTION_OVERHEAD,
    };
    state.isupport.line_length().saturating_sub(around + action + MARGIN).max(LEAST)
}

/// Cuts a text at its line ends, and each line into pieces of at most `budget` bytes. Lines of nothing
/// but spaces are dropped; leading spaces stay, for the sake of code. Never more than needed are made:
/// the caller that has a limit asks with [`Iterator::take`].
pub fn pieces(text: &str, budget: usize) -> impl Iterator<Item = String> {
    let lines = text.split(['\n', '\r']).filter(|line| !format::strip(line).trim().is_empty());
    // Every line of a message stands alone, so that styles end with it.
    lines.flat_map(move |line| Pieces { rest: line, budget, style: Style::default() })
}

/// The pieces of one line.
struct Pieces<'a> {
    rest: &'a str,
    budget: usize,
    style: Style,
}

impl Iterator for Pieces<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        while !self.rest.is_empty() {
            let opened = format::open(self.style, self.rest);
            let room = self.budget.saturating_sub(opened.len()).max(1);
            let (piece, rest) = cut(self.rest, room);
            self.style = format::style_after(piece, self.style);
            self.rest = rest;
            if !format::strip(piece).trim().is_empty() {
                return Some(opened + piece);
            }
        }
        None
    }
}

/// The longest beginning of `text` within `room` that may stand alone, and what follows it.
fn cut(text: &str, room: usize) -> (&str, &str) {
    if text.len() <= room {
        return (text, "");
    }
    let hard = before_code(text, text.floor_char_boundary(room));
    let head = text.get(..hard).unwrap_or_default();
    if let Some((before, _)) = text.get(..=hard).unwrap_or(head).rsplit_once(' ')
        && !before.trim().is_empty()
    {
        return (before, text.get(before.len() + 1..).unwrap_or_default());
    }
    // Where the last grapheme begins that ends at the cut or beyond it.
    let mut boundaries = text.grapheme_indices(true).map(|(at, _)| at).take_while(|&at| at <= hard);
    let soft = boundaries.by_ref().last().map_or(0, |at| before_code(text, at));
    let first = text.chars().next().map_or(1, char::len_utf8);
    let at = [soft, hard].into_iter().find(|&at| at > 0).unwrap_or(first);
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// The cut moved to the front of the formatting code that it would fall into.
fn before_code(text: &str, at: usize) -> usize {
    let inside = format::tokens(text)
        .take_while(|(_, bytes)| bytes.start < at)
        .find(|(token, bytes)| !matches!(token, format::Token::Text(_)) && bytes.end > at);
    inside.map_or(at, |(_, bytes)| bytes.start)
}
