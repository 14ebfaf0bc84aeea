//! Text that Markdown shows as it is.

use std::fmt::Write as _;

use super::{Flavour, Maths};

/// Where a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Paragraph,
    Link,
    Table,
}

/// Escapes what has a meaning within a line. A line feed becomes a space.
pub(super) fn text(text: &str, within: Within, flavour: &Flavour, out: &mut String) {
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end_matches(char::is_whitespace);
        let is_address = ["https://", "http://"].iter().any(|scheme| bare.starts_with(scheme));
        let may_be_formula = flavour.maths != Maths::None && bare.contains('$');
        let is_address = is_address && within != Within::Link && !may_be_formula;
        if is_address && !bare.contains(['<', '>', '|', '\\']) {
            address(bare, out);
        } else {
            escape(bare, word[bare.len()..].chars().next(), within, flavour, out);
        }
        out.push_str(&word[bare.len()..].replace(['\n', '\r', '\t'], " "));
    }
}

/// An address within text: between angle brackets if Markdown would see a format in it.
fn address(url: &str, out: &mut String) {
    if url.contains(['*', '_', '~', '`', '[', ']', '&']) {
        out.push('<');
        out.push_str(url);
        out.push('>');
    } else {
        out.push_str(url);
    }
}

/// `after` is the space after the word; without one, what follows is not known.
fn escape(word: &str, after: Option<char>, within: Within, flavour: &Flavour, out: &mut String) {
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().or(after);
        let before = out.chars().next_back();
        let is_special = match c {
            '`' | '*' | '[' | ']' | '~' => true,
            '\\' => next.is_none_or(|next| next.is_ascii_punctuation() || next.is_whitespace()),
            '_' => {
                !(before.is_some_and(char::is_alphanumeric)
                    && next.is_some_and(char::is_alphanumeric))
            }
            '<' => next.is_none_or(|next| next.is_ascii_alphabetic() || "/!?".contains(next)),
            '&' => next.is_none_or(|next| next.is_ascii_alphabetic() || next == '#'),
            '|' => within == Within::Table,
            '$' => flavour.maths == Maths::Dollar,
            _ => false,
        };
        if c == '\0' {
            continue;
        }
        if c == '$' && flavour.maths == Maths::DoubleDollar && before == Some('$') {
            // Nothing escapes a dollar where only two have a meaning: keep them apart.
            out.push('\u{200b}');
        }
        if is_special && flavour.escapable.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
}

/// Takes the meaning from what stands at the beginning of a line.
pub(super) fn line_start(line: &str, flavour: &Flavour) -> String {
    let line = line.trim_matches([' ', '\t']);
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    let ends_word = |text: &str| text.is_empty() || text.starts_with([' ', '\t']);
    let is_marker = |text: &str, marks: &[char]| text.strip_prefix(marks).is_some_and(ends_word);
    // Alone on a line these underline a heading, part a table from its head, or are a rule.
    let is_line = line.contains(['-', '=']) && line.chars().all(|c| "-=:| ".contains(c));
    let position = if (1..=9).contains(&digits) && is_marker(rest, &['.', ')']) {
        digits
    } else if line.starts_with(['#', '>']) || is_marker(line, &['-', '+']) || is_line {
        0
    } else {
        return line.to_owned();
    };
    let escaped = line[position..].chars().next().is_some_and(|c| flavour.escapable.contains(c));
    let backslash = if escaped { "\\" } else { "" };
    format!("{}{backslash}{}", &line[..position], &line[position..])
}

/// The destination of a link.
pub(super) fn destination(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            ' ' | '(' | ')' | '<' | '>' | '\\' | '`' | '|' | '$' => {
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            '&' => out.push_str("&amp;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
