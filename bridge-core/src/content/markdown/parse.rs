//! From Markdown to a document.

use std::borrow::Cow;

use html5ever::LocalName;
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::{Flavour, LineFeeds, Maths};
use crate::content::{
    Block, Doc, Inline, MediaRef,
    build::{Builder, Wrap},
    link,
};

/// The longest Markdown that is read, in bytes; what is beyond is cut off.
const MAX_BYTES: usize = 64 * 1024;

/// Reads Markdown. The result is at most [`Doc::MAX_DEPTH`] levels deep.
///
/// Links to users of Matrix become mentions; links that may not be followed, their text.
pub fn from_markdown(text: &str, flavour: &Flavour) -> Doc {
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let (text, money) = match flavour.maths {
        Maths::DoubleDollar => hide_money(text),
        Maths::None | Maths::Dollar => (Cow::Borrowed(text), None),
    };
    let mut reader = Reader::new(flavour, money);
    for event in Parser::new_ext(&text, options(flavour)) {
        reader.event(event);
    }
    reader.builder.finish()
}

/// Puts another sign in the place of single dollars, since the parser takes them for formulas.
///
/// It is a punctuation mark, too, of a script that nobody writes; the first of three that the text
/// does not hold.
fn hide_money(text: &str) -> (Cow<'_, str>, Option<char>) {
    let sign = ['\u{10a7f}', '\u{1039f}', '\u{12470}'].into_iter().find(|c| !text.contains(*c));
    let Some(sign) = sign.filter(|_| text.contains('$')) else { return (text.into(), None) };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        let run = rest[start..].len() - rest[start..].trim_start_matches('$').len();
        out.push_str(&rest[..start]);
        match run {
            1 => out.push(sign),
            _ => out.push_str(&rest[start..start + run]),
        }
        rest = &rest[start + run..];
    }
    out.push_str(rest);
    (out.into(), Some(sign))
}

fn options(flavour: &Flavour) -> Options {
    let mut options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    options.set(Options::ENABLE_MATH, flavour.maths != Maths::None);
    options
}

struct Reader<'a> {
    flavour: &'a Flavour,
    builder: Builder,
    /// What stands for a single dollar in the text that is parsed.
    money: Option<char>,
    place: Place,
    in_table_head: bool,
    /// A formula that so far is alone in its paragraph.
    formula: Option<String>,
    at_paragraph_start: bool,
}

/// What text belongs to.
enum Place {
    Line,
    Code { lang: Option<String>, text: String },
    Image { depth: usize, uri: String, alt: String },
}

impl<'a> Reader<'a> {
    fn new(flavour: &'a Flavour, money: Option<char>) -> Self {
        Self {
            flavour,
            builder: Builder::default(),
            money,
            place: Place::Line,
            in_table_head: false,
            formula: None,
            at_paragraph_start: false,
        }
    }

