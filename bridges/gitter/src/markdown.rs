//! Gitter's Markdown, as its own processor (21.0) renders it.
//!
//! Gitter keeps the HTML of a message beside its text, so whoever writes messages must render them
//! alike. The dialect is that of GitHub around 2014 with line feeds as breaks, mentions, issues and
//! formulas. Raw HTML is text. Two things differ from the original: code is not highlighted, and a
//! formula holds its source where KaTeX would draw it.

mod block;
mod decorate;
mod html;
mod inline;
mod lines;
#[cfg(test)]
mod tests;

use self::{block::Blocks, inline::Inlines};

/// What a text becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The HTML that clients show.
    pub html: String,
    /// Addresses of links and pictures, in order.
    pub urls: Vec<String>,
    /// Who is addressed, in order.
    pub mentions: Vec<NamedMention>,
    /// Issues that are referred to, in order.
    pub issues: Vec<Issue>,
}

/// Somebody who is addressed by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedMention {
    /// The name.
    pub screen_name: String,
    /// It names a group of people: `@/all`.
    pub is_group: bool,
}

/// An issue of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: String,
    /// The repository, if the text names one.
    pub repo: Option<String>,
}

/// How deep quotes, lists and formats may stand in one another, as in the original.
const MAX_DEPTH: usize = 20;

/// Renders a text.
pub fn render(text: &str) -> Rendered {
    let text = lines::normalised(text);
    let mut blocks = Blocks::default();
    let tokens = blocks.parse(&text, block::Level::Top, 0);
    let mut inlines = Inlines::new(&blocks.links);
    let html = html::document(&tokens, &mut inlines);
    Rendered { html, ..inlines.found }
}
