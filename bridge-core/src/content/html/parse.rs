//! From tokens to the calls that build a document.

use std::cell::RefCell;

use html5ever::{
    LocalName,
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
        states::RawKind,
    },
};

use super::attribute::{self, Image};
use crate::content::{
    Block, Doc, Inline,
    build::{Builder, Wrap},
};

pub(super) fn parse(html: &str) -> Doc {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    // The result only says whether a script waits to be run, which the sink never asks for.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.state.into_inner().finish()
}

#[derive(Default)]
struct Sink {
    state: RefCell<State>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                state.start(&tag);
                raw_kind(&tag.name).map_or(TokenSinkResult::Continue, TokenSinkResult::RawData)
            }
            Token::TagToken(tag) => {
                state.end(&tag.name);
                TokenSinkResult::Continue
            }
            Token::CharacterTokens(text) => {
                state.text(&text);
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}

/// How the tokenizer reads the content of an element that is no markup.
fn raw_kind(name: &LocalName) -> Option<RawKind> {
    match &**name {
        "script" => Some(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
        "title" | "textarea" => Some(RawKind::Rcdata),
        _ => None,
    }
}

#[derive(Default)]
struct State {
    builder: Builder,
    mode: Mode,
}

/// What happens to text.
#[derive(Default)]
enum Mode {
    /// It is shown.
    #[default]
    Flow,
    /// It is part of a block of preformatted text.
    Pre { depth: usize, lang: Option<String>, text: Preformatted },
    /// It is dropped, up to the end of this element.
    Skip { name: LocalName, depth: usize },
}

/// Text of a `pre`, `None` before its beginning: a line feed there does not count.
#[derive(Default)]
struct Preformatted(Option<String>);

impl Preformatted {
    fn push(&mut self, piece: &str) {
        match &mut self.0 {
            Some(text) => text.push_str(piece),
            None => self.0 = Some(piece.strip_prefix('\n').unwrap_or(piece).to_owned()),
        }
    }
}

impl State {
    fn start(&mut self, tag: &Tag) {
        match &mut self.mode {
            Mode::Skip { name, depth } => *depth += usize::from(*name == tag.name),
            Mode::Pre { depth, lang, text } => match &*tag.name {
                "pre" => *depth += 1,
                "br" => text.push("\n"),
                name => {
                    text.0.get_or_insert_default();
                    if name == "code" {
                        *lang = lang.take().or_else(|| attribute::language(tag));
                    }
                }
            },
            Mode::Flow => self.start_in_flow(tag),
        }
    }

    fn start_in_flow(&mut self, tag: &Tag) {
        let builder = &mut self.builder;
        match &*tag.name {
            "mx-reply" | "script" | "style" | "xmp" | "iframe" | "noembed" | "noframes"
            | "title" | "textarea" | "template" | "object" | "select" => self.skip(&tag.name),
            "pre" => {
                builder.flush();
                let lang = attribute::language(tag);
                self.mode = Mode::Pre { depth: 0, lang, text: Preformatted::default() };
            }
            "br" => builder.inline(Inline::Break),
            "hr" => builder.block(Block::Rule),
            "img" => match attribute::image(tag) {
                Some(Image::Piece(inline)) => builder.inline(inline),
                Some(Image::Text(text)) => builder.text(&text),
                None => {}
            },
            "div" | "span" if attribute::value(tag, "data-mx-maths").is_some() => {
                let latex = attribute::value(tag, "data-mx-maths").unwrap_or_default().to_owned();
                if &*tag.name == "div" {
                    builder.block(Block::Maths(latex));
                } else {
                    builder.inline(Inline::Maths(latex));
                }
                self.skip(&tag.name);
            }
            "p" | "div" | "details" | "summary" | "dl" | "dt" | "dd" | "section" | "article"
            | "center" | "figure" | "figcaption" | "address" | "header" | "footer" => {
                builder.flush();
            }
            "blockquote" => builder.open_quote(&tag.name),
            "ul" => builder.open_list(&tag.name, None),
            "ol" => builder.open_list(&tag.name, Some(attribute::list_start(tag))),
            "li" => builder.open_item(&tag.name),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => builder.open_heading(&tag.name),
            "table" => builder.open_table(&tag.name),
            "tr" => builder.open_row(&tag.name),
            "td" | "th" | "caption" => builder.open_cell(&tag.name),
            "a" => {
                builder.close_inline(&tag.name);
                builder.open_inline(&tag.name, attribute::anchor(tag));
            }
            name => {
                if let Some(wraps) = wraps_of(name, tag) {
                    builder.open_inline(&tag.name, wraps);
                }
            }
        }
    }

    fn skip(&mut self, name: &LocalName) {
        self.mode = Mode::Skip { name: name.clone(), depth: 0 };
    }

    fn end(&mut self, name: &LocalName) {
        match &mut self.mode {
            Mode::Skip { name: skipped, depth } if skipped == name => {
                if *depth == 0 {
                    self.mode = Mode::Flow;
                } else {
                    *depth -= 1;
                }
            }
            Mode::Pre { depth, .. } if &**name == "pre" => {
                if *depth == 0 {
                    self.end_pre();
                } else {
                    *depth -= 1;
                }
            }
            Mode::Skip { .. } | Mode::Pre { .. } => {}
            Mode::Flow => self.builder.close(name),
        }
    }

    fn end_pre(&mut self) {
        if let Mode::Pre { lang, text, .. } = std::mem::take(&mut self.mode) {
            let mut text = text.0.unwrap_or_default();
            if text.ends_with('\n') {
                text.pop();
            }
            self.builder.block(Block::Code { lang, text });
        }
    }

    fn text(&mut self, piece: &str) {
        match &mut self.mode {
            Mode::Skip { .. } => {}
            Mode::Pre { text, .. } => text.push(piece),
            Mode::Flow => self.builder.text(piece),
        }
    }

    fn finish(mut self) -> Doc {
        self.end_pre();
        self.builder.finish()
    }
}

/// What an inline element does to its content; `None` if it does nothing that is known.
fn wraps_of(name: &str, tag: &Tag) -> Option<Vec<Wrap>> {
    Some(match name {
        "em" | "i" | "cite" | "var" | "dfn" => vec![Wrap::Emphasis],
        "strong" | "b" => vec![Wrap::Strong],
        "del" | "s" | "strike" => vec![Wrap::Strike],
        "u" | "ins" => vec![Wrap::Underline],
        "code" | "tt" | "kbd" | "samp" => vec![Wrap::Code],
        "sup" => vec![Wrap::Superscript],
        "sub" => vec![Wrap::Subscript],
        "span" | "font" => attribute::span(tag),
        _ => return None,
    })
}
