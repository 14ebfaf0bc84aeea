//! How fast one connection writes, and what it writes first.
//!
//! ```text
//! lane 1  ─ PRIVMSG PRIVMSG ─┐   heads by priority,        one token
//! lane 2  ─ JOIN PRIVMSG ────┼─> lanes in turn          ─> a line    ─> permit
//! barrier ─ NICK ────────────┘   nothing passes a barrier
//! ```
//! A lane is strictly first in, first out: its head alone says how urgent it is. `PONG` stands in no
//! queue at all.

pub use self::{
    bucket::{Bucket, Rate},
    queue::{Full, Queue},
};
use crate::message::Message;

mod bucket;
mod queue;
#[cfg(test)]
mod tests;

/// How urgent a line is, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// After all that was asked for before it and before all that is asked for later: `NICK`, `QUIT`.
    Barrier,
    /// What changes where we are: `JOIN`, `PART`, `MODE` and the like.
    Control,
    /// Speech.
    Message,
    /// Notices, tags and questions.
    Notice,
}

impl Priority {
    /// The priority that a message should have.
    pub fn of(message: &Message) -> Self {
        match message.command.as_str() {
            "NICK" | "QUIT" => Self::Barrier,
            "PRIVMSG" | "BATCH" | "REDACT" => Self::Message,
            "NOTICE" | "TAGMSG" | "WHO" | "WHOIS" | "ISON" | "LIST" | "CHATHISTORY" => Self::Notice,
            _ => Self::Control,
        }
    }
}
