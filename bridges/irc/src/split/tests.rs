use proptest::prelude::*;

use super::{Form, budget, pieces};
use crate::{format::strip, message::Message, state::State};

fn cut(text: &str, budget: usize) -> Vec<String> {
    pieces(text, budget).collect()
}

#[test]
fn the_budget_counts_what_others_get() {
    let mut state = State::new("alice");
    state.observe(&Message::parse(":s 001 alice :Welcome").unwrap());
    let assumed = budget(&state, "PRIVMSG", "#chan", Form::Plain);
    state.observe(&Message::parse(":alice!~al@host.example JOIN #chan").unwrap());
    let known = budget(&state, "PRIVMSG", "#chan", Form::Plain);
    assert!(assumed < known);
    let line = format!(":alice!~al@host.example PRIVMSG #chan :{}\r\n", "x".repeat(known));
    assert_eq!(line.len(), 512 - 10, "the line is full but for the margin");
    assert_eq!(budget(&state, "PRIVMSG", "#chan", Form::Action), known - 9);
    state.observe(&Message::parse(":s 005 alice LINELEN=2048 :are supported").unwrap());
    assert_eq!(budget(&state, "PRIVMSG", "#chan", Form::Plain), known + 2048 - 512);
    assert_eq!(budget(&state, "PRIVMSG", &"#".repeat(3000), Form::Plain), 32);
}

#[test]
fn lines_are_pieces_and_empty_ones_are_dropped() {
    assert_eq!(cut("one\ntwo\r\n\n  \n\x02\n  indented", 100), ["one", "two", "  indented"]);
    assert!(cut("\n \n", 100).is_empty());
}

#[test]
fn cuts_fall_on_the_last_space_that_fits() {
    assert_eq!(cut("one two three", 8), ["one two", "three"]);
    assert_eq!(cut("one two three", 7), ["one two", "three"]);
    assert_eq!(cut("one two three", 6), ["one", "two", "three"]);
    assert_eq!(cut("one  two", 4), ["one ", "two"]);
    assert_eq!(cut("    code", 6), ["    co", "de"], "indentation is no place to cut");
}

#[test]
fn long_words_are_cut_between_graphemes() {
    assert_eq!(cut("abcdefgh", 3), ["abc", "def", "gh"]);
    assert_eq!(cut("ééééé", 5), ["éé", "éé", "é"]);
    let family = "👨‍👩‍👧";
    assert_eq!(
        cut(&format!("ab{family}"), 10),
        ["ab", "👨\u{200d}", "👩\u{200d}", "👧"],
        "a grapheme too long gives way"
    );
    assert_eq!(cut(&format!("abcdefgh{family}"), family.len()), ["abcdefgh", family]);
    assert_eq!(cut("🦀🦀", 1), ["🦀", "🦀"], "a character is never cut");
}

#[test]
fn styles_go_on_in_the_next_piece_and_codes_are_not_cut() {
    assert_eq!(cut("\x02one two three\x02 four", 8), ["\x02one two", "\x02three\x02", "four"]);
    assert_eq!(cut("\x0304abcd", 5), ["\x0304ab", "\x0304cd"]);
    assert_eq!(cut("abcdef\x0304,05gh", 8), ["abcdef", "\x0304,05gh"]);
    assert_eq!(cut("abcdef\x02", 6), ["abcdef"], "codes alone are no piece");
    assert_eq!(cut("\x02a\nb", 9), ["\x02a", "b"], "a new line begins without style");
}

proptest! {
    #[test]
    fn pieces_fit_and_hold_the_whole_text(text in "([a-c\x02\x03 0-9é🦀\u{301}]|\\PC){0,80}", budget in 24..60_usize) {
        let found = cut(&text, budget);
        for piece in &found {
            prop_assert!(piece.len() <= budget, "{piece:?}");
            prop_assert!(!piece.is_empty());
        }
        let bare = |text: &str| strip(text).replace(' ', "");
        let joined: String = found.iter().map(|piece| bare(piece)).collect();
        let whole = bare(&text);
        prop_assert_eq!(joined, if whole.trim().is_empty() { String::new() } else { whole });
    }

    #[test]
    fn any_text_with_any_budget_is_cut_without_panic(text in any::<String>(), budget in 0..9_usize) {
        prop_assert!(pieces(&text, budget).count() <= text.len());
    }
}
