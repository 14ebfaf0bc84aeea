//! What a network can do, as data.

pub use crate::content::caps::{Support, TextCaps};

/// What one portal's network can do. Core downgrades every event to this before the bridge sees it.
///
/// `Fallback` means that core's ladder turns the event into something that the network has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caps {
    /// Limits and format of text.
    pub text: TextCaps,
    /// Changing a message that was sent.
    pub edit: Support,
    /// Answering a certain message.
    pub reply: Support,
    /// Threads of messages.
    pub thread: Support,
    /// Reactions to a message.
    pub react: Support,
    /// Removing a message that was sent.
    pub delete: Support,
    /// Files.
    pub media: Support,
    /// Typing notifications.
    pub typing: Support,
    /// Read receipts.
    pub receipts: Support,
    /// Joins and leaves of Matrix users are shown on the network.
    pub members: Support,
    /// The topic can be set from Matrix.
    pub topic: Support,
    /// How the network orders what different senders say.
    pub ordering: Ordering,
    /// How a send that was cut off is settled.
    pub idempotency: Idempotency,
}

impl Default for Caps {
    /// A network of plain text that shows members and nothing else.
    fn default() -> Self {
        Self {
            text: TextCaps::default(),
            edit: Support::Fallback,
            reply: Support::Fallback,
            thread: Support::Fallback,
            react: Support::Fallback,
            delete: Support::Fallback,
            media: Support::Fallback,
            typing: Support::None,
            receipts: Support::None,
            members: Support::Native,
            topic: Support::None,
            ordering: Ordering::Total,
            idempotency: Idempotency::None,
        }
    }
}

/// How a network orders what is handed to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// One link for all: what is written first arrives first.
    Total,
    /// A connection a sender: at a change of sender the lane waits until the line before is seen.
    PerSender,
}

/// What a network offers to settle a send that was cut off by a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// The same key sent twice counts once.
    ClientKey,
    /// What was written can be read back.
    ReadBack,
    /// Nothing: the configured policy decides.
    None,
}
