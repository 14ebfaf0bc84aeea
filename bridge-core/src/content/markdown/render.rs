//! From a document to Markdown.

use super::{
    Flavour, LineFeeds,
    escape::{self, Within},
    inline::{Writer, formula, longest_run},
};
use crate::content::{Block, Doc, Inline};

/// Writes a document as Markdown, without a final line feed.
///
/// The text survives; underlines and colours have no Markdown and are dropped.
pub fn to_markdown(doc: &Doc, flavour: &Flavour) -> String {
    let mut lines = Vec::new();
    Page { flavour }.blocks(&doc.blocks, Spacing::Loose, &mut lines);
    lines.join("\n")
}

struct Page<'a> {
    flavour: &'a Flavour,
}

/// What is between blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spacing {
    /// An empty line.
    Loose,
    /// An empty line, except between the text of an item and a list below it.
    Item,
}

impl Page<'_> {
    fn blocks(&self, blocks: &[Block], spacing: Spacing, out: &mut Vec<String>) {
        let mut previous: Option<&Block> = None;
        let mut neighbours = 0;
        for block in blocks.iter().filter(|block| !block.is_empty()) {
            if let Some(previous) = previous {
                let may_be_tight =
                    spacing == Spacing::Item && matches!(previous, Block::Paragraph(_));
                if !(may_be_tight && ends_paragraph(block)) {
                    out.push(String::new());
                }
            }
            neighbours = match (previous, block) {
                (Some(Block::List { .. }), Block::List { .. }) => neighbours + 1,
                _ => 0,
            };
            self.block(block, neighbours % 2 == 1, out);
            previous = Some(block);
        }
    }

    /// `is_second`: another mark for items tells a list from the one above it.
    fn block(&self, block: &Block, is_second: bool, out: &mut Vec<String>) {
        match block {
            Block::Paragraph(content) => self.paragraph(content, out),
            Block::Heading { level, content } => {
                let text = self.line(content, Within::Paragraph);
                let marks = "#".repeat(usize::from(*level).clamp(1, 6));
                out.push(match text.strip_suffix('#') {
                    Some(rest) => format!("{marks} {rest}\\#"),
                    None => format!("{marks} {text}"),
                });
            }
            Block::Code { lang, text } => code(lang.as_deref(), text, out),
            Block::Quote(inner) => {
                let mut lines = Vec::new();
                self.blocks(inner, Spacing::Loose, &mut lines);
                out.extend(lines.into_iter().map(|line| format!("> {line}").trim_end().to_owned()));
            }
            Block::List { start, items } => {
                // More than nine digits are no mark of an item.
                let first = start.filter(|start| *start < 1_000_000_000 - items.len() as u64);
                for (number, item) in (first.unwrap_or(1)..).zip(items) {
                    let mark = match (start, is_second) {
                        (None, false) => "- ".to_owned(),
                        (None, true) => "+ ".to_owned(),
                        (Some(_), false) => format!("{number}. "),
                        (Some(_), true) => format!("{number}) "),
                    };
                    self.item(&mark, item, out);
                }
            }
            Block::Table { head, rows } => self.table(head, rows, out),
            Block::Maths(latex) => match formula(latex, self.flavour) {
                Some((_, latex)) => out.push(format!("$${latex}$$")),
                None => code(Some("latex"), latex, out),
            },
            Block::Rule => out.push("***".to_owned()),
        }
    }

    fn paragraph(&self, content: &[Inline], out: &mut Vec<String>) {
        let text = Writer::new(self.flavour, Within::Paragraph).run(content);
        let mut lines: Vec<_> =
            text.trim().lines().map(|line| escape::line_start(line, self.flavour)).collect();
        if self.flavour.line_feeds == LineFeeds::Space {
            let last = lines.len().saturating_sub(1);
            lines[..last].iter_mut().for_each(|line| line.push('\\'));
        }
        out.append(&mut lines);
    }

    fn line(&self, content: &[Inline], within: Within) -> String {
        let text = Writer::new(self.flavour, within).run(content);
        text.trim().replace('\n', " ")
    }

    fn item(&self, mark: &str, item: &[Block], out: &mut Vec<String>) {
        let mut lines = Vec::new();
        self.blocks(item, Spacing::Item, &mut lines);
        if lines.is_empty() {
            out.push(mark.trim_end().to_owned());
        }
        let indent = " ".repeat(mark.len());
        out.extend(lines.into_iter().enumerate().map(|(number, line)| match number {
            0 => format!("{mark}{line}"),
            _ if line.is_empty() => line,
            _ => format!("{indent}{line}"),
        }));
    }

    fn table(&self, head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>], out: &mut Vec<String>) {
        let width = rows.iter().map(Vec::len).max().unwrap_or(0).max(head.len());
        out.push(self.row(head, width));
        out.push(format!("|{}", "---|".repeat(width)));
        out.extend(rows.iter().map(|row| self.row(row, width)));
    }

    fn row(&self, cells: &[Vec<Inline>], width: usize) -> String {
        let mut cells: Vec<_> = cells.iter().map(|cell| self.line(cell, Within::Table)).collect();
        cells.resize(width, String::new());
        format!("| {} |", cells.join(" | "))
    }
}

/// Whether a block ends the paragraph above it without an empty line: of lists, those that begin
/// with the number 1 or a bullet and have text there.
fn ends_paragraph(block: &Block) -> bool {
    match block {
        Block::List { start: None | Some(1), items } => {
            items.first().is_some_and(|item| !item.iter().all(Block::is_empty))
        }
        _ => false,
    }
}

/// A fenced block of code.
fn code(lang: Option<&str>, text: &str, out: &mut Vec<String>) {
    let fence = "`".repeat((longest_run(text, '`') + 1).max(3));
    let is_word = |c: char| c.is_alphanumeric() || "+-_.#".contains(c);
    let lang = lang.filter(|lang| lang.chars().all(is_word)).unwrap_or_default();
    out.push(format!("{fence}{lang}"));
    out.extend(text.split('\n').map(str::to_owned));
    out.push(fence);
}
