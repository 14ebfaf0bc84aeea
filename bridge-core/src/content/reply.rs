//! Replies: the old fallback that repeats the answered message, and quotes for networks without
//! replies.

#[cfg(test)]
mod tests;

use super::{
    Block, Doc, Inline,
    text::{Links, PlainStyle, to_plain},
};

/// Takes the fallback of a reply off a plain body: lines with `> ` in front, the first of which
/// names the author, and the empty line after them.
///
/// Clients no longer write it (MSC2781), but old events and clients have it. A body that does not
/// look so, or would be empty without it, is left alone. The fallback in HTML, `mx-reply`, is
/// never read by [`from_html`](super::html::from_html).
pub fn strip_fallback(body: &str) -> &str {
    let names_author =
        ["> <@", "> * <@"].iter().any(|start| body.starts_with(start)) && body.contains('>');
    if !names_author {
        return body;
    }
    let mut rest = body;
    while rest.starts_with('>') {
        match rest.split_once('\n') {
            Some((_, after)) => rest = after,
            None => return body,
        }
    }
    let text = rest.strip_prefix('\n').unwrap_or(rest);
    if text.trim().is_empty() { body } else { text }
}

/// The message that a reply answers.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a> {
    /// Who said it, as the network knows them.
    pub author: &'a str,
    /// What was said; `None` if it is plain from the context or not known.
    pub doc: Option<&'a Doc>,
}

/// How many characters of the answered message a quote repeats.
const EXTRACT_CHARS: usize = 100;

/// A reply as a message of its own: with the answered message as a quote before it, or with the
/// author's name where the message itself is not given.
pub fn quote(reply: Doc, quoted: &Quoted<'_>) -> Doc {
    match quoted.doc.map(|doc| extract(doc, EXTRACT_CHARS)).filter(|text| !text.is_empty()) {
        Some(text) => {
            let line = Inline::text(format!("<{}> {text}", quoted.author));
            let mut blocks = vec![Block::Quote(vec![Block::Paragraph(vec![line])])];
            blocks.extend(reply.blocks);
            Doc { blocks }
        }
        None => address(reply, quoted.author),
    }
}

/// Puts the name of the person addressed before a text.
fn address(mut doc: Doc, name: &str) -> Doc {
    let already = doc.plain();
    let is_addressed = already
        .strip_prefix('@')
        .unwrap_or(&already)
        .strip_prefix(name)
        .is_some_and(|rest| rest.starts_with([':', ',', ' ']));
    if is_addressed {
        return doc;
    }
    let prefix = Inline::text(format!("{name}: "));
    match doc.blocks.first_mut() {
        Some(Block::Paragraph(content)) => content.insert(0, prefix),
        _ => doc.blocks.insert(0, Block::Paragraph(vec![prefix])),
    }
    doc
}

/// The beginning of a document in one line. Quotes in it are left out, unless there is nothing
/// else; what is hidden stays hidden.
pub fn extract(doc: &Doc, max_chars: usize) -> String {
    let own = |block: &&Block| !matches!(block, Block::Quote(_));
    let blocks: Vec<_> = doc.blocks.iter().filter(own).cloned().collect();
    let doc = if blocks.is_empty() { doc.clone() } else { Doc { blocks } };
    let style = PlainStyle { links: Links::Label, ..PlainStyle::default() };
    let text = to_plain(&doc, &style);
    let words: Vec<_> = text.split_whitespace().collect();
    shorten(&words.join(" "), max_chars)
}

/// Cuts a text between graphemes and puts `…` after it, if it is longer than this.
fn shorten(text: &str, max_chars: usize) -> String {
    use unicode_segmentation::UnicodeSegmentation as _;
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut chars = 1; // the sign at the end
    for grapheme in text.graphemes(true) {
        chars += grapheme.chars().count();
        if chars > max_chars {
            break;
        }
        short.push_str(grapheme);
    }
    format!("{}…", short.trim_end())
}
