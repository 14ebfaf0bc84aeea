//! Templates of ghost and alias ids: `_irc_{network}_{nick}`, `{username}-{userid}`.
//!
//! A template is parsed once. It then writes the localpart of a remote name
//! ([`Template::encode`]), reads one back ([`Template::decode`]), and gives the regex that claims
//! all of them in a registration ([`Template::regex`]).
//!
//! # Encoding
//!
//! Values keep `a-z 0-9 . _ - / +` (aliases `#` too); each other byte of their UTF-8, `=` and upper
//! case included, becomes `=hh` with lower-case digits. This is the specification's mapping for
//! [other networks' names][mapping] without its `_x` form, so `_` stays itself. Folding case and
//! normalising Unicode is the network's business: values are taken as they are.
//!
//! # Where a field ends
//!
//! Fields are separated by literal text. Of two neighbours one must be unable to hold the separator,
//! else the template is refused as ambiguous. The names of fields tell what they hold:
//!
//! | field | holds | `_` and `-` within |
//! |---|---|---|
//! | `{network}` | 1 to 16 of `a-z 0-9 -`, nothing else | no `_` |
//! | `{userid}` | 24 hexadecimal digits | neither |
//! | `{id}` | 1 to 64 of `a-z 0-9` | neither |
//! | `{occupant}` | anything; `/` and `+` become `=2f` and `=2b` (ids of Bifröst) | both stay |
//! | `{mucdomain}`, `{server}`, `{community}` | anything | `_` becomes `=5f` |
//! | any other | anything | both stay |
//!
//! So in `_irc_{network}_{nick}` the first `_` behind the prefix ends the network, in
//! `_xmpp_{room}_{mucdomain}` the last `_` starts the domain, and in `{username}-{userid}` the last
//! `-` starts the id.
//!
//! # Ids that would be too long
//!
//! An id has at most 255 bytes, sigil and server name included. From a longer one the field that
//! may hold anything is cut, and `==` with a SHA-256 hash of the whole localpart takes the place of
//! what was cut. No encoded value holds `==`, so such an id cannot be taken for another one.
//! [`Template::decode`] returns `None` for it: whoever made it has to remember what it stood for.
//!
//! [mapping]: https://spec.matrix.org/latest/appendices/#mapping-from-other-character-sets

use std::fmt;

mod codec;
mod decode;
mod encode;
mod error;
mod field;
mod namespace;
mod parse;

#[cfg(test)]
mod tests;

use field::Field;

pub use error::{EncodeError, TemplateError};
pub(crate) use namespace::escape;
pub use parse::Prefix;

/// Bytes that an id may have, its sigil and server name included.
pub const MAX_ID_BYTES: usize = 255;

/// Whether a template makes user ids or room aliases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TemplateKind {
    /// Ids of ghosts, `@localpart:server`.
    User,
    /// Aliases of rooms, `#localpart:server`.
    Alias,
}

impl TemplateKind {
    /// The character that ids of this kind start with.
    pub fn sigil(self) -> char {
        match self {
            Self::User => '@',
            Self::Alias => '#',
        }
    }
}

/// A parsed template. Its `Display` is the text it was parsed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    kind: TemplateKind,
    text: String,
    /// Literal text before the first field.
    prefix: String,
    /// Not empty.
    fields: Vec<Field>,
    /// Literal text between the fields: one less than there are fields, none of them empty.
    separators: Vec<String>,
    /// Literal text behind the last field.
    suffix: String,
    /// Index of the field that takes what the others leave: the ends of those before it are
    /// searched from the left, the starts of those behind it from the right.
    pivot: usize,
}

impl Template {
    /// Which ids this template makes.
    pub fn kind(&self) -> TemplateKind {
        self.kind
    }

    /// The names of the fields, in their order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    /// The literal text before the first field.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Puts sigil and server name around a localpart.
    pub fn full_id(&self, localpart: &str, server_name: &str) -> String {
        format!("{}{localpart}:{server_name}", self.kind.sigil())
    }

    /// The localpart of a full id, if it has our sigil and server name.
    pub fn localpart<'a>(&self, id: &'a str, server_name: &str) -> Option<&'a str> {
        id.strip_prefix(self.kind.sigil())?.strip_suffix(server_name)?.strip_suffix(':')
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
