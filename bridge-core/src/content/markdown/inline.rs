//! Pieces of a line as Markdown.

use std::fmt::Write as _;

use super::{
    Flavour, Maths,
    escape::{self, Within},
};
use crate::content::{Inline, MentionTarget, text::Spoilers};

/// Writes pieces of a line; `\n` stands for breaks.
pub(super) struct Writer<'a> {
    pub(super) flavour: &'a Flavour,
    pub(super) within: Within,
    /// Formats that are on already: Markdown cannot nest them.
    active: Vec<Format>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Emphasis,
    Strong,
    Strike,
}

impl<'a> Writer<'a> {
    pub(super) fn new(flavour: &'a Flavour, within: Within) -> Self {
        Self { flavour, within, active: Vec::new() }
    }

    pub(super) fn run(&mut self, content: &[Inline]) -> String {
        let mut out = String::new();
        self.pieces(content, None, &mut out);
        out
    }

    /// `after` is the character that follows the pieces, as far as it is known.
    fn pieces(&mut self, content: &[Inline], after: Option<char>, out: &mut String) {
        for (position, inline) in content.iter().enumerate() {
            let following = match content.get(position + 1) {
                None => after,
                Some(next) => Some(first_char(next)),
            };
            self.inline(inline, following, out);
        }
    }

    fn inline(&mut self, inline: &Inline, after: Option<char>, out: &mut String) {
        match inline {
            Inline::Text(text) => self.text(text, out),
            Inline::Break => out.push('\n'),
            Inline::Emphasis(content) => self.format(Format::Emphasis, content, after, out),
            Inline::Strong(content) => self.format(Format::Strong, content, after, out),
            Inline::Strike(content) => self.format(Format::Strike, content, after, out),
            Inline::Underline(content) | Inline::Colour { content, .. } => {
                self.pieces(content, after, out);
            }
            Inline::Code(text) => self.code(text, out),
            Inline::Link { url, content } => self.link(url, content, out),
            Inline::Mention(mention) => match &mention.target {
                MentionTarget::User(user) => {
                    let label = [Inline::text(mention.label.as_str())];
                    self.link(&user.matrix_to_uri().to_string(), &label, out);
                }
                MentionTarget::Ghost(_) if is_name(&mention.label) => out.push_str(&mention.label),
                _ => self.text(&mention.label, out),
            },
            Inline::Emoji { shortcode, .. } => self.text(&format!(":{shortcode}:"), out),
            Inline::Maths(latex) => match formula(latex, self.flavour) {
                Some((dollars, latex)) if !out.ends_with(['$', '\\']) => {
                    let _ = write!(out, "{dollars}{latex}{dollars}");
                }
                _ => self.code(latex, out),
            },
            Inline::Spoiler { reason, content } => {
                self.spoiler(reason.as_deref(), content, after, out);
            }
            Inline::Media(media) if self.within == Within::Link => self.text(&media.alt, out),
            Inline::Media(media) => {
                out.push_str("![");
                Writer::new(self.flavour, Within::Link).text(&media.alt, out);
                let _ = write!(out, "]({})", escape::destination(&media.uri));
            }
        }
    }

    fn text(&self, text: &str, out: &mut String) {
        escape::text(text, self.within, self.flavour, out);
    }

    /// A format, if Markdown can express it here: the signs must stand at the edge of words.
    fn format(
        &mut self,
        format: Format,
        content: &[Inline],
        after: Option<char>,
        out: &mut String,
    ) {
        if self.active.contains(&format) {
            return self.pieces(content, after, out);
        }
        self.active.push(format);
        let mut inner = String::new();
        self.pieces(content, Some('*'), &mut inner);
        self.active.pop();
        let inner = without_empty_lines(&inner);

        let text = inner.trim();
        let start = inner.len() - inner.trim_start().len();
        let (lead, trail) = (&inner[..start], &inner[start + text.len()..]);
        out.push_str(lead);
        let before = out.chars().next_back();
        let after = if trail.is_empty() { after } else { trail.chars().next() };
        let signs = signs(format, before, after);
        if text.is_empty() || !can_stand(signs, text, before, after) {
            // Without its signs the text has other neighbours than it was written for.
            out.truncate(out.len() - lead.len());
            return self.pieces(content, after, out);
        }
        out.push_str(signs);
        out.push_str(text);
        out.push_str(signs);
        out.push_str(trail);
    }

    fn code(&self, text: &str, out: &mut String) {
        let text = text.replace(['\n', '\r'], " ");
        if text.trim().is_empty() || (self.within == Within::Table && text.contains('|')) {
            return self.text(&text, out);
        }
        if out.ends_with('`') {
            out.push(' '); // two runs of backticks would be one
        }
        let fence = "`".repeat(longest_run(&text, '`') + 1);
        let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
        let _ = write!(out, "{fence}{pad}{text}{pad}{fence}");
    }

