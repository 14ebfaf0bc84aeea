//! `store.url`: `sqlite:` and a path.

use std::path::{Path, PathBuf};

use super::SqliteStore;
use crate::store::{Feed, StoreError};

impl SqliteStore {
    /// Opens the store that `store.url` names, such as `sqlite:bridge.db`; a relative path starts
    /// at `folder`.
    ///
    /// # Errors
    /// [`StoreError::Url`] if it is no such URL, and those of [`SqliteStore::open`].
    pub fn open_url(url: &str, folder: &Path) -> Result<(Self, Feed), StoreError> {
        Self::open(path_of(url, folder)?)
    }
}

fn path_of(url: &str, folder: &Path) -> Result<PathBuf, StoreError> {
    let wrong = |why: &str| {
        Err(StoreError::Url {
            url: without_secrets(url),
            why: format!("{why}; try sqlite:bridge.db"),
        })
    };
    let Some(path) = url.strip_prefix("sqlite:") else {
        return wrong("it does not start with \"sqlite:\"");
    };
    // Some write sqlite:///var/lib/bridge.db, with an empty host.
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.contains(['?', '#']) {
        return wrong("parameters are not supported");
    }
    if path == ":memory:" {
        return wrong("a store in memory would forget what it took in");
    }
    if path.is_empty() || path.ends_with('/') {
        return wrong("it names no file");
    }
    Ok(folder.join(path))
}

/// The URL without user and password.
fn without_secrets(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, place)) => format!("{scheme}://{place}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_relative_to_the_folder_of_the_configuration() {
        let folder = Path::new("/etc/bridge");
        for (url, path) in [
            ("sqlite:bridge.db", "/etc/bridge/bridge.db"),
            ("sqlite:data/bridge.db", "/etc/bridge/data/bridge.db"),
            ("sqlite:/var/lib/bridge.db", "/var/lib/bridge.db"),
            ("sqlite:///var/lib/bridge.db", "/var/lib/bridge.db"),
        ] {
            assert_eq!(path_of(url, folder).unwrap(), Path::new(path), "{url}");
        }
    }

    #[test]
    fn what_names_no_file_is_refused_in_words() {
        for (url, why) in [
            ("bridge.db", "does not start"),
            ("postgres://localhost/bridge", "does not start"),
            ("sqlite:", "no file"),
            ("sqlite:data/", "no file"),
            ("sqlite::memory:", "forget"),
            ("sqlite:bridge.db?mode=ro", "parameters"),
        ] {
            let error = path_of(url, Path::new(".")).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("sqlite:bridge.db"), "{error}");
        }
    }

    #[test]
    fn a_password_is_not_repeated() {
        let error = path_of("mongodb://me:secret@host/db", Path::new(".")).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.to_string().contains("mongodb://host/db"), "{error}");
    }
}
