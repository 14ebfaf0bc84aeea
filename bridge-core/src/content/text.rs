//! A document as plain text.

#[cfg(test)]
mod tests;

use super::{Block, Doc, Inline};

/// How a document becomes plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlainStyle {
    /// What stands for hidden text.
    pub spoilers: Spoilers,
    /// What stands for links.
    pub links: Links,
}

/// What stands for hidden text. It is never shown without a sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spoilers {
    /// `[spoiler]` or `[spoiler: reason]`, without the text.
    #[default]
    Hidden,
    /// `||text||` or `(reason) ||text||`: for networks whose clients know to cover it.
    Bars,
}

/// What stands for links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// `text <url>`, or the address alone where the text says nothing else.
    #[default]
    Full,
    /// The text without the address, for names and short extracts.
    Label,
}

/// Renders a document as plain text, without a final line feed.
///
/// Lists get `• ` and `1. `, quotes `> `, the cells of a table ` | ` between them.
pub fn to_plain(doc: &Doc, style: &PlainStyle) -> String {
    let mut lines = Vec::new();
    style.blocks(&doc.blocks, &mut lines);
    lines.join("\n")
}

/// Renders pieces of a line as plain text; breaks become line feeds.
pub fn inline_to_plain(content: &[Inline], style: &PlainStyle) -> String {
    let mut out = String::new();
    style.run(content, &mut out);
    out
}

/// Whether the text of a link tells its address, so that one of them is enough.
pub fn says_address(label: &str, url: &str) -> bool {
    fn bare(address: &str) -> &str {
        let address = ["mailto:", "tel:", "https://", "http://"]
            .iter()
            .find_map(|scheme| address.strip_prefix(scheme))
            .unwrap_or(address);
        address.strip_suffix('/').unwrap_or(address)
    }
    label.is_empty() || bare(label) == bare(url)
}

impl PlainStyle {
    fn blocks(self, blocks: &[Block], out: &mut Vec<String>) {
        let mut after_paragraph = false;
        for block in blocks {
            let is_paragraph = matches!(block, Block::Paragraph(_));
            if after_paragraph && is_paragraph {
                out.push(String::new());
            }
            after_paragraph = is_paragraph;
            self.block(block, out);
        }
    }

    fn block(self, block: &Block, out: &mut Vec<String>) {
        match block {
            Block::Paragraph(content) | Block::Heading { content, .. } => {
                push_lines(&inline_to_plain(content, &self), out);
            }
            Block::Code { text, .. } | Block::Maths(text) => push_lines(text, out),
            Block::Quote(inner) => {
                let mut lines = Vec::new();
                self.blocks(inner, &mut lines);
                out.extend(lines.into_iter().map(|line| match line.as_str() {
                    "" => ">".to_owned(),
                    line => format!("> {line}"),
                }));
            }
            Block::List { start, items } => {
                for (number, item) in (start.unwrap_or(0)..).zip(items) {
                    let marker = start.map_or_else(|| "• ".to_owned(), |_| format!("{number}. "));
                    self.item(&marker, item, out);
                }
            }
            Block::Table { head, rows } => {
                let head = Some(head).filter(|head| !head.is_empty());
                out.extend(head.into_iter().chain(rows).map(|row| self.row(row)));
            }
            Block::Rule => out.push("---".to_owned()),
        }
    }

    fn item(self, marker: &str, item: &[Block], out: &mut Vec<String>) {
        let mut lines = Vec::new();
        self.blocks(item, &mut lines);
        if lines.is_empty() {
            out.push(marker.trim_end().to_owned());
        }
        let indent = " ".repeat(marker.chars().count());
        out.extend(lines.into_iter().enumerate().map(|(number, line)| match number {
            0 => format!("{marker}{line}"),
            _ if line.is_empty() => line,
            _ => format!("{indent}{line}"),
        }));
    }

    fn row(self, row: &[Vec<Inline>]) -> String {
        let cells: Vec<_> =
            row.iter().map(|cell| inline_to_plain(cell, &self).replace('\n', " ")).collect();
        cells.join(" | ")
    }

    fn run(self, content: &[Inline], out: &mut String) {
        for inline in content {
            self.inline(inline, out);
        }
    }

    fn inline(self, inline: &Inline, out: &mut String) {
        match inline {
            Inline::Text(text) | Inline::Code(text) | Inline::Maths(text) => out.push_str(text),
            Inline::Break => out.push('\n'),
            Inline::Emphasis(content)
            | Inline::Strong(content)
            | Inline::Strike(content)
            | Inline::Underline(content)
            | Inline::Colour { content, .. } => self.run(content, out),
            Inline::Link { url, content } => {
                self.link(&inline_to_plain(content, &self), url, out);
            }
            Inline::Mention(mention) => out.push_str(&mention.label),
            Inline::Emoji { shortcode, .. } => {
                out.push(':');
                out.push_str(shortcode);
                out.push(':');
            }
            Inline::Spoiler { reason, content } => self.spoiler(reason.as_deref(), content, out),
            Inline::Media(media) if media.uri.starts_with("mxc:") => out.push_str(&media.alt),
            Inline::Media(media) => self.link(&media.alt, &media.uri, out),
        }
    }

    fn link(self, label: &str, url: &str, out: &mut String) {
        let label = if label.trim().is_empty() { "" } else { label };
        match self.links {
            Links::Label if !label.is_empty() => out.push_str(label),
            _ if says_address(label, url) => {
                out.push_str(if label.is_empty() || url.starts_with("http") { url } else { label });
            }
            _ => {
                out.push_str(label);
                out.push_str(" <");
                out.push_str(url);
                out.push('>');
            }
        }
    }

    fn spoiler(self, reason: Option<&str>, content: &[Inline], out: &mut String) {
        match (self.spoilers, reason) {
            (Spoilers::Hidden, None) => out.push_str("[spoiler]"),
            (Spoilers::Hidden, Some(reason)) => {
                out.push_str("[spoiler: ");
                out.push_str(reason);
                out.push(']');
            }
            (Spoilers::Bars, reason) => {
                if let Some(reason) = reason {
                    out.push('(');
                    out.push_str(reason);
                    out.push_str(") ");
                }
                out.push_str("||");
                self.run(content, out);
                out.push_str("||");
            }
        }
    }
}

fn push_lines(text: &str, out: &mut Vec<String>) {
    out.extend(text.split('\n').map(str::to_owned));
}
