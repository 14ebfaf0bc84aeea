//! Cutting a rendered text into pieces that fit a network's messages or lines.
//!
//! Cuts are made at line feeds, else at the last space, else between graphemes, else between
//! characters; never within a character or a formatting code. Formatting that is active at a cut
//! is closed and opened again.

mod line;
#[cfg(test)]
mod tests;

/// A network's formatting codes, as far as cutting a text needs them.
pub trait Codes {
    /// What is switched on at a place of the text.
    type State: Clone + Default;

    /// How many bytes of a formatting code stand at the beginning of `text`; 0 if none does.
    /// They are never cut.
    fn code_len(&self, text: &str) -> usize;

    /// What is switched on after `code`, which [`Codes::code_len`] found.
    fn apply(&self, state: &mut Self::State, code: &str);

    /// The codes that switch on `state` where nothing is on, right before `next`.
    fn open(&self, state: &Self::State, next: &str) -> String;

    /// The codes that switch off `state` at the end of a piece; empty where its end does.
    fn close(&self, state: &Self::State) -> String;
}

/// Text without formatting codes.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCodes;

impl Codes for NoCodes {
    type State = ();

    fn code_len(&self, _text: &str) -> usize {
        0
    }

    fn apply(&self, _state: &mut (), _code: &str) {}

    fn open(&self, _state: &(), _next: &str) -> String {
        String::new()
    }

    fn close(&self, _state: &()) -> String {
        String::new()
    }
}

/// The smallest budget that is kept to; a smaller one is taken as this.
pub const MIN_BYTES: usize = 32;

/// Cuts a text into pieces of one line and at most `max_bytes` (at least [`MIN_BYTES`]) each.
///
/// Lines of white space and codes alone are left out; a line's indentation stays. Formatting goes
/// on from line to line. Where codes alone would fill a piece, it goes without them.
pub fn split<C: Codes>(text: &str, max_bytes: usize, codes: &C) -> Vec<String> {
    let mut state = C::State::default();
    let mut pieces = Vec::new();
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line::split(line, max_bytes.max(MIN_BYTES), codes, &mut state, &mut pieces);
    }
    pieces
}

/// Cuts a text into pieces of at most `max_bytes` (at least [`MIN_BYTES`]) that may have several
/// lines: at line feeds where a line fits, else as [`split`] does.
pub fn split_messages<C: Codes>(text: &str, max_bytes: usize, codes: &C) -> Vec<String> {
    let max_bytes = max_bytes.max(MIN_BYTES);
    let mut state = C::State::default();
    let mut messages: Vec<String> = Vec::new();
    let mut blank_lines = 0;
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut pieces = Vec::new();
        line::split(line, max_bytes, codes, &mut state, &mut pieces);
        if pieces.is_empty() {
            blank_lines += 1;
        }
        for (position, piece) in pieces.into_iter().enumerate() {
            let feeds = blank_lines + 1;
            match messages.last_mut() {
                Some(last) if position == 0 && last.len() + feeds + piece.len() <= max_bytes => {
                    last.push_str(&"\n".repeat(feeds));
                    last.push_str(&piece);
                }
                _ => messages.push(piece),
            }
            blank_lines = 0;
        }
    }
    messages
}

/// Cuts plain text into pieces; see [`split`].
pub fn split_plain(text: &str, max_bytes: usize) -> Vec<String> {
    split(text, max_bytes, &NoCodes)
}

/// The longest beginning of a text of at most `max_bytes`, ending at a space if there is one, else
/// between graphemes, else between characters.
pub fn beginning(text: &str, max_bytes: usize) -> &str {
    line::beginning(text, max_bytes)
}
