//! The entries of namespaces, ready to be asked about ids.

use crate::{
    automaton::{Dfa, Search, common_text},
    dialect::{Dialect, NamespaceKind, Outline, Pattern},
    file::File,
    model::draft::DraftNamespace,
    template::escape,
};

/// One entry of one file, as each homeserver reads it.
pub(crate) struct Claim<'a> {
    pub(crate) file: &'a File,
    pub(crate) kind: NamespaceKind,
    pub(crate) entry: &'a DraftNamespace,
    /// `None` for a regex that this program cannot read.
    pub(crate) outline: Option<Outline>,
    /// One a dialect, as far as they can be read.
    pub(crate) patterns: Vec<Pattern>,
}

impl<'a> Claim<'a> {
    /// All entries of `file`, in its order.
    pub(crate) fn of_file(file: &'a File, dialects: &[Dialect]) -> Vec<Self> {
        let entries = NamespaceKind::ALL
            .into_iter()
            .flat_map(|kind| file.entries(kind).iter().map(move |entry| (kind, entry)));
        entries
            .map(|(kind, entry)| {
                let regex = &entry.regex.value;
                let compile = |&dialect| Pattern::compile(dialect, kind, regex);
                Self {
                    file,
                    kind,
                    entry,
                    outline: Outline::of(regex),
                    patterns: dialects.iter().filter_map(compile).collect(),
                }
            })
            .collect()
    }

    /// Whether nobody else may have these ids. An entry that does not say counts as one.
    pub(crate) fn is_exclusive(&self) -> bool {
        self.entry.exclusive.unwrap_or(true)
    }

    pub(crate) fn regex(&self) -> &str {
        &self.entry.regex.value
    }

    pub(crate) fn line(&self) -> usize {
        self.entry.regex.line
    }

    pub(crate) fn key(&self) -> String {
        format!("{}.regex", self.entry.key)
    }

    pub(crate) fn pattern(&self, dialect: Dialect) -> Option<&Pattern> {
        self.patterns.iter().find(|pattern| pattern.dialect == dialect)
    }

    /// An id among `ids` that some homeserver finds here, and that homeserver.
    pub(crate) fn example(&self, ids: &Dfa) -> Option<(Dialect, String)> {
        self.patterns.iter().find_map(|pattern| match common_text(&[pattern.dfa()?, ids], &[]) {
            Search::Found(id) => Some((pattern.dialect, id)),
            Search::Nothing | Search::Undecided => None,
        })
    }

    /// Whether no homeserver finds any of `ids` here; `false` also where that cannot be told.
    pub(crate) fn misses(&self, ids: &Dfa) -> bool {
        !self.patterns.is_empty()
            && self.patterns.iter().all(|pattern| {
                let found = pattern.dfa().map(|dfa| common_text(&[dfa, ids], &[]));
                found == Some(Search::Nothing)
            })
    }
}

/// A host name or an address, with or without a port.
const ANY_SERVER: &str = r"(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?";

/// The ids of a kind that a homeserver may be asked about, on one server or on any.
pub(crate) fn ids(kind: NamespaceKind, server_name: Option<&str>) -> Option<Dfa> {
    let local = match kind {
        NamespaceKind::Users => "[a-z0-9._=/+-]+",
        NamespaceKind::Aliases | NamespaceKind::Rooms => r"[^:\x00-\x20]+",
    };
    ids_of(kind, local, server_name)
}

/// The ids whose localpart is in `local`, a regex.
pub(crate) fn ids_of(kind: NamespaceKind, local: &str, server_name: Option<&str>) -> Option<Dfa> {
    let server = server_name.map_or_else(|| ANY_SERVER.to_owned(), escape);
    Dfa::of_regex(&format!("{}(?:{local}):{server}", kind.sigil()))
}
