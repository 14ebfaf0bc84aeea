//! Going through a document.

use std::ops::Range;

use super::{Block, Doc, Inline};

/// Places in a text, and what is put there.
pub(crate) type Found = Vec<(Range<usize>, Inline)>;

/// Whether a walk enters the texts of links.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum InLinks {
    Enter,
    Skip,
}

impl Doc {
    /// Calls `visit` with every run of inline pieces, outer ones first. Code holds no runs.
    pub(crate) fn for_each_run(&mut self, links: InLinks, visit: &mut dyn FnMut(&mut Vec<Inline>)) {
        blocks(&mut self.blocks, links, visit);
    }

    /// Calls `visit` with every inline piece, outer ones first.
    pub fn for_each_inline(&mut self, visit: &mut dyn FnMut(&mut Inline)) {
        self.for_each_run(InLinks::Enter, &mut |content| content.iter_mut().for_each(&mut *visit));
    }

    /// Calls `visit` with the address of every picture or file within the text.
    pub(crate) fn for_each_media(&mut self, visit: &mut dyn FnMut(&mut String)) {
        self.for_each_inline(&mut |inline| match inline {
            Inline::Media(media) => visit(&mut media.uri),
            Inline::Emoji { mxc: Some(mxc), .. } => visit(mxc),
            _ => {}
        });
    }

    /// Puts pieces in the place of parts of the text, outside code and links.
    ///
    /// `find` gets a text and returns ranges of it in order, none empty and none overlapping.
    pub(crate) fn replace_text(&mut self, find: &mut dyn FnMut(&str) -> Found) {
        self.for_each_run(InLinks::Skip, &mut |content| {
            let mut position = 0;
            while position < content.len() {
                let pieces = match &content[position] {
                    Inline::Text(text) => cut(text, find(text)),
                    _ => Vec::new(),
                };
                let count = pieces.len();
                if count > 0 {
                    content.splice(position..=position, pieces);
                }
                position += count.max(1);
            }
        });
    }
}

/// A text with pieces in the place of ranges; nothing if there are none.
fn cut(text: &str, found: Found) -> Vec<Inline> {
    let mut pieces = Vec::new();
    let mut done = 0;
    for (range, piece) in found {
        if let Some(before) = text.get(done..range.start) {
            pieces.extend((!before.is_empty()).then(|| Inline::text(before)));
            pieces.push(piece);
            done = range.end;
        }
    }
    let rest = text.get(done..).unwrap_or_default();
    if !pieces.is_empty() && !rest.is_empty() {
        pieces.push(Inline::text(rest));
    }
    pieces
}

fn blocks(list: &mut [Block], links: InLinks, visit: &mut dyn FnMut(&mut Vec<Inline>)) {
    for block in list {
        match block {
            Block::Paragraph(content) | Block::Heading { content, .. } => {
                run(content, links, visit);
            }
            Block::Quote(inner) => blocks(inner, links, visit),
            Block::List { items, .. } => {
                for item in items {
                    blocks(item, links, visit);
                }
            }
            Block::Table { head, rows } => {
                let cells = head.iter_mut().chain(rows.iter_mut().flatten());
                for cell in cells {
                    run(cell, links, visit);
                }
            }
            Block::Code { .. } | Block::Maths(_) | Block::Rule => {}
        }
    }
}

fn run(content: &mut Vec<Inline>, links: InLinks, visit: &mut dyn FnMut(&mut Vec<Inline>)) {
    visit(content);
    for inline in content {
        match inline {
            Inline::Emphasis(inner)
            | Inline::Strong(inner)
            | Inline::Strike(inner)
            | Inline::Underline(inner)
            | Inline::Colour { content: inner, .. }
            | Inline::Spoiler { content: inner, .. } => run(inner, links, visit),
            Inline::Link { content: inner, .. } if links == InLinks::Enter => {
                run(inner, links, visit);
            }
            Inline::Text(_)
            | Inline::Break
            | Inline::Code(_)
            | Inline::Link { .. }
            | Inline::Mention(_)
            | Inline::Emoji { .. }
            | Inline::Maths(_)
            | Inline::Media(_) => {}
        }
    }
}
