//! Lists.

use super::{Blocks, Item, Level, Token};
use crate::markdown::lines::{bullet, definition, first_line, rule};

/// Reads the list that the text begins with.
pub(super) fn read<'a>(blocks: &mut Blocks, text: &'a str, depth: usize) -> (Token, &'a str) {
    let (indent, mark) = bullet(text).unwrap_or_default();
    let is_ordered = mark.len() > 1;
    let end = end_of(text, indent);
    let (whole, rest) = text.split_at(end);
    let found = items(whole, indent);
    let count = found.len();
    let mut next_is_loose = false;
    let mut items = Vec::with_capacity(count);
    for (number, item) in found.into_iter().enumerate() {
        let item = contents(item);
        let mut is_loose = next_is_loose || has_gap(&item);
        if number + 1 < count {
            next_is_loose = item.ends_with('\n');
            is_loose |= next_is_loose;
        }
        items.push(Item { is_loose, tokens: blocks.parse(&item, Level::Item, depth + 1) });
    }
    (Token::List { is_ordered, items }, rest)
}

/// Where the list ends: at a rule, a definition, or empty lines behind which no item follows.
fn end_of(text: &str, indent: usize) -> usize {
    let mut at = first_line(text).0.len();
    loop {
        let rest = &text[at..];
        if rest.trim().is_empty() {
            return text.len();
        }
        // `rest` begins with a line feed.
        let feeds = rest.len() - rest.trim_start_matches('\n').len();
        let following = &rest[feeds..];
        let is_item = bullet(following).is_some_and(|(other, _)| other == indent);
        let goes_on = match feeds {
            1 => true,
            2 => following.starts_with(' ') || is_item,
            _ => following.starts_with(' ') && !is_item,
        };
        if !goes_on || rule(following).is_some() || definition(following).is_some() {
            return at + feeds;
        }
        at += feeds + first_line(following).0.len();
    }
}

/// The items, each with its mark.
fn items(list: &str, indent: usize) -> Vec<&str> {
    let mut items = Vec::new();
    let mut start = 0;
    for (at, _) in list.match_indices('\n') {
        let following = &list[at + 1..];
        if bullet(following).is_some_and(|(other, _)| other == indent) {
            items.push(&list[start..at]);
            start = at + 1;
        }
    }
    items.push(&list[start..]);
    items
}

/// An item without its mark and its indentation.
fn contents(item: &str) -> String {
    let Some((indent, mark)) = bullet(item) else { return item.to_owned() };
    let bare = item[indent + mark.len()..].trim_start_matches(' ');
    let space = item.len() - bare.len();
    if !bare.contains("\n ") {
        return bare.to_owned();
    }
    let outdented = |line: &str| {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        line[spaces.min(space)..].to_owned()
    };
    bare.split('\n').map(outdented).collect::<Vec<_>>().join("\n")
}

/// Whether there is an empty line with something behind it.
fn has_gap(item: &str) -> bool {
    item.find("\n\n").is_some_and(|at| !item[at..].trim().is_empty())
}
