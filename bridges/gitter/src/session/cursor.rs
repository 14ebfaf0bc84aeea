//! The place up to which the platform's changes are in the store.

use mongodb::{bson::oid::ObjectId, change_stream::event::ResumeToken};
use serde::{Deserialize, Serialize};

/// The place in the stream, and the newest message that was seen, for when the place is lost.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Cursor {
    token: Option<ResumeToken>,
    newest: Option<String>,
}

impl Cursor {
    /// Reads what was kept; what cannot be read counts as no place at all.
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn token(&self) -> Option<ResumeToken> {
        self.token.clone()
    }

    /// The newest message that was seen.
    pub(super) fn newest(&self) -> Option<ObjectId> {
        self.newest.as_deref().and_then(crate::id::read)
    }

    /// Notes a message.
    pub(super) fn saw(&mut self, id: ObjectId) {
        if self.newest().is_none_or(|newest| newest < id) {
            self.newest = Some(id.to_hex());
        }
    }

    /// Notes a message, if there is one.
    pub(super) fn note(&mut self, id: Option<ObjectId>) {
        if let Some(id) = id {
            self.saw(id);
        }
    }

    /// Takes the stream's present place over; `false` if that is where it was before.
    pub(super) fn advance(&mut self, token: Option<ResumeToken>) -> bool {
        let moved = token.is_some() && token != self.token;
        if moved {
            self.token = token;
        }
        moved
    }
}
