//! What becomes of each kind of content on a network, by its capabilities.
//!
//! `docs/features.md` holds the same as a table; a test of each bridge compares its column.

use super::{Caps, Support};
use crate::content::caps::TextFormat;

/// Kinds of content, each with `native`, `fallback` or `impossible`.
pub fn features(caps: &Caps) -> Vec<(&'static str, &'static str)> {
    let rich = match caps.text.format {
        TextFormat::Rich => "native",
        TextFormat::Plain => "fallback",
    };
    let is_split = caps.text.max_bytes.is_some() || caps.text.max_lines.is_some();
    let thread = match caps.thread {
        // A thread goes as replies, and these perhaps as quotes.
        Support::None => word(caps.reply.min(Support::Fallback)),
        thread => word(thread),
    };
    vec![
        ("text, emote, notice", "native"),
        ("mention", "native"),
        ("bold, italic, colour, code, quote, link", rich),
        ("list, heading, table", rich),
        ("spoiler", rich),
        ("maths", "fallback"),
        ("custom emoji", "fallback"),
        ("long text", if is_split { "fallback" } else { "native" }),
        ("reply", word(caps.reply)),
        ("thread", thread),
        ("edit", word(caps.edit)),
        ("reaction", word(caps.react)),
        ("deletion", word(caps.delete)),
        ("image, video, audio, file", word(caps.media)),
        ("voice message, sticker", word(caps.media)),
        ("location, poll, unknown event with text", "fallback"),
        ("typing", word(caps.typing)),
        ("read receipt", word(caps.receipts)),
        ("join and leave", word(caps.members)),
        ("topic", word(caps.topic)),
    ]
}

fn word(support: Support) -> &'static str {
    match support {
        Support::Native => "native",
        Support::Fallback => "fallback",
        Support::None => "impossible",
    }
}

/// Where a column of the table in `docs/features.md` is not what a network's capabilities say.
pub fn differences(docs: &str, column: &str, caps: &Caps) -> Vec<String> {
    let cells = |line: &str| -> Vec<String> {
        line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let mut rows = docs.lines().filter(|line| line.starts_with('|')).map(cells);
    let head = rows.next().unwrap_or_default();
    let Some(at) = head.iter().position(|name| name == column) else {
        return vec![format!("there is no column {column}")];
    };
    let rows: Vec<Vec<String>> = rows.collect();
    let mut found = Vec::new();
    for (kind, expected) in features(caps) {
        let row = rows.iter().find(|row| row.first().is_some_and(|name| name == kind));
        let written = row.and_then(|row| row.get(at)).map_or("nothing", String::as_str);
        if written != expected {
            found.push(format!("{kind}: {expected}, but {written} in the table"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_compared_cell_by_cell() {
        let caps = Caps::default();
        let mut table = "| content | Echo |\n|---|---|\n".to_owned();
        for (kind, word) in features(&caps) {
            table += &["| ", kind, " | ", word, " |\n"].concat();
        }
        assert_eq!(differences(&table, "Echo", &caps), [""; 0]);
        let other = Caps { edit: Support::Native, ..Caps::default() };
        assert_eq!(
            differences(&table, "Echo", &other),
            ["edit: native, but fallback in the table"]
        );
        assert_eq!(differences(&table, "XMPP", &caps), ["there is no column XMPP"]);
    }
}
