//! Files as links.

use crate::content::{Block, Doc, Inline};

/// File -> its name, its size and a link, before the caption.
pub fn linked(name: &str, size: Option<u64>, url: Option<&str>, caption: Doc) -> Doc {
    let mut blocks = vec![Block::Paragraph(file_line(name, size, url))];
    match caption.blocks.split_first() {
        Some((Block::Paragraph(content), rest)) => {
            if let Some(Block::Paragraph(line)) = blocks.first_mut() {
                line.push(Inline::Break);
                line.extend_from_slice(content);
            }
            blocks.extend_from_slice(rest);
        }
        _ => blocks.extend(caption.blocks),
    }
    Doc { blocks }
}

/// The name, size and link of a file, as pieces of a line: `cat.png (1.2 MB): https://…`.
pub fn file_line(name: &str, size: Option<u64>, url: Option<&str>) -> Vec<Inline> {
    let name = name.replace(['\n', '\r'], " ");
    let mut text = match size {
        Some(size) => format!("{name} ({})", readable(size)),
        None => name,
    };
    match url {
        Some(url) => {
            text.push_str(": ");
            vec![Inline::text(text), Inline::bare_link(url)]
        }
        None => vec![Inline::text(text)],
    }
}

/// A size for people, in units of a thousand.
fn readable(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000 => return format!("{bytes} B"),
        1_000..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    let tenths = bytes / (unit / 10);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} {name}"),
        (whole @ 0..100, tenth) => format!("{whole}.{tenth} {name}"),
        (whole, _) => format!("{whole} {name}"),
    }
}
