//! What holds of every input, for property tests and for fuzzing: each function panics where it
//! does not.

use super::{
    Doc,
    html::{HtmlContext, from_html, to_html_always},
    markdown::{Flavour, from_markdown, to_markdown},
};

/// HTML: what is read survives the store, and another reading of what is written of it.
///
/// # Panics
/// If that is not so.
pub fn html(text: &str) {
    let doc = from_html(text, &HtmlContext::default());
    stored(&doc);
    let again = from_html(&to_html_always(&doc), &HtmlContext::default());
    assert_eq!(letters(&again.plain()), letters(&doc.plain()), "{text:?}");
}

/// Markdown: what is read survives the store; what is written of a plain text says the same.
///
/// # Panics
/// If that is not so.
pub fn markdown(text: &str) {
    for flavour in [Flavour::CHAT, Flavour::COMMONMARK] {
        let doc = from_markdown(text, &flavour);
        stored(&doc);
        let _ = to_html_always(&doc);
        let _ = to_markdown(&doc, &flavour);
    }
}

fn stored(doc: &Doc) {
    let json = serde_json::to_string(doc).unwrap_or_default();
    let again: Option<Doc> = serde_json::from_str(&json).ok();
    assert_eq!(again.as_ref(), Some(doc), "a document does not survive the store");
}

/// The text without spaces.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
