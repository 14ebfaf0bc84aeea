//! A document being read, from HTML or Markdown: open block elements.

mod line;

use html5ever::LocalName;

use self::line::Line;
pub(super) use self::line::Wrap;
use super::{Block, Doc, Inline};

/// Builds a document from start tags, end tags and text in any order.
pub(super) struct Builder {
    /// Open block elements. The first is the document itself and never closed.
    frames: Vec<Frame>,
    line: Line,
}

struct Frame {
    name: LocalName,
    kind: Kind,
}

enum Kind {
    /// Holds blocks.
    Document(Vec<Block>),
    Quote(Vec<Block>),
    Item(Vec<Block>),
    /// Holds items only.
    List {
        start: Option<u64>,
        items: Vec<Vec<Block>>,
    },
    /// Holds rows only.
    Table {
        head: Vec<Vec<Inline>>,
        rows: Vec<Vec<Vec<Inline>>>,
    },
    /// Holds cells only.
    Row {
        cells: Vec<Vec<Inline>>,
        is_head: bool,
    },
    /// Holds text only: blocks within it become lines.
    Cell {
        content: Vec<Inline>,
        is_head: bool,
    },
    Heading {
        level: u8,
        content: Vec<Inline>,
    },
}

impl Default for Builder {
    fn default() -> Self {
        let document = Frame { name: LocalName::from(""), kind: Kind::Document(Vec::new()) };
        Self { frames: vec![document], line: Line::default() }
    }
}

impl Builder {
    pub(super) fn text(&mut self, text: &str) {
        if !text.chars().all(|c| c.is_ascii_whitespace()) {
            self.accept_text();
        }
        self.line.text(text);
    }

    /// Adds text in which every space counts.
    pub(super) fn verbatim(&mut self, text: &str) {
        if !text.is_empty() {
            self.accept_text();
            self.line.verbatim(text);
        }
    }

    pub(super) fn inline(&mut self, inline: Inline) {
        self.accept_text();
        self.line.inline(inline);
    }

    pub(super) fn open_inline(&mut self, name: &LocalName, wraps: Vec<Wrap>) {
        if self.depth() + wraps.len().max(1) <= Doc::MAX_DEPTH {
            self.line.open(name, wraps);
        }
    }

    pub(super) fn close_inline(&mut self, name: &LocalName) {
        self.line.close(name);
    }

    /// Adds a block that is complete.
    pub(super) fn block(&mut self, block: Block) {
        self.flush();
        self.accept_text();
        self.attach(block);
    }

    pub(super) fn open_quote(&mut self, name: &LocalName) {
        self.open_block(name, Kind::Quote(Vec::new()));
    }

    pub(super) fn open_list(&mut self, name: &LocalName, start: Option<u64>) {
        self.open_block(name, Kind::List { start, items: Vec::new() });
    }

    pub(super) fn open_item(&mut self, name: &LocalName) {
        self.flush();
        if self.only_text() {
            return;
        }
        let scope = |frame: &Frame| {
            matches!(frame.kind, Kind::Item(_) | Kind::List { .. } | Kind::Table { .. })
        };
        let innermost = self.frames.iter().rposition(scope);
        if let Some(position) = innermost {
            match self.frames[position].kind {
                Kind::Item(_) => self.close_to(position),
                Kind::List { .. } => self.close_to(position + 1),
                _ => {}
            }
        }
        if !matches!(self.top(), Kind::List { .. }) {
            self.open_list(&LocalName::from("ul"), None);
        }
        if matches!(self.top(), Kind::List { .. }) {
            self.push(name, Kind::Item(Vec::new()));
        }
    }

    pub(super) fn open_heading(&mut self, name: &LocalName) {
        let level = name.bytes().nth(1).map_or(1, |digit| digit.saturating_sub(b'0'));
        self.close_heading();
        self.open_block(name, Kind::Heading { level, content: Vec::new() });
    }

    pub(super) fn open_table(&mut self, name: &LocalName) {
        self.open_block(name, Kind::Table { head: Vec::new(), rows: Vec::new() });
    }

    pub(super) fn open_row(&mut self, name: &LocalName) {
        self.flush();
        if let Some(table) = self.table() {
            self.close_to(table + 1);
            self.push(name, Kind::Row { cells: Vec::new(), is_head: true });
        }
    }

    pub(super) fn open_cell(&mut self, name: &LocalName) {
        self.flush();
        let Some(table) = self.table() else { return };
        self.close_to(table + 2);
        if matches!(self.top(), Kind::Table { .. }) {
            self.push(name, Kind::Row { cells: Vec::new(), is_head: true });
        }
        self.push(name, Kind::Cell { content: Vec::new(), is_head: &**name == "th" });
    }

