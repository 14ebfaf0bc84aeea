//! What is said, as a small tree that every network's text comes from and goes to.
//!
//! Matrix HTML becomes a [`Doc`] once ([`html::from_html`]); each bridge renders the tree to its
//! network's form and parses that form back. Everything here is pure: no clock, store or socket.

pub mod caps;
pub mod emoji;
pub mod html;
#[cfg(any(test, feature = "testkit"))]
pub mod invariants;
pub mod ladder;
pub mod link;
pub mod markdown;
pub mod matrix;
pub mod mention;
pub mod reply;
pub mod split;
pub mod text;

mod build;
mod colour;
mod cut;
mod doc;
mod script;
mod walk;

use serde::{Deserialize, Serialize};

pub use self::{
    colour::{ParseColourError, Rgb},
    doc::{Block, Doc, Inline, MediaRef, Mention, MentionTarget},
};

/// The kinds of speech that every network tells apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// `m.text`
    #[default]
    Text,
    /// `m.notice`: from a program, or not to be answered by one.
    Notice,
    /// `m.emote`: "/me waves".
    Emote,
}

impl MessageKind {
    /// The `msgtype` of a message of this kind.
    pub fn msgtype(self) -> &'static str {
        match self {
            Self::Text => "m.text",
            Self::Notice => "m.notice",
            Self::Emote => "m.emote",
        }
    }
}
