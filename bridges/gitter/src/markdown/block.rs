//! Blocks: what stands on lines of its own.

mod list;
mod table;

use std::collections::HashMap;

use super::{
    MAX_DEPTH,
    lines::{
        bullet, definition, fence, fenced, first_line, heading, is_issue, is_quote, rule,
        skip_empty, underlined,
    },
};

/// A block; texts are not looked into yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Paragraph(String),
    /// A line within a list's item.
    Text(String),
    Heading {
        level: usize,
        text: String,
    },
    Code {
        lang: Option<String>,
        text: String,
    },
    Quote(Vec<Token>),
    List {
        is_ordered: bool,
        items: Vec<Item>,
    },
    Table(Table),
    Rule,
    /// Empty lines; they part lines of text.
    Space,
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Its lines are paragraphs.
    pub(super) is_loose: bool,
    pub(super) tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) align: Vec<Option<&'static str>>,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Where blocks stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Top,
    Item,
}

/// The blocks of a text, and the targets of links that it defines.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) links: HashMap<String, String>,
}

impl Blocks {
    pub(super) fn parse(&mut self, text: &str, level: Level, depth: usize) -> Vec<Token> {
        let text = without_blank_lines(text);
        let mut rest = text.as_str();
        let mut tokens = Vec::new();
        if depth > MAX_DEPTH + 1 {
            return vec![Token::Text(text.clone())];
        }
        while !rest.is_empty() {
            if rest.starts_with('\n') {
                let after = skip_empty(rest);
                if rest.len() - after.len() > 1 {
                    tokens.push(Token::Space);
                }
                rest = after;
                continue;
            }
            let (found, after) = self.next(rest, level, depth);
            tokens.extend(found);
            rest = after;
        }
        tokens
    }

    fn next<'a>(&mut self, text: &'a str, level: Level, depth: usize) -> (Vec<Token>, &'a str) {
        if let Some((code, rest)) = indented(text) {
            return (vec![Token::Code { lang: None, text: code }], rest);
        }
        if let Some((sign, lang, rest)) = fence(text)
            && let Some((code, rest)) = fenced(sign, rest)
        {
            let lang = lang.map(str::to_owned);
            return (vec![Token::Code { lang, text: code.to_owned() }], rest);
        }
        if let Some((depth, title, rest)) = heading(text).filter(|_| !is_issue(text)) {
            return (vec![Token::Heading { level: depth, text: title.to_owned() }], rest);
        }
        if let Some((table, rest)) = table::bare(text).filter(|_| level == Level::Top) {
            return (vec![Token::Table(table)], rest);
        }
        if let Some((depth, title, rest)) = underlined(text) {
            return (vec![Token::Heading { level: depth, text: title.to_owned() }], rest);
        }
        if let Some(rest) = rule(text) {
            return (vec![Token::Rule], rest);
        }
        if is_quote(text) {
            let (mut quoted, rest) = quote(text);
            if depth >= MAX_DEPTH {
                while is_quote(&quoted) {
                    quoted = quote(&quoted).0;
                }
                return (self.parse(&quoted, level, depth), rest);
            }
            return (vec![Token::Quote(self.parse(&quoted, level, depth + 1))], rest);
        }
        if bullet(text).is_some() {
            let (token, rest) = list::read(self, text, depth);
            return (vec![token], rest);
        }
        if level == Level::Item {
            let (line, _) = first_line(text);
            return (vec![Token::Text(line.to_owned())], &text[line.len()..]);
        }
        if let Some((name, url, rest)) = definition(text) {
            self.links.insert(name, url);
            return (Vec::new(), rest);
        }
        if let Some((table, rest)) = table::edged(text) {
            return (vec![Token::Table(table)], rest);
        }
        let (paragraph, rest) = paragraph(text);
        (vec![Token::Paragraph(paragraph.to_owned())], rest)
    }
}

/// Lines of spaces are empty.
fn without_blank_lines(text: &str) -> String {
    let line = |line: &'_ str| {
        if line.bytes().all(|byte| byte == b' ') { String::new() } else { line.to_owned() }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Code that is indented by four spaces.
fn indented(text: &str) -> Option<(String, &str)> {
    let mut code = String::new();
    let mut rest = text;
    while let Some(line) =
        rest.strip_prefix("    ").filter(|line| !line.is_empty() && !line.starts_with('\n'))
    {
        let (line, after) = first_line(line);
        let following = skip_empty(after);
        code.push_str(line);
        // The line feed itself, and those of empty lines.
        let feeds = usize::from(rest.contains('\n')) + after.len() - following.len();
        code.push_str(&"\n".repeat(feeds));
        rest = following;
    }
    if code.is_empty() {
        return None;
    }
    code.truncate(code.trim_end_matches('\n').len());
    Some((code, rest))
}

/// A quote without its signs, and what follows it. Lines without the sign belong to it until an
/// empty one.
fn quote(text: &str) -> (String, &str) {
    let mut rest = text;
    while is_quote(rest) {
        loop {
            let (_, after) = first_line(rest);
            rest = after;
            if rest.is_empty() || rest.starts_with('\n') {
                break;
            }
        }
        rest = skip_empty(rest);
    }
    let quoted = &text[..text.len() - rest.len()];
    let stripped = |line: &str| {
        let bare = line.trim_start_matches(' ');
        match bare.strip_prefix('>') {
            Some(bare) => bare.strip_prefix(' ').unwrap_or(bare).to_owned(),
            None => line.to_owned(),
        }
    };
    (quoted.split('\n').map(stripped).collect::<Vec<_>>().join("\n"), rest)
}

/// Lines until an empty one, or until something else begins.
fn paragraph(text: &str) -> (&str, &str) {
    let mut end = 0;
    loop {
        let (line, _) = first_line(&text[end..]);
        end += line.len();
        let Some(following) = text[end..].strip_prefix('\n') else { break };
        if following.is_empty() || following.starts_with('\n') || interrupts(following) {
            break;
        }
        end += 1;
    }
    (&text[..end], skip_empty(&text[end..]))
}

/// Whether a line ends the paragraph before it.
fn interrupts(text: &str) -> bool {
    heading(text).is_some()
        || underlined(text).is_some()
        || rule(text).is_some()
        || is_quote(text)
        || bullet(text).is_some()
        || definition(text).is_some()
        || fence(text).is_some_and(|(sign, _, rest)| fenced(sign, rest).is_some())
}
