//! Texts of too many lines.

use crate::content::{Block, Doc, Inline, caps::TextCaps, split};

/// Long -> the first line and a link to the whole text.
///
/// Applies where the network counts lines ([`TextCaps::max_lines`]); elsewhere long texts are
/// split by the network and nothing is lost.
pub fn shortened(doc: Doc, caps: &TextCaps, url: Option<&str>) -> Doc {
    let Some(max_lines) = caps.max_lines else { return doc };
    let max_bytes = caps.max_bytes.unwrap_or(usize::MAX);
    if split::split_plain(&doc.plain(), max_bytes).len() <= max_lines.max(1) {
        return doc;
    }
    let note = note(url);
    let note_bytes = Doc::line(note.clone()).plain().len();
    let mut start = doc.first_line(max_bytes.saturating_sub(note_bytes));
    match start.blocks.last_mut() {
        Some(Block::Paragraph(content) | Block::Heading { content, .. }) => content.extend(note),
        _ => start.blocks.push(Block::Paragraph(note)),
    }
    start
}

fn note(url: Option<&str>) -> Vec<Inline> {
    match url {
        Some(url) => {
            vec![Inline::text("… (full message: "), Inline::bare_link(url), Inline::text(")")]
        }
        None => vec![Inline::text("… (cut)")],
    }
}
