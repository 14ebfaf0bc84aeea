//! From the tree of a message to lines with codes.

use bridge_core::content::{
    Block, Doc, Inline, MediaRef, Rgb,
    text::{PlainStyle, inline_to_plain, says_address},
};

use super::{Attributes, Colour, Span, Style, nearest16, palette, render};

/// Which codes colours are written with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colours {
    /// The nearest of the 16 numbers that every client shows.
    #[default]
    Basic,
    /// The nearest of the 99 numbers.
    Extended,
    /// The value itself, by `\x04`.
    Rgb,
    /// Colours are left out, and hidden text with them.
    None,
}

/// The colour of hidden text, in front of itself.
const COVER: Style = Style {
    attributes: Attributes::NONE,
    foreground: Some(Colour::Number(1)),
    background: Some(Colour::Number(1)),
};

/// Writes a document as lines with codes, line feeds between them. Each line stands alone.
pub fn from_doc(doc: &Doc, colours: Colours) -> String {
    let mut lines = Lines { colours, done: Vec::new() };
    lines.blocks(&doc.blocks);
    let lines: Vec<String> = lines.done.iter().map(|line| render(line)).collect();
    lines.join("\n")
}

/// The lines of a document so far.
struct Lines {
    colours: Colours,
    done: Vec<Vec<Span>>,
}

impl Lines {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph(content) => self.run(content, Style::default()),
            Block::Heading { content, .. } => self.run(content, Style::of(Attributes::BOLD)),
            Block::Code { text, .. } => {
                for line in text.split('\n') {
                    self.done.push(vec![span(line, Style::of(Attributes::MONOSPACE))]);
                }
            }
            Block::Maths(text) => self.done.extend(text.split('\n').map(|line| vec![plain(line)])),
            Block::Quote(inner) => {
                let start = self.done.len();
                self.blocks(inner);
                for line in self.done.iter_mut().skip(start) {
                    line.insert(0, plain("> "));
                }
            }
            Block::List { start, items } => {
                for (number, item) in (start.unwrap_or(0)..).zip(items) {
                    let marker = start.map_or_else(|| "• ".to_owned(), |_| format!("{number}. "));
                    self.item(&marker, item);
                }
            }
            Block::Table { head, rows } => {
                let head = Some(head).filter(|head| !head.is_empty());
                if let Some(head) = head {
                    self.row(head, Style::of(Attributes::BOLD));
                }
                for row in rows {
                    self.row(row, Style::default());
                }
            }
            Block::Rule => self.done.push(vec![plain("---")]),
        }
    }

    fn item(&mut self, marker: &str, item: &[Block]) {
        let start = self.done.len();
        self.blocks(item);
        if self.done.len() == start {
            self.done.push(Vec::new());
        }
        let indent = " ".repeat(marker.chars().count());
        for (number, line) in self.done.iter_mut().skip(start).enumerate() {
            line.insert(0, plain(if number == 0 { marker } else { &indent }));
        }
    }

    fn row(&mut self, row: &[Vec<Inline>], style: Style) {
        let mut line = Vec::new();
        for (number, cell) in row.iter().enumerate() {
            if number > 0 {
                line.push(plain(" | "));
            }
            let mut cells = Runs { colours: self.colours, lines: vec![Vec::new()] };
            cells.run(cell, style);
            for (number, part) in cells.lines.into_iter().enumerate() {
                line.extend((number > 0).then(|| plain(" ")));
                line.extend(part);
            }
        }
        self.done.push(line);
    }

    fn run(&mut self, content: &[Inline], style: Style) {
        let mut runs = Runs { colours: self.colours, lines: vec![Vec::new()] };
        runs.run(content, style);
        self.done.append(&mut runs.lines);
    }
}

/// The lines of one run of inline pieces; never empty.
struct Runs {
    colours: Colours,
    lines: Vec<Vec<Span>>,
}

