//! How the homeservers read the regexes of a registration.
//!
//! The specification says POSIX, and nobody does that. So one line claims different ids on
//! different servers, and a regex that one compiles stops another one at start.

use std::{cell::OnceCell, fmt};

use regex_automata::meta;
use regex_syntax::hir::{Dot, Hir, Look, Repetition};

use crate::automaton::Dfa;

mod outline;
mod refusal;
mod syntax;

#[cfg(test)]
mod tests;

pub(crate) use outline::{Atom, Outline};
pub(crate) use refusal::refusal;

/// The homeservers, told apart by their regexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Python's `re.match`: anchored at the start only, in exact case.
    Synapse,
    /// Go's `regexp`: anchored nowhere, in exact case.
    Dendrite,
    /// Rust's `regex` (Conduit, Tuwunel and kin): anchored nowhere; users and aliases in any case.
    Conduit,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Synapse, Self::Dendrite, Self::Conduit];
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Synapse => "Synapse",
            Self::Dendrite => "Dendrite",
            Self::Conduit => "Conduit and kin",
        })
    }
}

/// The lists below `namespaces`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamespaceKind {
    /// User ids.
    Users,
    /// Room aliases.
    Aliases,
    /// Room ids.
    Rooms,
}

impl NamespaceKind {
    /// All of them, in the order of the file.
    pub const ALL: [Self; 3] = [Self::Users, Self::Aliases, Self::Rooms];

    /// The kind of id that starts as `id` does.
    pub fn of_id(id: &str) -> Option<Self> {
        match id.chars().next() {
            Some('@') => Some(Self::Users),
            Some('#') => Some(Self::Aliases),
            Some('!') => Some(Self::Rooms),
            _ => None,
        }
    }

    /// The character that ids of this kind start with.
    pub fn sigil(self) -> char {
        match self {
            Self::Users => '@',
            Self::Aliases => '#',
            Self::Rooms => '!',
        }
    }
}

impl fmt::Display for NamespaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Users => "users",
            Self::Aliases => "aliases",
            Self::Rooms => "rooms",
        })
    }
}

/// A regex of a namespace as one homeserver reads it.
pub(crate) struct Pattern {
    pub(crate) dialect: Dialect,
    regex: meta::Regex,
    language: Hir,
    dfa: OnceCell<Option<Dfa>>,
}

impl Pattern {
    /// `None` for a regex that this program cannot read; [`refusal`] says whether the homeserver
    /// can.
    pub(crate) fn compile(dialect: Dialect, kind: NamespaceKind, regex: &str) -> Option<Self> {
        let any_case = dialect == Dialect::Conduit && kind != NamespaceKind::Rooms;
        let hir = syntax::parse(dialect, regex, any_case)?;
        let (searched, language) = match dialect {
            Dialect::Synapse => {
                let anchored = Hir::concat(vec![Hir::look(Look::Start), hir]);
                (anchored.clone(), Hir::concat(vec![anchored, anything()]))
            }
            Dialect::Dendrite | Dialect::Conduit => {
                (hir.clone(), Hir::concat(vec![anything(), hir, anything()]))
            }
        };
        let config = meta::Config::new().nfa_size_limit(Some(10 << 20));
        let regex = meta::Builder::new().configure(config).build_from_hir(&searched).ok()?;
        Some(Self { dialect, regex, language, dfa: OnceCell::new() })
    }

    /// Whether the homeserver finds the regex in `id`.
    pub(crate) fn is_match(&self, id: &str) -> bool {
        self.regex.is_match(id)
    }

    /// The automaton of all texts in which the homeserver finds the regex; `None` if it would be
    /// too large.
    pub(crate) fn dfa(&self) -> Option<&Dfa> {
        self.dfa.get_or_init(|| Dfa::build(&self.language)).as_ref()
    }
}

fn anything() -> Hir {
    Hir::repetition(Repetition {
        min: 0,
        max: None,
        greedy: true,
        sub: Box::new(Hir::dot(Dot::AnyChar)),
    })
}
