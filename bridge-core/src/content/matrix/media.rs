//! Files that events bring.

use std::time::Duration;

use ruma::OwnedMxcUri;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A file on the homeserver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// What kind of file.
    pub kind: MediaKind,
    /// Where it is.
    pub mxc: OwnedMxcUri,
    /// Its name; never empty.
    pub name: String,
    /// Its type, as its sender says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Its size in bytes, as its sender says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Width and height in pixels, as its sender says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<(u32, u32)>,
    /// How long it plays, as its sender says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Duration>,
}

/// The kinds of files that Matrix tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// `m.image`
    Image,
    /// `m.video`
    Video,
    /// `m.audio`
    Audio,
    /// `m.audio` that was spoken for this message (MSC3245).
    Voice,
    /// `m.file`
    File,
    /// An event of type `m.sticker`.
    Sticker,
}

impl Media {
    /// A file of which only this much is known.
    pub fn new(kind: MediaKind, mxc: OwnedMxcUri, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { kind, mxc, name, mime: None, size: None, dimensions: None, duration: None }
    }

    /// The type of the event that brings such a file.
    pub fn event_type(&self) -> &'static str {
        match self.kind {
            MediaKind::Sticker => "m.sticker",
            _ => "m.room.message",
        }
    }
}

impl MediaKind {
    /// The kind that fits a MIME type.
    pub fn of_mime(mime: &str) -> Self {
        match mime.split('/').next() {
            Some("image") => Self::Image,
            Some("video") => Self::Video,
            Some("audio") => Self::Audio,
            _ => Self::File,
        }
    }

    /// The `msgtype` of a message with such a file; stickers have none.
    pub fn msgtype(self) -> Option<&'static str> {
        Some(match self {
            Self::Image => "m.image",
            Self::Video => "m.video",
            Self::Audio | Self::Voice => "m.audio",
            Self::File => "m.file",
            Self::Sticker => return None,
        })
    }

    fn default_name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice message",
            Self::File => "file",
            Self::Sticker => "sticker",
        }
    }
}

/// A file as read.
pub(super) struct Read {
    pub(super) media: Media,
    /// `body` holds the name of the file, so that there is no caption.
    pub(super) name_is_body: bool,
}

pub(super) fn sticker(content: &Value) -> Option<Read> {
    of_kind(MediaKind::Sticker, content)
}

/// The file of a message, if its `msgtype` is one with a file and it has an address.
pub(super) fn file(msgtype: &str, content: &Value) -> Option<Read> {
    let is_voice =
        ["m.voice", "org.matrix.msc3245.voice"].iter().any(|name| content.get(name).is_some());
    let kind = match msgtype {
        "m.image" => MediaKind::Image,
        "m.video" => MediaKind::Video,
        "m.audio" if is_voice => MediaKind::Voice,
        "m.audio" => MediaKind::Audio,
        "m.file" => MediaKind::File,
        _ => return None,
    };
    of_kind(kind, content)
}

fn of_kind(kind: MediaKind, content: &Value) -> Option<Read> {
    let text =
        |name: &str| content.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty());
    let mxc = OwnedMxcUri::from(text("url")?);
    mxc.parts().ok()?;
    let body = text("body");
    let file_name = text("filename");
    let name_is_body = kind == MediaKind::Sticker || file_name.is_none() || file_name == body;
    let name = file_name.or(body).unwrap_or(kind.default_name()).to_owned();
    let info = content.get("info");
    let number = |name: &str| info?.get(name)?.as_u64();
    let pixels = |name: &str| number(name).and_then(|pixels| u32::try_from(pixels).ok());
    let media = Media {
        kind,
        mxc,
        name,
        mime: info.and_then(|info| info.get("mimetype")?.as_str()).map(str::to_owned),
        size: number("size"),
        dimensions: pixels("w").zip(pixels("h")),
        duration: number("duration").map(Duration::from_millis),
    };
    Some(Read { media, name_is_body })
}
