//! Writing YAML that every reader understands alike.

use std::fmt::Write;

use super::{Entry, Node, Scalar, ScalarKind, Value};

/// Writes a string bare where that is safe with every reader, else in quotes.
pub fn write_string(text: &str) -> String {
    if is_safe_bare(text) { text.to_owned() } else { quoted(text) }
}

/// Writes a string in quotes: single ones, or double ones with escapes if it holds control
/// characters.
pub fn quoted(text: &str) -> String {
    if text.chars().any(needs_escape) {
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                c if needs_escape(c) => {
                    let _ = write!(out, "\\U{:08x}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        out.push('"');
        out
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Writes the entries of a mapping, each line indented by `indent` spaces and ended by a newline.
pub fn write_mapping(out: &mut String, entries: &[Entry], indent: usize) {
    for entry in entries {
        let _ = write!(out, "{:indent$}{}:", "", write_string(&entry.key));
        write_value(out, &entry.value, indent);
    }
}

fn write_value(out: &mut String, node: &Node, indent: usize) {
    match &node.value {
        Value::Scalar(scalar) => {
            let _ = writeln!(out, " {}", scalar_text(scalar));
        }
        Value::Sequence(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Mapping(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Value::Sequence(items) => {
            out.push('\n');
            for item in items {
                let _ = write!(out, "{:indent$}  -", "");
                write_value(out, item, indent + 2);
            }
        }
        Value::Mapping(entries) => {
            out.push('\n');
            write_mapping(out, entries, indent + 2);
        }
    }
}

/// A scalar as it was meant: what some reader would take for a number stays one.
fn scalar_text(scalar: &Scalar) -> String {
    match scalar.kind() {
        ScalarKind::String => write_string(&scalar.text),
        ScalarKind::Null => "null".to_owned(),
        _ => scalar.text.clone(),
    }
}

fn is_safe_bare(text: &str) -> bool {
    let starts_safely = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_-./:+".contains(c);
    starts_safely
        && text.chars().all(is_safe)
        && !text.ends_with(':')
        && ScalarKind::of_plain(text) == ScalarKind::String
}

/// YAML's unprintable characters, and the line ends that single quotes would fold.
fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
