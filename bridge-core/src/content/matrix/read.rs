//! From an event to what it says.

use serde_json::Value;

use super::{Message, extensible, media, relation::Relation};
use crate::content::{
    Block, Doc, Inline, MessageKind,
    html::{HtmlContext, from_html},
    mention, reply,
};

/// Why an event says nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The content is not JSON.
    #[error("the event's content is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// It has none of the fields that hold text or a file; redacted events are so.
    #[error("an event of type `{0}` without text or file")]
    NoText(String),
    /// It is part of a dialogue between programs.
    #[error("a message of type `{0}` is not for people")]
    NotForPeople(String),
}

/// Reads what an event says, from its type and the JSON of its content.
///
/// # Errors
/// If there is nothing to show.
pub fn read(event_type: &str, content: &str) -> Result<Message, ReadError> {
    read_value(event_type, &serde_json::from_str(content)?)
}

fn read_value(event_type: &str, content: &Value) -> Result<Message, ReadError> {
    let relation = Relation::of(content);
    let shown = match content.get("m.new_content") {
        Some(new) if relation.replaces.is_some() && new.is_object() => new,
        _ => content,
    };
    let context = HtmlContext { mentions: mention::from_content(shown) };
    let msgtype = shown.get("msgtype").and_then(Value::as_str).unwrap_or_default();
    let body = Body { content: shown, context: &context, answers: relation.answers };
    let missing = || ReadError::NoText(event_type.to_owned());

    let mut kind = MessageKind::Text;
    let mut file = None;
    let doc = match event_type {
        "m.sticker" => {
            file = Some(media::sticker(shown).ok_or_else(missing)?);
            Doc::default()
        }
        "m.poll.start" | "org.matrix.msc3381.poll.start" => {
            extensible::poll(shown).or_else(|| body.doc()).ok_or_else(missing)?
        }
        "m.room.message" => match msgtype {
            "m.key.verification.request" => {
                return Err(ReadError::NotForPeople(msgtype.to_owned()));
            }
            "m.location" => location(shown, &body).ok_or_else(missing)?,
            _ => {
                kind = match msgtype {
                    "m.notice" | "m.server_notice" => MessageKind::Notice,
                    "m.emote" => MessageKind::Emote,
                    _ => MessageKind::Text,
                };
                file = media::file(msgtype, shown);
                match &file {
                    Some(file) if file.name_is_body => Doc::default(),
                    Some(_) => body.doc().unwrap_or_default(),
                    None => body.doc().ok_or_else(missing)?,
                }
            }
        },
        _ => body.doc().ok_or_else(missing)?,
    };
    Ok(Message {
        kind,
        doc,
        media: file.map(|file| file.media),
        reply_to: relation.reply_to,
        thread: relation.thread,
        replaces: relation.replaces,
        mentions: context.mentions,
    })
}

/// The text of an event, in the best form that it has.
struct Body<'a> {
    content: &'a Value,
    context: &'a HtmlContext,
    /// The event refers to another, whose text may stand before its own.
    answers: bool,
}

impl Body<'_> {
    fn doc(&self) -> Option<Doc> {
        self.html().or_else(|| self.plain()).or_else(|| extensible::text(self.content))
    }

    fn html(&self) -> Option<Doc> {
        let text = |name| self.content.get(name).and_then(Value::as_str);
        if text("format") != Some("org.matrix.custom.html") {
            return None;
        }
        let doc = from_html(text("formatted_body")?, self.context);
        (!doc.is_empty()).then_some(doc)
    }

    fn plain(&self) -> Option<Doc> {
        let body = self.content.get("body")?.as_str()?;
        let body = if self.answers { reply::strip_fallback(body) } else { body };
        let mut doc = Doc::text(body);
        if self.context.mentions.room {
            mention::mark_room(&mut doc);
        }
        (!body.trim().is_empty()).then_some(doc)
    }
}

/// A place, with a link to a map where its coordinates can be read.
fn location(content: &Value, body: &Body<'_>) -> Option<Doc> {
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let stable = content.get("m.location").or_else(|| content.get("org.matrix.msc3488.location"));
    let uri = text(content, "geo_uri").or_else(|| text(stable?, "uri"));
    let mut doc = body.doc().or_else(|| {
        let description = text(stable?, "description")?;
        Some(Doc::text(&description))
    });
    if let Some(url) = uri.as_deref().and_then(map_link) {
        let doc = doc.get_or_insert_with(|| Doc::text("Location"));
        let link = Inline::bare_link(&url);
        match doc.blocks.last_mut() {
            Some(Block::Paragraph(content)) => content.extend([Inline::Break, link]),
            _ => doc.blocks.push(Block::Paragraph(vec![link])),
        }
    }
    doc
}

/// A map of the place that a `geo:` address (RFC 5870) names.
fn map_link(uri: &str) -> Option<String> {
    let coordinates = uri.strip_prefix("geo:")?.split(';').next()?;
    let mut numbers = coordinates.split(',').map(str::parse::<f64>);
    let (latitude, longitude) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    on_earth.then(|| {
        format!(
            "https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}\
             #map=16/{latitude}/{longitude}"
        )
    })
}
