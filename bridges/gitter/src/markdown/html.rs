//! Blocks as HTML.

use std::fmt::Write;

use super::{
    block::{Item, Table, Token},
    inline::{Inlines, escape_all},
};

/// A whole message. One paragraph alone goes without its tags.
pub(super) fn document(tokens: &[Token], inlines: &mut Inlines<'_>) -> String {
    let mut html = Html { inlines, out: String::new(), paragraphs: 0 };
    html.blocks(tokens);
    let Html { out, paragraphs, .. } = html;
    let out = match paragraphs {
        1 => out.replacen(OPEN, "", 1).replacen(CLOSE, "", 1),
        _ => out,
    };
    out.replace(MARK, "")
}

// Tags of paragraphs, told from what people write by a sign that texts have lost.
const MARK: char = '\u{0}';
const OPEN: &str = "\u{0}<p>";
const CLOSE: &str = "\u{0}</p>";

struct Html<'a, 'b> {
    inlines: &'a mut Inlines<'b>,
    out: String,
    paragraphs: usize,
}

impl Html<'_, '_> {
    fn blocks(&mut self, tokens: &[Token]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            if let Token::Text(text) = token {
                let text = joined(text, tokens, &mut at);
                self.paragraph(&text);
            } else {
                self.block(token);
            }
        }
    }

    fn block(&mut self, token: &Token) {
        match token {
            Token::Paragraph(text) | Token::Text(text) => self.paragraph(text),
            Token::Heading { level, text } => {
                let text = self.inlines.render(text);
                let _ = writeln!(self.out, "<h{level}>{text}</h{level}>");
            }
            Token::Code { lang, text } => {
                let text = escape_all(text);
                let class = lang.as_ref().map(|lang| format!(" class=\"{}\"", escape_all(lang)));
                let class = class.unwrap_or_default();
                let _ = write!(self.out, "<pre><code{class}>{text}</code></pre>");
            }
            Token::Quote(tokens) => {
                self.out.push_str("<blockquote>\n");
                self.blocks(tokens);
                self.out.push_str("</blockquote>\n");
            }
            Token::List { is_ordered, items } => self.list(*is_ordered, items),
            Token::Table(table) => self.table(table),
            Token::Rule => self.out.push_str("<hr>\n"),
            Token::Space => {}
        }
    }

    fn paragraph(&mut self, text: &str) {
        let text = self.inlines.render(text);
        self.paragraphs += 1;
        let _ = write!(self.out, "{OPEN}{text}{CLOSE}");
    }

    fn list(&mut self, is_ordered: bool, items: &[Item]) {
        let tag = if is_ordered { "ol" } else { "ul" };
        let _ = writeln!(self.out, "<{tag}>");
        for item in items {
            self.out.push_str("<li>");
            if item.is_loose {
                self.blocks(&item.tokens);
            } else {
                self.tight(&item.tokens);
            }
            self.out.push_str("</li>\n");
        }
        let _ = writeln!(self.out, "</{tag}>");
    }

    /// An item whose lines are no paragraphs.
    fn tight(&mut self, tokens: &[Token]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            if let Token::Text(text) = token {
                let text = joined(text, tokens, &mut at);
                let text = self.inlines.render(&text);
                self.out.push_str(&text);
            } else {
                self.block(token);
            }
        }
    }

    fn table(&mut self, table: &Table) {
        self.out.push_str("<table>\n<thead>\n");
        self.row("th", &table.head, table);
        self.out.push_str("</thead>\n<tbody>\n");
        for row in &table.rows {
            self.row("td", row, table);
        }
        self.out.push_str("</tbody>\n</table>\n");
    }

    fn row(&mut self, tag: &str, cells: &[String], table: &Table) {
        self.out.push_str("<tr>\n");
        for (at, cell) in cells.iter().enumerate() {
            let cell = self.inlines.render(cell);
            let style = match table.align.get(at).copied().flatten() {
                Some(align) => format!(" style=\"text-align:{align}\""),
                None => String::new(),
            };
            let _ = writeln!(self.out, "<{tag}{style}>{cell}</{tag}>");
        }
        self.out.push_str("</tr>\n");
    }
}

/// Lines of text that follow one another are one text.
fn joined(first: &str, tokens: &[Token], at: &mut usize) -> String {
    let mut text = first.to_owned();
    while let Some(Token::Text(more)) = tokens.get(*at) {
        text.push('\n');
        text.push_str(more);
        *at += 1;
    }
    text
}
