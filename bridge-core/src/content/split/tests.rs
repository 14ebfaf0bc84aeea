use proptest::prelude::*;

use super::*;

/// `{` switches on, `}` switches off, `}` at the end of a piece, too.
struct Braces;

impl Codes for Braces {
    type State = bool;

    fn code_len(&self, text: &str) -> usize {
        usize::from(text.starts_with(['{', '}']))
    }

    fn apply(&self, state: &mut bool, code: &str) {
        *state = code == "{";
    }

    fn open(&self, state: &bool, _next: &str) -> String {
        if *state { "{".to_owned() } else { String::new() }
    }

    fn close(&self, state: &bool) -> String {
        if *state { "}".to_owned() } else { String::new() }
    }
}

#[test]
fn lines_are_pieces_and_blank_ones_are_left_out() {
    assert_eq!(split_plain("a\n\n  b\r\n \t\nc", 100), ["a", "  b", "c"]);
    assert_eq!(split_plain("", 100), [""; 0]);
}

#[test]
fn a_long_line_is_cut_at_the_last_space() {
    let text = "the quick brown fox jumps over the lazy dog";
    assert_eq!(split_plain(text, 32), ["the quick brown fox jumps over", "the lazy dog"]);
}

#[test]
fn a_long_word_is_cut_between_graphemes_and_a_long_grapheme_between_characters() {
    let flags = "🇩🇪".repeat(5);
    assert_eq!(split_plain(&flags, 32), ["🇩🇪".repeat(4), "🇩🇪".to_owned()]);
    let zalgo = format!("a{}", "\u{301}".repeat(40));
    let pieces = split_plain(&zalgo, 32);
    assert_eq!(pieces.concat(), zalgo);
    assert!(pieces.iter().all(|piece| piece.len() <= 32));
}

#[test]
fn formatting_is_closed_and_opened_again() {
    let text = format!("x {{{} bold\nnext}} end", "a".repeat(28));
    assert_eq!(
        split(&text, 32, &Braces),
        ["x".to_owned(), format!("{{{}}}", "a".repeat(28)), "{bold}".into(), "{next} end".into()]
    );
}

#[test]
fn messages_keep_their_lines_as_far_as_they_fit() {
    let text = "one\n\ntwo\nthree is a line that is long enough\nfour";
    let messages = split_messages(text, 36, &NoCodes);
    assert_eq!(messages, ["one\n\ntwo", "three is a line that is long enough", "four"]);
    assert_eq!(split_messages("a {b\nc} d", 100, &Braces), ["a {b}\n{c} d"]);
}

#[test]
fn the_beginning_of_a_text_ends_at_a_space_or_between_graphemes() {
    for (text, max_bytes, start) in [
        ("short", 10, "short"),
        ("two words", 8, "two"),
        ("👨‍👩‍👧👨‍👩‍👧", 20, "👨‍👩‍👧"),
        ("👨‍👩‍👧", 5, "👨"),
        ("é", 1, ""),
    ] {
        assert_eq!(beginning(text, max_bytes), start);
    }
}

fn visible(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !['{', '}'].contains(c)).collect()
}

proptest! {
    #[test]
    fn pieces_fit_and_keep_the_text(
        text in "[a-z {}\n\u{e9}\u{301}\u{1f600}\u{1f1e9}\u{1f1ea}\u{200d}]{0,300}",
        max_bytes in 0..200usize,
    ) {
        for pieces in [split(&text, max_bytes, &Braces), split_plain(&text, max_bytes)] {
            for piece in &pieces {
                prop_assert!(piece.len() <= max_bytes.max(MIN_BYTES));
                prop_assert!(!piece.contains('\n') && !piece.trim().is_empty());
            }
            prop_assert_eq!(visible(&pieces.concat()), visible(&text));
        }
    }

    #[test]
    fn formatting_is_the_same_on_every_letter(text in "[a-z {}]{0,200}", max_bytes in 0..60usize) {
        let marked = |text: &str| {
            let mut on = false;
            let mut letters = Vec::new();
            for c in text.chars() {
                match c {
                    '{' | '}' => on = c == '{',
                    ' ' => {}
                    c => letters.push((c, on)),
                }
            }
            letters
        };
        let pieces: Vec<_> =
            split(&text, max_bytes, &Braces).iter().flat_map(|piece| marked(piece)).collect();
        prop_assert_eq!(pieces, marked(&text));
    }

    #[test]
    fn messages_fit_and_keep_the_text(
        text in "[a-z {}\n\u{e9}\u{1f600}]{0,300}",
        max_bytes in 0..200usize,
    ) {
        let messages = split_messages(&text, max_bytes, &Braces);
        for message in &messages {
            prop_assert!(message.len() <= max_bytes.max(MIN_BYTES));
        }
        prop_assert_eq!(visible(&messages.concat()), visible(&text));
    }

    #[test]
    fn a_beginning_is_one(text in "\\PC{0,40}", max_bytes in 0..60usize) {
        let start = beginning(&text, max_bytes);
        prop_assert!(start.len() <= max_bytes && text.starts_with(start));
    }
}