    fn event(&mut self, event: Event<'_>) {
        if let Some(latex) = self.formula.take() {
            if matches!(event, Event::End(TagEnd::Paragraph)) {
                return self.builder.block(Block::Maths(latex));
            }
            self.builder.inline(Inline::Maths(latex));
        }
        let at_start = std::mem::take(&mut self.at_paragraph_start);
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Html(text) => self.html(&text),
            Event::Code(text) if matches!(self.place, Place::Line) => {
                self.builder.inline(Inline::Code(text_with_money(&text, self.money).into_owned()));
            }
            Event::Text(text) | Event::InlineHtml(text) | Event::Code(text) => self.text(&text),
            Event::DisplayMath(latex) if at_start => self.formula = Some(latex.trim().to_owned()),
            Event::InlineMath(latex) | Event::DisplayMath(latex) => self.maths(&latex),
            Event::SoftBreak if self.flavour.line_feeds == LineFeeds::Space => self.text(" "),
            Event::SoftBreak | Event::HardBreak => self.line_break(),
            Event::Rule => self.builder.block(Block::Rule),
            Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        if let Place::Image { depth, .. } = &mut self.place {
            *depth += usize::from(matches!(tag, Tag::Image { .. }));
            return;
        }
        let money = self.money;
        let shown = |text: &'_ str| text_with_money(text, money).into_owned();
        let builder = &mut self.builder;
        match tag {
            Tag::Paragraph => {
                builder.flush();
                self.at_paragraph_start = true;
            }
            Tag::Heading { level, .. } => builder.open_heading(&name(&level.to_string())),
            Tag::BlockQuote(_) => builder.open_quote(&name("blockquote")),
            Tag::CodeBlock(kind) => {
                let lang = match kind {
                    CodeBlockKind::Fenced(info) => {
                        let lang = info.split_ascii_whitespace().next();
                        lang.map(str::to_owned)
                    }
                    CodeBlockKind::Indented => None,
                };
                self.place = Place::Code { lang, text: String::new() };
            }
            Tag::List(start) => builder.open_list(&name("ul"), start),
            Tag::Item => builder.open_item(&name("li")),
            Tag::Table(_) => builder.open_table(&name("table")),
            Tag::TableHead => {
                builder.open_row(&name("tr"));
                self.in_table_head = true;
            }
            Tag::TableRow => builder.open_row(&name("tr")),
            Tag::TableCell => {
                builder.open_cell(&name(if self.in_table_head { "th" } else { "td" }));
            }
            Tag::Emphasis => builder.open_inline(&name("em"), vec![Wrap::Emphasis]),
            Tag::Strong => builder.open_inline(&name("strong"), vec![Wrap::Strong]),
            Tag::Strikethrough => builder.open_inline(&name("del"), vec![Wrap::Strike]),
            Tag::Link { link_type, dest_url, .. } => {
                let wraps = match link_type {
                    LinkType::Email => Wrap::of_link(&format!("mailto:{}", shown(&dest_url))),
                    _ => Wrap::of_link(&shown(&dest_url)),
                };
                builder.open_inline(&name("a"), wraps);
            }
            Tag::Image { dest_url, .. } => {
                let uri = shown(&dest_url);
                self.place = Place::Image { depth: 0, uri, alt: String::new() };
            }
            _ => builder.flush(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match (&mut self.place, tag) {
            (Place::Image { depth: 0, .. }, TagEnd::Image) => self.end_image(),
            (Place::Image { depth, .. }, TagEnd::Image) => *depth -= 1,
            (Place::Image { .. }, _) => {}
            (Place::Code { .. }, TagEnd::CodeBlock) => self.end_code(),
            (_, TagEnd::Heading(level)) => self.builder.close(&name(&level.to_string())),
            (_, TagEnd::BlockQuote(_)) => self.builder.close(&name("blockquote")),
            (_, TagEnd::List(_)) => self.builder.close(&name("ul")),
            (_, TagEnd::Item) => self.builder.close(&name("li")),
            (_, TagEnd::Table) => self.builder.close(&name("table")),
            (_, TagEnd::TableHead) => {
                self.builder.close(&name("tr"));
                self.in_table_head = false;
            }
            (_, TagEnd::TableRow) => self.builder.close(&name("tr")),
            (_, TagEnd::TableCell) => {
                self.builder.close(&name(if self.in_table_head { "th" } else { "td" }));
            }
            (_, TagEnd::Emphasis) => self.builder.close(&name("em")),
            (_, TagEnd::Strong) => self.builder.close(&name("strong")),
            (_, TagEnd::Strikethrough) => self.builder.close(&name("del")),
            (_, TagEnd::Link) => self.builder.close(&name("a")),
            _ => self.builder.flush(),
        }
    }

    fn text(&mut self, piece: &str) {
        let piece = &*text_with_money(piece, self.money);
        match &mut self.place {
            Place::Line => self.builder.verbatim(piece),
            Place::Code { text, .. } | Place::Image { alt: text, .. } => text.push_str(piece),
        }
    }

    /// Lines of raw HTML are shown as they are.
    fn html(&mut self, text: &str) {
        for line in text.lines() {
            self.text(line);
            self.line_break();
        }
    }

    fn line_break(&mut self) {
        match &mut self.place {
            Place::Line => self.builder.inline(Inline::Break),
            Place::Code { text, .. } => text.push('\n'),
            Place::Image { alt, .. } => alt.push(' '),
        }
    }

    fn maths(&mut self, latex: &str) {
        match self.place {
            Place::Line => {
                let latex = text_with_money(latex.trim(), self.money).into_owned();
                self.builder.inline(Inline::Maths(latex));
            }
            _ => self.text(latex),
        }
    }

    fn end_code(&mut self) {
        if let Place::Code { lang, mut text } = std::mem::replace(&mut self.place, Place::Line) {
            if text.ends_with('\n') {
                text.pop();
            }
            self.builder.block(Block::Code { lang, text });
        }
    }

    fn end_image(&mut self) {
        if let Place::Image { uri, alt, .. } = std::mem::replace(&mut self.place, Place::Line) {
            if link::is_web(&uri) || uri.starts_with("mxc://") {
                self.builder.inline(Inline::Media(MediaRef { uri, alt }));
            } else {
                self.builder.verbatim(&alt);
            }
        }
    }
}

/// A piece of the text with its single dollars.
fn text_with_money(text: &str, money: Option<char>) -> Cow<'_, str> {
    match money {
        Some(sign) if text.contains(sign) => text.replace(sign, "$").into(),
        _ => text.into(),
    }
}

fn name(name: &str) -> LocalName {
    LocalName::from(name)
}
