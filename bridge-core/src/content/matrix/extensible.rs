//! Text and polls in the form of extensible events (MSC1767, MSC3381).

use serde_json::Value;

use crate::content::{Block, Doc, Inline, doc};

/// The text of an event or of a part of one: `m.text`, its unstable form, or `body`.
pub(super) fn text(content: &Value) -> Option<Doc> {
    plain_text(content).map(Doc::text)
}

/// A poll: its question, and its answers as a list.
pub(super) fn poll(content: &Value) -> Option<Doc> {
    let poll = ["m.poll", "m.poll.start", "org.matrix.msc3381.poll.start"]
        .iter()
        .find_map(|name| content.get(name))?;
    let question = plain_text(poll.get("question")?)?;
    let answers = poll.get("answers").and_then(Value::as_array);
    let items = answers.into_iter().flatten().filter_map(plain_text);
    let items = items.map(|answer| vec![Block::Paragraph(doc::lines(answer))]).collect();
    let mut title = vec![Inline::text("Poll: ")];
    title.extend(doc::lines(question));
    Some(Doc::from(vec![Block::Paragraph(title), Block::List { start: Some(1), items }]))
}

fn plain_text(content: &Value) -> Option<&str> {
    let text = match content.get("m.text").or_else(|| content.get("org.matrix.msc1767.text")) {
        Some(Value::String(text)) => text,
        Some(Value::Array(forms)) => {
            let is_plain = |form: &&Value| match form.get("mimetype") {
                Some(kind) => kind.as_str() == Some("text/plain"),
                None => true,
            };
            forms.iter().find(is_plain)?.get("body")?.as_str()?
        }
        _ => content.get("body")?.as_str()?,
    };
    (!text.trim().is_empty()).then_some(text)
}