    /// Ends the innermost element of this name, and what is open within it.
    pub(super) fn close(&mut self, name: &LocalName) {
        match &**name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.flush();
                self.close_heading();
            }
            "blockquote" | "ul" | "ol" | "li" | "table" | "tr" | "td" | "th" | "caption" => {
                self.flush();
                if let Some(position) = self.find(name) {
                    self.close_to(position);
                }
            }
            "p" | "div" | "details" | "summary" | "dl" | "dt" | "dd" | "section" | "article"
            | "center" | "figure" | "figcaption" | "address" | "header" | "footer" => self.flush(),
            _ => self.line.close(name),
        }
    }

    /// Ends the line; what stands on it becomes a paragraph, or a line of a cell or heading.
    pub(super) fn flush(&mut self) {
        let line = self.line.finish();
        if line.is_empty() {
            return;
        }
        self.accept_text();
        match self.top_mut() {
            Kind::Cell { content, .. } | Kind::Heading { content, .. } => {
                if !content.is_empty() {
                    content.push(Inline::Break);
                }
                content.extend(line);
            }
            _ => self.attach(Block::Paragraph(line)),
        }
    }

    pub(super) fn finish(mut self) -> Doc {
        self.flush();
        self.close_to(1);
        match self.frames.pop() {
            Some(Frame { kind: Kind::Document(blocks), .. }) => Doc { blocks },
            _ => Doc::default(),
        }
    }

    fn depth(&self) -> usize {
        self.frames.len() + self.line.depth()
    }

    fn top(&self) -> &Kind {
        &self.frames[self.frames.len() - 1].kind
    }

    fn top_mut(&mut self) -> &mut Kind {
        let top = self.frames.len() - 1;
        &mut self.frames[top].kind
    }

    fn only_text(&self) -> bool {
        matches!(self.top(), Kind::Cell { .. } | Kind::Heading { .. })
    }

    fn open_block(&mut self, name: &LocalName, kind: Kind) {
        self.flush();
        self.accept_text();
        // A list or table may need two more levels before it holds text.
        if !self.only_text() && self.depth() + 3 <= Doc::MAX_DEPTH {
            self.push(name, kind);
        }
    }

    fn push(&mut self, name: &LocalName, kind: Kind) {
        self.frames.push(Frame { name: name.clone(), kind });
    }

    /// Opens what must be between a list or table and text.
    fn accept_text(&mut self) {
        loop {
            let (name, kind) = match self.top() {
                Kind::List { .. } => ("li", Kind::Item(Vec::new())),
                Kind::Table { .. } => ("tr", Kind::Row { cells: Vec::new(), is_head: true }),
                Kind::Row { .. } => ("td", Kind::Cell { content: Vec::new(), is_head: false }),
                _ => return,
            };
            self.push(&LocalName::from(name), kind);
        }
    }

    /// The innermost table.
    fn table(&self) -> Option<usize> {
        self.frames.iter().rposition(|frame| matches!(frame.kind, Kind::Table { .. }))
    }

    /// The innermost open element of this name. A table hides what is around it.
    fn find(&self, name: &LocalName) -> Option<usize> {
        let part_of_table = matches!(&**name, "table" | "tr" | "td" | "th" | "caption");
        let first = if part_of_table { 1 } else { self.table().map_or(1, |table| table + 1) };
        let position = self.frames.get(first..)?.iter().rposition(|frame| frame.name == *name)?;
        Some(first + position)
    }

    fn close_heading(&mut self) {
        if matches!(self.top(), Kind::Heading { .. }) {
            self.flush();
            self.close_to(self.frames.len() - 1);
        }
    }

    /// Closes all frames from this position on.
    fn close_to(&mut self, position: usize) {
        while self.frames.len() > position.max(1) {
            let Some(frame) = self.frames.pop() else { return };
            match frame.kind {
                Kind::Quote(blocks) => self.attach(Block::Quote(blocks)),
                Kind::List { start, items } => self.attach(Block::List { start, items }),
                Kind::Table { head, rows } => self.attach(Block::Table { head, rows }),
                Kind::Heading { level, content } => self.attach(Block::Heading { level, content }),
                Kind::Item(blocks) => self.attach_item(blocks),
                Kind::Row { cells, is_head } => self.attach_row(cells, is_head),
                Kind::Cell { content, is_head } => self.attach_cell(content, is_head),
                Kind::Document(_) => {}
            }
        }
    }

    fn attach(&mut self, block: Block) {
        if block.is_empty() {
            return;
        }
        match self.top_mut() {
            Kind::Document(blocks) | Kind::Quote(blocks) | Kind::Item(blocks) => blocks.push(block),
            Kind::Cell { content, .. } | Kind::Heading { content, .. } => {
                let line = as_line(block);
                if !content.is_empty() && !line.is_empty() {
                    content.push(Inline::Break);
                }
                content.extend(line);
            }
            Kind::List { .. } | Kind::Table { .. } | Kind::Row { .. } => {}
        }
    }

    fn attach_item(&mut self, item: Vec<Block>) {
        if let Kind::List { items, .. } = self.top_mut() {
            items.push(item);
        }
    }

    fn attach_row(&mut self, cells: Vec<Vec<Inline>>, is_head: bool) {
        if let Kind::Table { head, rows } = self.top_mut() {
            let shows_something = cells.iter().any(|cell| !cell.is_empty());
            match (is_head && head.is_empty() && rows.is_empty(), shows_something) {
                (true, true) => *head = cells,
                (false, _) if !cells.is_empty() => rows.push(cells),
                _ => {}
            }
        }
    }

    fn attach_cell(&mut self, content: Vec<Inline>, cell_is_head: bool) {
        if let Kind::Row { cells, is_head } = self.top_mut() {
            *is_head &= cell_is_head;
            cells.push(content);
        }
    }
}

/// A block as part of a line, where there is room for no more.
fn as_line(block: Block) -> Vec<Inline> {
    match block {
        Block::Paragraph(content) | Block::Heading { content, .. } => content,
        Block::Code { text, .. } => vec![Inline::Code(text.replace('\n', " "))],
        Block::Maths(latex) => vec![Inline::Maths(latex)],
        Block::Quote(_) | Block::List { .. } | Block::Table { .. } | Block::Rule => Vec::new(),
    }
}