    fn link(&mut self, url: &str, content: &[Inline], out: &mut String) {
        if self.within == Within::Link {
            return self.pieces(content, Some('a'), out);
        }
        let label = Writer::new(self.flavour, Within::Link).run(content).replace('\n', " ");
        let label = label.trim();
        let is_bare = label.is_empty() || matches!(content, [Inline::Text(label)] if label == url);
        if is_bare && self.is_autolink(url) {
            let _ = write!(out, "<{url}>");
            return;
        }
        let mut label = label.to_owned();
        if label.is_empty() {
            escape::text(url, Within::Link, self.flavour, &mut label);
        }
        if self.within == Within::Table {
            label = label.replace('|', "\\|");
        }
        if out.ends_with('!') {
            // Before a link it would make an image.
            out.pop();
            out.push_str("\\!");
        }
        let _ = write!(out, "[{label}]({})", escape::destination(url));
    }

    /// Whether an address can stand between angle brackets as it is.
    fn is_autolink(&self, url: &str) -> bool {
        let may_be_formula = self.flavour.maths != Maths::None && url.contains('$');
        !may_be_formula && !url.contains(|c: char| c.is_whitespace() || "<>\\|".contains(c))
    }

    fn spoiler(
        &mut self,
        reason: Option<&str>,
        content: &[Inline],
        after: Option<char>,
        out: &mut String,
    ) {
        match (self.flavour.spoilers, reason) {
            (Spoilers::Hidden, None) => self.text("[spoiler]", out),
            (Spoilers::Hidden, Some(reason)) => self.text(&format!("[spoiler: {reason}]"), out),
            (Spoilers::Bars, reason) => {
                if let Some(reason) = reason {
                    self.text(&format!("({reason}) "), out);
                }
                out.push_str("||");
                self.pieces(content, Some('|').or(after), out);
                out.push_str("||");
            }
        }
    }
}

/// Within a format an empty line would end it.
fn without_empty_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let repeats = line.trim().is_empty() && line.ends_with('\n') && out.ends_with('\n');
        if !repeats {
            out.push_str(line);
        }
    }
    out
}

/// The signs of a format. `_` has a meaning only between words, `*` everywhere.
fn signs(format: Format, before: Option<char>, after: Option<char>) -> &'static str {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    match format {
        Format::Emphasis if is_edge(before) && is_edge(after) => "_",
        Format::Emphasis => "*",
        Format::Strong => "**",
        Format::Strike => "~~",
    }
}

/// Whether signs around a text open and close a format there (CommonMark, section 6.2).
fn can_stand(signs: &str, text: &str, before: Option<char>, after: Option<char>) -> bool {
    let is_sign = |c: char| signs.starts_with(c);
    let is_open = |c: char| c.is_whitespace() || is_punctuation(c);
    let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) else {
        return false;
    };
    !is_sign(first)
        && !is_sign(last)
        && !before.is_some_and(is_sign)
        && !after.is_some_and(is_sign)
        && (!is_punctuation(first) || before.is_none_or(is_open))
        && (!is_punctuation(last) || after.is_none_or(is_open))
}

fn is_punctuation(c: char) -> bool {
    // Symbols count, too; what is neither letter, digit nor space is one or the other.
    !c.is_alphanumeric() && !c.is_whitespace()
}

/// What the Markdown of a piece begins with: a letter where that is not known.
fn first_char(inline: &Inline) -> char {
    match inline {
        Inline::Text(text) => text.chars().next().unwrap_or('a'),
        Inline::Break => '\n',
        Inline::Code(_) => '`',
        Inline::Link { .. } => '[',
        _ => 'a',
    }
}

/// How a formula is written in a line, if it can be.
pub(super) fn formula<'a>(latex: &'a str, flavour: &Flavour) -> Option<(&'static str, &'a str)> {
    let dollars = match flavour.maths {
        Maths::None => return None,
        Maths::DoubleDollar => "$$",
        Maths::Dollar => "$",
    };
    let latex = latex.trim();
    let mut depth = 0_i32;
    let balanced = latex.chars().all(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth >= 0
    });
    let is_writable = balanced
        && depth == 0
        && !latex.is_empty()
        && !latex.contains(['$', '\n', '`', '|'])
        && !latex.ends_with('\\');
    is_writable.then_some((dollars, latex))
}

pub(super) fn longest_run(text: &str, c: char) -> usize {
    text.split(|other| other != c).map(str::len).max().unwrap_or(0)
}

fn is_name(label: &str) -> bool {
    label.chars().all(|c| c.is_ascii_alphanumeric() || "@_-.:/".contains(c))
}
