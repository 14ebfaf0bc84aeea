//! `store`: where the bridge keeps what must not be lost.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Serialize, Serializer};

use super::{
    context::Context,
    duration,
    node::Node,
    secret::{Secret, redact_url},
    section::{Section, Wrong, wrong},
};

/// The store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Store {
    /// Which store, and where.
    pub url: StoreUrl,
    /// How long settled rows are kept.
    #[serde(serialize_with = "duration::serialize")]
    pub keep: Duration,
}

/// Which store, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A MongoDB database, with the password in its address.
    Mongodb(Secret),
}

impl Serialize for StoreUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sqlite(path) => {
                serializer.collect_str(&format_args!("sqlite:{}", path.display()))
            }
            Self::Mongodb(url) => {
                let redacted = redact_url(url.expose());
                serializer.serialize_str(redacted.as_deref().unwrap_or(url.expose()))
            }
        }
    }
}

pub(super) fn read(root: &Node, context: &Context) -> Store {
    let mut section = Section::open(root, "store", context);
    let default = || StoreUrl::Sqlite(context.folder().join("bridge.db"));
    let url = section.optional_secret("url", "url_file").map_or_else(default, |secret| {
        parse_url(secret.expose(), context.folder()).unwrap_or_else(|wrong| {
            section.complain("url", wrong);
            default()
        })
    });
    let keep = section.duration("keep", Duration::from_hours(30 * 24));
    section.finish();
    Store { url, keep }
}

fn parse_url(text: &str, folder: &Path) -> Result<StoreUrl, Wrong> {
    const FIX: &str = "write `sqlite:bridge.db`, or `mongodb://host/database`";
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(wrong("the address names no file", FIX));
        }
        return Ok(StoreUrl::Sqlite(folder.join(path)));
    }
    if text.starts_with("mongodb://") || text.starts_with("mongodb+srv://") {
        return Ok(StoreUrl::Mongodb(text.into()));
    }
    Err(wrong("this is not the address of a store", FIX))
}
