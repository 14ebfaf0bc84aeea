//! The registration file as a type.
//!
//! It is a superset of what the specification knows: the keys of unstable features that bridges
//! need have fields of their own, all others are kept as they were found.

use crate::{
    token::Token,
    yaml::{self, Entry},
};

pub(crate) mod draft;
mod problem;
mod write;

#[cfg(test)]
mod tests;

pub use problem::{Problem, ProblemKind};

/// A registration of an application service.
///
/// `Debug` output does not show the tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// Unique among the application services of one homeserver, and never changed afterwards:
    /// homeservers key their queues by it.
    pub id: String,
    /// Where the homeserver sends transactions; `None` (written `null`) for a service that takes
    /// none.
    pub url: Option<String>,
    /// The secret by which the application service is known to the homeserver.
    pub as_token: Token,
    /// The secret by which the homeserver is known to the application service.
    pub hs_token: Token,
    /// Localpart of the bot.
    pub sender_localpart: String,
    /// The ids that belong to the application service.
    pub namespaces: Namespaces,
    /// Whether the homeserver limits the rate of the bot's and the ghosts' requests; homeservers
    /// differ in what they do without the key.
    pub rate_limited: Option<bool>,
    /// Names under which clients may ask the application service for third-party look-ups.
    pub protocols: Vec<String>,
    /// `receive_ephemeral`: typing, receipts and presence are sent along (Matrix 1.13).
    pub receive_ephemeral: Option<bool>,
    /// `de.sorunome.msc2409.push_ephemeral`: the same for homeservers older than that.
    pub push_ephemeral: Option<bool>,
    /// `io.element.msc4190`: devices are made without a login (MSC4190).
    pub msc4190: Option<bool>,
    /// `org.matrix.msc3202`: device lists and key counts are sent along (MSC3202).
    pub msc3202: Option<bool>,
    /// Keys that this crate does not know, in the order of the file.
    pub extra: Vec<Entry>,
}

/// The ids that belong to an application service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Namespaces {
    /// User ids, `@` and server name included.
    pub users: Vec<Namespace>,
    /// Room aliases, `#` and server name included.
    pub aliases: Vec<Namespace>,
    /// Room ids. Nobody owns these; the entry only asks for the rooms' events.
    pub rooms: Vec<Namespace>,
    /// Keys that this crate does not know.
    pub extra: Vec<Entry>,
}

/// One entry of a namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct Namespace {
    /// Whether nobody else may create such ids.
    pub exclusive: bool,
    /// Which ids. The homeservers differ in dialect and anchoring.
    pub regex: String,
    /// Keys that this crate does not know.
    pub extra: Vec<Entry>,
}

impl Namespace {
    /// An entry that keeps everybody else out.
    pub fn exclusive(regex: impl Into<String>) -> Self {
        Self { exclusive: true, regex: regex.into(), extra: Vec::new() }
    }
}

impl Registration {
    /// Reads a registration as strictly as the strictest homeserver.
    ///
    /// # Errors
    /// The first [`Problem`] of the text, with its line and how to mend it.
    pub fn from_yaml(text: &str) -> Result<Self, Problem> {
        let (draft, mut problems) = draft::read(&yaml::parse(text)?);
        if !problems.is_empty() {
            return Err(problems.swap_remove(0));
        }
        draft.finish().ok_or_else(|| Problem::required(1, "id"))
    }

    /// Writes the file: a comment that tells what it is, then the keys in a fixed order.
    pub fn to_yaml(&self) -> String {
        write::registration(self)
    }
}
