//! Cutting one line.

use unicode_segmentation::UnicodeSegmentation as _;

use super::Codes;

pub(super) fn split<C: Codes>(
    mut line: &str,
    max_bytes: usize,
    codes: &C,
    state: &mut C::State,
    pieces: &mut Vec<String>,
) {
    while !line.is_empty() {
        let mut open = codes.open(state, line);
        if open.len() + codes.close(state).len() + LONGEST_CHAR > max_bytes {
            *state = C::State::default();
            open.clear();
        }
        let cut = Cut::find(line, max_bytes - open.len(), codes, state);
        let (content, rest) = line.split_at(cut.end);
        if cut.has_text {
            pieces.push(format!("{open}{content}{}", codes.close(&cut.state)));
        }
        *state = cut.state;
        // The space at which a line is cut belongs to neither piece.
        line = if rest.is_empty() { rest } else { &rest[cut.skip..] };
    }
}

pub(super) fn beginning(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    let limit = text.floor_char_boundary(max_bytes);
    if let Some(space) = text[..limit].rfind(char::is_whitespace).filter(|space| *space > 0) {
        return &text[..space];
    }
    let graphemes = text.grapheme_indices(true).map(|(start, _)| start);
    let end = graphemes.take_while(|start| *start <= limit).last().unwrap_or(0);
    &text[..if end == 0 { limit } else { end }]
}

/// The longest character of UTF-8: any piece has room for one.
const LONGEST_CHAR: usize = 4;

/// Where a line is cut.
struct Cut<S> {
    /// The end of the piece.
    end: usize,
    /// How much to leave out after it.
    skip: usize,
    /// What is switched on there.
    state: S,
    /// The piece has something to show.
    has_text: bool,
}

impl<S: Clone> Cut<S> {
    /// The best place for the end of a piece of at most `budget` bytes, closing codes included.
    fn find<C: Codes<State = S>>(line: &str, budget: usize, codes: &C, start: &S) -> Self {
        let mut at = Self { end: 0, skip: 0, state: start.clone(), has_text: false };
        let mut space = None;
        while at.end < line.len() {
            let rest = &line[at.end..];
            let code_len = codes.code_len(rest).min(rest.len());
            let mut next = at.state.clone();
            let token = if code_len > 0 {
                codes.apply(&mut next, &rest[..code_len]);
                &rest[..code_len]
            } else {
                grapheme(rest, codes)
            };
            if at.end + token.len() + codes.close(&next).len() > budget {
                return space.unwrap_or_else(|| at.or_chars(line, budget, codes, code_len));
            }
            let is_space = token.chars().all(char::is_whitespace);
            if is_space && at.has_text {
                space = Some(Self { skip: token.len(), state: next.clone(), ..at });
            }
            at = Self {
                end: at.end + token.len(),
                skip: 0,
                state: next,
                has_text: at.has_text || (code_len == 0 && !is_space),
            };
        }
        at
    }

    /// Here, unless nothing has been taken yet: then as many characters as fit, and at least one
    /// or, where a code is too long for a piece, nothing but the code left out.
    fn or_chars<C: Codes<State = S>>(
        self,
        line: &str,
        budget: usize,
        codes: &C,
        code_len: usize,
    ) -> Self {
        if self.end > 0 {
            return self;
        }
        if code_len > 0 {
            return Self { skip: code_len, ..self };
        }
        let room = budget.saturating_sub(codes.close(&self.state).len());
        let first = line.chars().next().map_or(0, char::len_utf8);
        Self { end: line.floor_char_boundary(room).max(first), has_text: true, ..self }
    }
}

/// The first grapheme of a text, or as much of it as stands before a code.
fn grapheme<'a, C: Codes>(text: &'a str, codes: &C) -> &'a str {
    let grapheme = text.graphemes(true).next().unwrap_or(text);
    let code = grapheme.char_indices().skip(1).find(|(at, _)| codes.code_len(&text[*at..]) > 0);
    code.map_or(grapheme, |(at, _)| &grapheme[..at])
}
