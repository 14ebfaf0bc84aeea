//! Gitter's documents, as far as the bridge reads them.
//!
//! Reading is lenient: documents made by upserts lack defaults, old ones lack fields, and other
//! programs add their own. Only what nothing can be done without is demanded.

use mongodb::bson::{Bson, DateTime, Document, oid::ObjectId};

/// A message (`chatmessages`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) id: ObjectId,
    pub(crate) from_user: ObjectId,
    pub(crate) virtual_user: Option<VirtualUser>,
    pub(crate) room: ObjectId,
    pub(crate) parent: Option<ObjectId>,
    pub(crate) text: String,
    pub(crate) html: String,
    /// `/me`
    pub(crate) status: bool,
    pub(crate) replies: i64,
    pub(crate) mentions: Vec<Mention>,
    pub(crate) sent: DateTime,
    pub(crate) edited: Option<DateTime>,
}

/// Somebody who speaks through a user of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VirtualUser {
    pub(crate) kind: String,
    pub(crate) external_id: String,
    pub(crate) name: String,
}

/// Somebody who is addressed in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) name: String,
    pub(crate) user: Option<ObjectId>,
    /// Everybody is addressed, by somebody who may.
    pub(crate) is_announcement: bool,
}

/// A room (`troupes`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Room {
    pub(crate) id: ObjectId,
    /// Conversations of two have none.
    pub(crate) uri: Option<String>,
    pub(crate) topic: String,
    pub(crate) is_public: bool,
    /// The external ids of virtual users who are banned.
    pub(crate) banned: Vec<String>,
}

/// A person (`users`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: ObjectId,
    pub(crate) username: String,
    pub(crate) display_name: Option<String>,
}

impl Message {
    /// Reads a message; `None` for rows that no person wrote, and for what is no message.
    pub(crate) fn read(document: &Document) -> Option<Self> {
        let mentions = document.get_array("mentions").map(Vec::as_slice).unwrap_or_default();
        Some(Self {
            id: document.get_object_id("_id").ok()?,
            from_user: document.get_object_id("fromUserId").ok()?,
            virtual_user: document.get_document("virtualUser").ok().and_then(VirtualUser::read),
            room: document.get_object_id("toTroupeId").ok()?,
            parent: document.get_object_id("parentId").ok(),
            text: text(document, "text"),
            html: text(document, "html"),
            status: document.get_bool("status").unwrap_or_default(),
            replies: number(document.get("threadMessageCount")),
            mentions: mentions.iter().filter_map(Bson::as_document).map(Mention::read).collect(),
            sent: document.get_datetime("sent").copied().ok()?,
            edited: document.get_datetime("editedAt").copied().ok(),
        })
    }

    /// Whether it was said on Matrix and written by a bridge.
    pub(crate) fn is_from_matrix(&self) -> bool {
        self.virtual_user.as_ref().is_some_and(|user| user.kind == VirtualUser::MATRIX)
    }
}

impl VirtualUser {
    /// The type of those who are on Matrix.
    pub(crate) const MATRIX: &str = "matrix";

    fn read(document: &Document) -> Option<Self> {
        let external_id = document.get_str("externalId").ok()?.to_owned();
        let name = document.get_str("displayName").unwrap_or(&external_id).to_owned();
        Some(Self { kind: text(document, "type"), external_id, name })
    }
}

impl Mention {
    fn read(document: &Document) -> Self {
        Self {
            name: text(document, "screenName"),
            user: document.get_object_id("userId").ok(),
            is_announcement: document.get_bool("announcement").unwrap_or_default(),
        }
    }
}

impl Room {
    /// Reads a room that is not deleted.
    pub(crate) fn read(document: &Document) -> Option<Self> {
        if document.get_datetime("dateDeleted").is_ok() {
            return None;
        }
        let security = document.get_document("sd").ok();
        let bans = document.get_array("bans").map(Vec::as_slice).unwrap_or_default();
        let banned = |ban: &Bson| {
            let user = ban.as_document()?.get_document("virtualUser").ok()?;
            Some(VirtualUser::read(user)?.external_id)
        };
        Some(Self {
            id: document.get_object_id("_id").ok()?,
            uri: document.get_str("uri").ok().map(str::to_owned),
            topic: text(document, "topic"),
            is_public: security.and_then(|sd| sd.get_bool("public").ok()).unwrap_or_default(),
            banned: bans.iter().filter_map(banned).collect(),
        })
    }
}

impl User {
    pub(crate) fn read(document: &Document) -> Option<Self> {
        let display_name = document.get_str("displayName").ok().map(str::trim);
        Some(Self {
            id: document.get_object_id("_id").ok()?,
            username: document.get_str("username").ok()?.to_owned(),
            display_name: display_name.filter(|name| !name.is_empty()).map(str::to_owned),
        })
    }

    /// The name to show on Matrix: `username (display name)`.
    pub(crate) fn shown_name(&self) -> String {
        const MOST: usize = 256;
        let whole = match &self.display_name {
            Some(name) if *name != self.username => format!("{} ({name})", self.username),
            _ => self.username.clone(),
        };
        whole.chars().take(MOST).collect()
    }
}

fn text(document: &Document, key: &str) -> String {
    document.get_str(key).unwrap_or_default().to_owned()
}

/// A count, whatever kind of number it was written as.
fn number(value: Option<&Bson>) -> i64 {
    match value {
        Some(Bson::Int32(n)) => i64::from(*n),
        Some(Bson::Int64(n)) => *n,
        #[expect(clippy::cast_possible_truncation, reason = "a count of messages")]
        Some(Bson::Double(n)) => *n as i64,
        _ => 0,
    }
}
