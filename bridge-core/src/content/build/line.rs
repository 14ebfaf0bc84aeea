//! One line being read: open inline elements and white space.

use html5ever::LocalName;
use ruma::OwnedUserId;

use crate::content::{
    Inline, Mention, MentionTarget, Rgb, link, mention, script,
    text::{Links, PlainStyle, inline_to_plain},
};

/// What an element does to its content.
#[derive(Clone)]
pub(in crate::content) enum Wrap {
    Emphasis,
    Strong,
    Strike,
    Underline,
    Superscript,
    Subscript,
    Code,
    Colour { fg: Option<Rgb>, bg: Option<Rgb> },
    Spoiler { reason: Option<String> },
    Link { url: String },
    Mention { user: OwnedUserId },
}

impl Wrap {
    /// The mention or link that an address makes; nothing where it may not be followed.
    pub(in crate::content) fn of_link(url: &str) -> Vec<Self> {
        match mention::user_of_link(url) {
            Some(user) => vec![Self::Mention { user }],
            None if link::is_safe(url) => vec![Self::Link { url: url.to_owned() }],
            None => Vec::new(),
        }
    }
}

/// An inline element whose end is yet to come.
struct Open {
    name: LocalName,
    wraps: Vec<Wrap>,
    content: Vec<Inline>,
}

/// The pieces of a line so far.
pub(super) struct Line {
    root: Vec<Inline>,
    open: Vec<Open>,
    /// White space was read that counts only if something follows on this line.
    space_pending: bool,
    /// The line is empty or ends with a space, so white space does not count.
    swallow_space: bool,
}

impl Default for Line {
    fn default() -> Self {
        Self { root: Vec::new(), open: Vec::new(), space_pending: false, swallow_space: true }
    }
}

impl Line {
    /// How many levels of inline pieces the next piece would be under.
    pub(super) fn depth(&self) -> usize {
        self.open.iter().map(|open| open.wraps.len().max(1)).sum()
    }

    pub(super) fn open(&mut self, name: &LocalName, wraps: Vec<Wrap>) {
        if !wraps.is_empty() && self.space_pending {
            // The space belongs before the element, not into it.
            self.flush_space();
            self.swallow_space = true;
        }
        self.open.push(Open { name: name.clone(), wraps, content: Vec::new() });
    }

    /// Ends the innermost element of this name. Elements opened within it go on after it.
    pub(super) fn close(&mut self, name: &LocalName) {
        let Some(position) = self.open.iter().rposition(|open| open.name == *name) else { return };
        let reopen = self.close_to(position);
        self.open.extend(reopen.into_iter().skip(1));
    }

    /// Adds text, with white space as HTML counts it.
    pub(super) fn text(&mut self, text: &str) {
        if self.open.iter().any(|open| open.wraps.iter().any(|wrap| matches!(wrap, Wrap::Code))) {
            self.verbatim(&text.replace(['\n', '\u{a0}'], " "));
            return;
        }
        let is_space = |c: char| c.is_ascii_whitespace();
        let mut rest = text;
        while !rest.is_empty() {
            let word_end = rest.find(is_space).unwrap_or(rest.len());
            let (word, after) = rest.split_at(word_end);
            if !word.is_empty() {
                self.flush_space();
                self.push_str(&word.replace('\u{a0}', " "));
            }
            rest = after.trim_start_matches(is_space);
            self.space_pending |= rest.len() < after.len() && !self.swallow_space;
        }
    }

    /// Adds text in which every space counts.
    pub(super) fn verbatim(&mut self, text: &str) {
        self.flush_space();
        self.push_str(text);
    }

    /// Adds a piece that is no text.
    pub(super) fn inline(&mut self, inline: Inline) {
        if inline == Inline::Break {
            self.space_pending = false;
            self.swallow_space = true;
        } else {
            self.flush_space();
            self.swallow_space = false;
        }
        self.current().push(inline);
    }

    /// Takes what stands on the line. Open elements stay open for the next one.
    pub(super) fn finish(&mut self) -> Vec<Inline> {
        let reopen = self.close_to(0);
        self.open = reopen;
        self.space_pending = false;
        self.swallow_space = true;
        let mut content = std::mem::take(&mut self.root);
        while content.last() == Some(&Inline::Break) {
            content.pop();
        }
        if let Some(Inline::Text(last)) = content.last_mut() {
            last.truncate(last.trim_end_matches(' ').len());
        }
        if is_blank(&content) { Vec::new() } else { content }
    }

    /// Ends all elements from this position on; returns them as they were opened.
    fn close_to(&mut self, position: usize) -> Vec<Open> {
        let mut reopen = Vec::new();
        while self.open.len() > position {
            let Some(open) = self.open.pop() else { break };
            let wrapped = wrap(&open.wraps, open.content);
            for inline in wrapped {
                match inline {
                    Inline::Text(text) => self.append(&text),
                    other => self.current().push(other),
                }
            }
            reopen.push(Open { content: Vec::new(), ..open });
        }
        reopen.reverse();
        reopen
    }

    fn flush_space(&mut self) {
        if std::mem::take(&mut self.space_pending) {
            self.push_str(" ");
        }
    }

    fn push_str(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.swallow_space = false;
        self.append(text);
    }

    fn append(&mut self, text: &str) {
        match self.current().last_mut() {
            Some(Inline::Text(last)) => last.push_str(text),
            _ => self.current().push(Inline::text(text)),
        }
    }

    fn current(&mut self) -> &mut Vec<Inline> {
        self.open.last_mut().map_or(&mut self.root, |open| &mut open.content)
    }
}

fn is_blank(content: &[Inline]) -> bool {
    content.iter().all(|inline| match inline {
        Inline::Text(text) => text.trim().is_empty(),
        other => other.is_empty(),
    })
}

fn wrap(wraps: &[Wrap], content: Vec<Inline>) -> Vec<Inline> {
    wraps.iter().rev().fold(content, |content, wrap| {
        if is_blank(&content) { content } else { vec![wrap_in(wrap, content)] }
    })
}

fn wrap_in(wrap: &Wrap, content: Vec<Inline>) -> Inline {
    match wrap.clone() {
        Wrap::Emphasis => Inline::Emphasis(content),
        Wrap::Strong => Inline::Strong(content),
        Wrap::Strike => Inline::Strike(content),
        Wrap::Underline => Inline::Underline(content),
        Wrap::Superscript => Inline::Text(script::superscript(&label(&content))),
        Wrap::Subscript => Inline::Text(script::subscript(&label(&content))),
        Wrap::Code => Inline::Code(label(&content)),
        Wrap::Colour { fg, bg } => Inline::Colour { fg, bg, content },
        Wrap::Spoiler { reason } => Inline::Spoiler { reason, content },
        Wrap::Link { url } => Inline::Link { url, content },
        Wrap::Mention { user } => {
            let target = MentionTarget::User(user);
            Inline::Mention(Mention { target, label: label(&content) })
        }
    }
}

/// What pieces say, in one line.
fn label(content: &[Inline]) -> String {
    let style = PlainStyle { links: Links::Label, ..PlainStyle::default() };
    inline_to_plain(content, &style).replace('\n', " ")
}
