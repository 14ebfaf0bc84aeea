//! Who is addressed in a line. Pure.
//!
//! Somebody is addressed by their nick as a word of its own. A nick that could be a word of
//! the language counts only where people address each other: `nick: …` and `nick, …` at the
//! beginning, `@nick` anywhere.

use std::ops::Range;

use bridge_core::content::{Doc, MentionTarget, mention};

use crate::casemap::{CaseMapping, Folded};

/// How many people one line addresses at most: whoever lists a whole channel calls nobody.
const MOST: usize = 5;

/// The shortest nick that counts in the middle of a line.
const SHORTEST: usize = 4;

/// Turns the nicks of those who are here into mentions. `find` tells who a nick is.
pub(crate) fn mark(
    doc: &mut Doc,
    casemap: CaseMapping,
    find: &dyn Fn(&Folded) -> Option<MentionTarget>,
) {
    let mut found = 0;
    let mut marked = doc.clone();
    mention::mark(&mut marked, &mut |text| {
        let place = words(text).find_map(|word| addressed(text, word, casemap, find))?;
        found += 1;
        Some(place)
    });
    if (1..=MOST).contains(&found) {
        *doc = marked;
    }
}

/// Runs of characters that nicks are made of.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + rest.find(is_part)?;
        let word = text.get(start..)?;
        let end = start + word.find(|char| !is_part(char)).unwrap_or(word.len());
        at = end;
        Some(start..end)
    })
}

fn is_part(char: char) -> bool {
    char.is_alphanumeric()
        || matches!(char, '[' | ']' | '\\' | '^' | '{' | '}' | '|' | '_' | '`' | '-')
}

fn addressed(
    text: &str,
    word: Range<usize>,
    casemap: CaseMapping,
    find: &dyn Fn(&Folded) -> Option<MentionTarget>,
) -> Option<mention::Addressed> {
    // `[alice]` and `alice-` address her too, unless they are nicks themselves.
    let whole = text.get(word.clone())?;
    let bare = whole.trim_matches(|char: char| !char.is_alphanumeric());
    let offset = whole.find(bare)?;
    let bare = word.start + offset..word.start + offset + bare.len();
    [word, bare].into_iter().find_map(|range| {
        let nick = text.get(range.clone())?;
        if nick.is_empty() || !counts(text, &range, nick) {
            return None;
        }
        let target = find(&casemap.fold(nick))?;
        let with_at = text.get(..range.start)?.ends_with('@');
        Some((range.start - usize::from(with_at)..range.end, target))
    })
}

/// Whether a nick at this place is an address and not a word.
fn counts(text: &str, range: &Range<usize>, nick: &str) -> bool {
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    let in_address =
        before.ends_with(['/', '.']) || before.ends_with('#') || after.starts_with("://");
    if in_address {
        return false;
    }
    if before.ends_with('@') {
        // `me@host` is an address of another kind.
        return !before.trim_end_matches('@').ends_with(char::is_alphanumeric);
    }
    let is_first = before.chars().all(|char| matches!(char, ' ' | ',' | ':' | '&'));
    if is_first && after.starts_with([':', ',']) {
        return true;
    }
    let is_no_word = nick.chars().any(|char| !char.is_alphabetic() && char != '-')
        && nick.chars().any(char::is_alphabetic);
    is_no_word && nick.len() >= SHORTEST && !after.starts_with('@')
}

#[cfg(test)]
mod tests {
    use bridge_core::content::Inline;

    use super::*;

    fn mentioned(text: &str) -> Vec<String> {
        let casemap = CaseMapping::Rfc1459;
        let here = ["alice", "ann[m]", "note", "bob_", "x1"].map(|nick| casemap.fold(nick));
        let find = |nick: &Folded| {
            here.contains(nick).then(|| MentionTarget::Ghost(nick.as_str().to_owned()))
        };
        let mut doc = Doc::text(text);
        mark(&mut doc, casemap, &find);
        assert_eq!(doc.plain(), text, "the words stay");
        let Some(bridge_core::content::Block::Paragraph(content)) = doc.blocks.first() else {
            return Vec::new();
        };
        content
            .iter()
            .filter_map(|inline| match inline {
                Inline::Mention(mention) => Some(mention.label.clone()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn who_is_addressed_is_found() {
        for (text, found) in [
            ("alice: hello", &["alice"][..]),
            ("Alice, hello", &["Alice"]),
            ("alice, ann[m]: hello", &["alice", "ann[m]"]),
            ("what does @alice say", &["@alice"]),
            ("thanks ann[m]!", &["ann[m]"]),
            ("thanks ANN{M}", &["ANN{M}"]),
            ("(bob_) said so", &["bob_"]),
            ("ann[m]'s idea", &["ann[m]"]),
        ] {
            assert_eq!(mentioned(text), found, "{text}");
        }
    }

    #[test]
    fn words_and_addresses_call_nobody() {
        for text in [
            "take note of alice in wonderland",
            "a note: this is nothing",
            "malice: no",
            "ann[m]x",
            "x1 is short",
            "https://example.org/bob_",
            "write to me@alice and bob_@example.org",
            "#bob_ is a channel",
            "nobody: hello",
        ] {
            assert_eq!(mentioned(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_list_of_everybody_calls_nobody() {
        assert_eq!(mentioned(&"ann[m] ".repeat(5)).len(), 5);
        assert_eq!(mentioned(&"ann[m] ".repeat(6)), [""; 0]);
    }
}