impl Runs {
    fn push(&mut self, text: &str, style: Style) {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.lines.push(Vec::new());
            }
            if let Some(last) = self.lines.last_mut().filter(|_| !line.is_empty()) {
                last.push(span(line, style));
            }
        }
    }

    fn run(&mut self, content: &[Inline], style: Style) {
        for inline in content {
            self.inline(inline, style);
        }
    }

    fn inline(&mut self, inline: &Inline, style: Style) {
        match inline {
            Inline::Text(text) | Inline::Maths(text) => self.push(text, style),
            Inline::Break => self.push("\n", style),
            Inline::Emphasis(content) => self.run(content, with(style, Attributes::ITALIC)),
            Inline::Strong(content) => self.run(content, with(style, Attributes::BOLD)),
            Inline::Strike(content) => self.run(content, with(style, Attributes::STRIKE)),
            Inline::Underline(content) => self.run(content, with(style, Attributes::UNDERLINE)),
            Inline::Colour { fg, bg, content } => {
                self.run(content, self.coloured(style, *fg, *bg));
            }
            Inline::Code(text) => self.push(text, with(style, Attributes::MONOSPACE)),
            Inline::Link { url, content } => self.link(url, content, style),
            Inline::Mention(mention) => self.push(&mention.label, style),
            Inline::Emoji { shortcode, .. } => self.push(&format!(":{shortcode}:"), style),
            Inline::Spoiler { reason, content } => self.spoiler(reason.as_deref(), content, style),
            Inline::Media(MediaRef { uri, alt }) if uri.starts_with("mxc:") => {
                self.push(alt, style);
            }
            Inline::Media(MediaRef { uri, alt }) => {
                self.link(uri, &[Inline::text(alt.as_str())], style);
            }
        }
    }

    /// The text as it is formatted, and the address behind it unless the text tells it.
    fn link(&mut self, url: &str, content: &[Inline], style: Style) {
        let label = inline_to_plain(content, &PlainStyle::default());
        if label.trim().is_empty() {
            return self.push(url, style);
        }
        if says_address(&label, url) {
            return self.push(if url.starts_with("http") { url } else { &label }, style);
        }
        self.run(content, style);
        self.push(&format!(" <{url}>"), style);
    }

    /// Hidden text has the colour of its ground: who selects it can read it.
    fn spoiler(&mut self, reason: Option<&str>, content: &[Inline], style: Style) {
        let sign = reason.map_or_else(|| "[spoiler]".to_owned(), |it| format!("[spoiler: {it}]"));
        self.push(&sign, style);
        if self.colours == Colours::None {
            return;
        }
        self.push(" ", style);
        let mut hidden = Runs { colours: Colours::None, lines: vec![Vec::new()] };
        hidden.run(content, Style::default());
        for (number, line) in hidden.lines.into_iter().enumerate() {
            let text: String = line.iter().map(|span| span.text.as_str()).collect();
            let feed = if number > 0 { "\n" } else { "" };
            self.push(feed, style);
            self.push(&text, COVER);
        }
    }

    fn coloured(&self, style: Style, fg: Option<Rgb>, bg: Option<Rgb>) -> Style {
        let colour = |Rgb(red, green, blue)| {
            let exact = Colour::Rgb(red, green, blue);
            match self.colours {
                Colours::None => None,
                Colours::Basic => Some(Colour::Number(nearest16(exact))),
                Colours::Extended => Some(Colour::Number(palette::nearest(exact))),
                Colours::Rgb => Some(exact),
            }
        };
        let foreground = fg.and_then(colour).or(style.foreground);
        let background = bg.and_then(colour).or(style.background);
        if foreground.is_some() && foreground == background {
            // Near colours that fall together would hide what is not meant to be hidden.
            return Style { foreground, background: None, ..style };
        }
        Style { foreground, background, ..style }
    }
}

fn with(style: Style, attribute: Attributes) -> Style {
    Style { attributes: style.attributes.with(attribute), ..style }
}

fn span(text: &str, style: Style) -> Span {
    Span { text: text.to_owned(), style }
}

fn plain(text: &str) -> Span {
    span(text, Style::default())
}

#[cfg(test)]
mod tests {
    use bridge_core::content::html;

    use super::*;

    fn from_html(html: &str) -> Doc {
        html::from_html(html, &html::HtmlContext::default())
    }

    fn written(html: &str) -> String {
        from_doc(&from_html(html), Colours::Basic)
    }

    #[test]
    fn each_format_has_its_code() {
        for (html, line) in [
            ("<b>a</b> <i>b</i>", "\u{2}a\u{f} \u{1d}b"),
            ("<u>a</u>|<del>b</del>|<code>c</code>", "\u{1f}a\u{f}|\u{1e}b\u{f}|\u{11}c"),
            ("<b>a<i>b</i></b>", "\u{2}a\u{1d}b"),
            (r##"<span data-mx-color="#ff0000">red</span> x"##, "\u{3}04red\u{f} x"),
            (
                r##"<span data-mx-color="#ff0000" data-mx-bg-color="#0000fc">5</span>"##,
                "\u{3}04,125",
            ),
            ("<h1>Title</h1>text", "\u{2}Title\ntext"),
            ("<ul><li>a</li><li><b>b</b></li></ul>", "• a\n• \u{2}b"),
            ("<ol start=\"3\"><li>a</li></ol>", "3. a"),
            ("<blockquote>a<br>b</blockquote>c", "> a\n> b\nc"),
            ("<pre><code>if x\n  y</code></pre>", "\u{11}if x\n\u{11}  y"),
            ("a<hr>b", "a\n---\nb"),
            (r#"<a href="https://a.b/c">here</a>"#, "here <https://a.b/c>"),
            (r#"<a href="https://a.b/c">https://a.b/c</a>"#, "https://a.b/c"),
            (
                "<table><thead><tr><th>a</th><th>b</th></tr></thead><tr><td>1</td><td>2</td></tr></table>",
                "\u{2}a\u{f} | \u{2}b\n1 | 2",
            ),
        ] {
            assert_eq!(written(html), line, "{html}");
        }
    }

    #[test]
    fn hidden_text_is_covered() {
        let html = r#"x <span data-mx-spoiler="film">he <b>dies</b></span> y"#;
        assert_eq!(written(html), "x [spoiler: film] \u{3}01,01he dies\u{f} y");
        let doc = from_html("<span data-mx-spoiler>he dies</span>");
        assert_eq!(from_doc(&doc, Colours::None), "[spoiler]");
        let black = r##"<span data-mx-color="#000001" data-mx-bg-color="#000002">a</span>"##;
        assert_eq!(written(black), "\u{3}01a", "only hidden text is covered");
    }

    #[test]
    fn colours_are_written_as_far_as_wanted() {
        let doc = from_html(r##"<font color="#ff9c9c">a</font>"##);
        assert_eq!(from_doc(&doc, Colours::Extended), "\u{3}76a");
        assert_eq!(from_doc(&doc, Colours::Rgb), "\u{4}FF9C9Ca");
        assert_eq!(from_doc(&doc, Colours::None), "a");
    }
}
