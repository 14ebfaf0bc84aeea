//! Why the store did not do as told.

use crate::id::SessionGroup;

/// Why the store did not do as told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another worker holds the lease now.
    #[error("the lease of {group} was taken over by another worker")]
    Fenced {
        /// The group.
        group: SessionGroup,
    },
    /// A portal or ghost was to be written whose key, room, alias or user id is another's.
    #[error("cannot write {what}")]
    Taken {
        /// What it is, and what it clashes with.
        what: String,
    },
    /// Another process has the store open.
    #[error("the store {path} is in use by another instance of this bridge: stop that one first")]
    InUse {
        /// The file.
        path: String,
    },
    /// The store was written by a newer version.
    #[error(
        "the store {path} was written by a newer version of the bridge (schema {found}, this \
         version reads up to {known}): install that version or newer"
    )]
    TooNew {
        /// The file.
        path: String,
        /// The schema that the file needs at least.
        found: i64,
        /// The newest schema that this version reads.
        known: i64,
    },
    /// The URL in `store.url` cannot be used.
    #[error("store.url {url:?}: {why}")]
    Url {
        /// The URL, without secrets.
        url: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// The database failed.
    #[error("the store failed: {what}")]
    Failed {
        /// What was being done.
        what: String,
        /// What the database said.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Something cannot be put into words that can be read back; waiting does not help.
    #[error("a row's {what} cannot be written: {source}")]
    Unwritable {
        /// What it is.
        what: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A row that was to be sent is settled: its message was redacted meanwhile.
    #[error("the row is settled already")]
    Settled,
    /// The store was closed while the call was under way.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn unwritable(what: &'static str, source: serde_json::Error) -> Self {
        Self::Unwritable { what, source }
    }
}
