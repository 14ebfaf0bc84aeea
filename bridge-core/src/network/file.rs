//! Files, on either side of the seam.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::content::matrix::MediaKind;

/// A file that a message brings, or a picture of a user or a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct File {
    /// Its name. Inwards it may be empty: then it is named after what it turns out to be.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What kind of file; always told outwards. Inwards `None` leaves it to the first bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<MediaKind>,
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
    /// Where its bytes are.
    pub source: FileSource,
}

/// Where the bytes of a file are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileSource {
    /// At this address. Outwards it is a signed link that opens without a login; inwards an
    /// `http:` or `https:` address of the remote side, from which core fetches the file.
    Url(String),
    /// Here. Inwards only, and only for small files such as avatars: the bytes stand in the row.
    Bytes(#[serde(serialize_with = "to_base64", deserialize_with = "from_base64")] Bytes),
}

impl File {
    /// A file of which only its name and its place are known.
    pub fn new(name: impl Into<String>, source: FileSource) -> Self {
        Self {
            name: name.into(),
            kind: None,
            mime: None,
            size: None,
            dimensions: None,
            duration: None,
            source,
        }
    }

    /// The address of the file, if it has one.
    pub fn url(&self) -> Option<&str> {
        match &self.source {
            FileSource::Url(url) => Some(url),
            FileSource::Bytes(_) => None,
        }
    }
}

/// Addresses may hold secrets, and bytes are nobody's business.
impl std::fmt::Debug for FileSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(_) => f.write_str("Url"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
        }
    }
}

fn to_base64<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(&text).map(Bytes::from).map_err(D::Error::custom)
}
