//! The beginning of a document.

#[cfg(test)]
mod tests;

use super::{Block, Doc, Inline, split, text};

impl Doc {
    /// As much of the document, from its beginning, as fits into one line of `max_bytes` when it
    /// is written as plain text.
    #[must_use]
    pub fn first_line(&self, max_bytes: usize) -> Self {
        let mut budget = max_bytes;
        loop {
            let mut taker = Taker { left: budget, full: false };
            let blocks = self.blocks.iter().find(|block| !block.is_empty());
            let start = Self { blocks: blocks.into_iter().map(|b| taker.block(b)).collect() };
            if budget == 0 || start.plain().len() <= max_bytes {
                return start;
            }
            // Marks and addresses count, too: try again with less text.
            budget -= (budget / 8).max(1);
        }
    }
}

/// Takes text until its bytes are used up or a line ends.
struct Taker {
    left: usize,
    full: bool,
}

impl Taker {
    /// The first line of a block.
    fn block(&mut self, block: &Block) -> Block {
        match block {
            Block::Paragraph(content) => Block::Paragraph(self.run(content)),
            Block::Heading { level, content } => {
                Block::Heading { level: *level, content: self.run(content) }
            }
            Block::Code { lang, text } => {
                let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                Block::Code { lang: lang.clone(), text: self.text(line).to_owned() }
            }
            Block::Quote(inner) => Block::Quote(self.blocks(inner)),
            Block::List { start, items } => Block::List {
                start: *start,
                items: items.iter().take(1).map(|item| self.blocks(item)).collect(),
            },
            Block::Table { head, rows } => {
                let first = Some(head).filter(|head| !head.is_empty()).or(rows.first());
                let cells = first.into_iter().flatten();
                let cells = cells.flat_map(|cell| [self.run(cell), vec![Inline::text(" ")]]);
                Block::Paragraph(cells.flatten().collect())
            }
            Block::Maths(latex) => Block::Maths(self.whole(latex).unwrap_or_default().to_owned()),
            Block::Rule => Block::Rule,
        }
    }

    fn blocks(&mut self, blocks: &[Block]) -> Vec<Block> {
        let first = blocks.iter().find(|block| !block.is_empty());
        first.into_iter().map(|block| self.block(block)).collect()
    }

    fn run(&mut self, content: &[Inline]) -> Vec<Inline> {
        let mut taken = Vec::new();
        let mut started = false;
        for inline in content {
            match inline {
                Inline::Break if started => self.full = true,
                Inline::Break => {}
                _ if self.full => break,
                inline => taken.extend(self.inline(inline)),
            }
            started = !taken.is_empty();
        }
        taken
    }

    fn inline(&mut self, inline: &Inline) -> Option<Inline> {
        Some(match inline {
            Inline::Text(text) => Inline::text(self.text(text)),
            Inline::Code(text) => Inline::Code(self.text(text).to_owned()),
            Inline::Emphasis(content) => Inline::Emphasis(self.run(content)),
            Inline::Strong(content) => Inline::Strong(self.run(content)),
            Inline::Strike(content) => Inline::Strike(self.run(content)),
            Inline::Underline(content) => Inline::Underline(self.run(content)),
            Inline::Colour { fg, bg, content } => {
                Inline::Colour { fg: *fg, bg: *bg, content: self.run(content) }
            }
            Inline::Spoiler { reason, content } => {
                Inline::Spoiler { reason: reason.clone(), content: self.run(content) }
            }
            whole => {
                let plain = text::inline_to_plain(
                    std::slice::from_ref(whole),
                    &text::PlainStyle::default(),
                );
                self.whole(&plain)?;
                whole.clone()
            }
        })
    }

    /// As much of a text as there is room for.
    fn text<'a>(&mut self, text: &'a str) -> &'a str {
        let start = split::beginning(text, self.left);
        self.full |= start.len() < text.len();
        self.left -= start.len();
        start
    }

    /// A text, if there is room for all of it.
    fn whole<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let fits = self.left >= text.len();
        if fits {
            self.left -= text.len();
        } else {
            self.full = true;
        }
        fits.then_some(text)
    }
}
