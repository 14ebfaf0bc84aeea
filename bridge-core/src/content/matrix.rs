//! What events say: their content as JSON <-> [`Doc`], media and relations.
//!
//! Reading is lenient: what a client got wrong costs that piece only, and an event that says
//! nothing is an error value. The forms are those of the Matrix client-server API, section
//! "m.room.message", with MSC3381 polls beside the stable ones.

mod extensible;
mod media;
mod read;
mod relation;
#[cfg(test)]
mod tests;
mod write;

use ruma::OwnedEventId;

pub use self::{
    media::{Media, MediaKind},
    read::{ReadError, read},
    write::{add_reply, add_thread, media_content, replacement, text_content},
};
use super::{Doc, MessageKind, mention::Mentions};

/// What an event says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message {
    /// Speech, notice or emote.
    pub kind: MessageKind,
    /// The text; with media, their caption.
    pub doc: Doc,
    /// A file, if the event brings one.
    pub media: Option<Media>,
    /// The event that this one answers. A reply that is only there for clients without threads
    /// does not count.
    pub reply_to: Option<OwnedEventId>,
    /// The first event of the thread that this one belongs to.
    pub thread: Option<OwnedEventId>,
    /// The event whose text this one replaces.
    pub replaces: Option<OwnedEventId>,
    /// Who is to be notified.
    pub mentions: Mentions,
}
