//! Copies of a store that is in use.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use super::{Doing, SqliteStore, failed, lock, open_reader};
use crate::store::StoreError;

impl SqliteStore {
    /// Writes a copy of the store, as it is now, to a file; whatever commits goes on meanwhile.
    ///
    /// The copy grows beside its place and is put there once it is whole, over an older one if
    /// there is any.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if the file cannot be written or the store cannot be read.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let (path, to) = (self.path.clone(), to.to_owned());
        tokio::task::spawn_blocking(move || copy(&path, &to))
            .await
            .map_err(|_| StoreError::Closed)?
    }
}

fn copy(path: &Path, to: &Path) -> Result<(), StoreError> {
    let partial = partial(to);
    let failed = |error| failed("writing a copy of the store to", to, error);
    if to.canonicalize().is_ok_and(|to| to == path) {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is the store itself")));
    }
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    // SQLite fills a file that is there and empty; this one is private.
    let file = lock::open_private(&partial).map_err(failed)?;
    let name = partial.to_str().ok_or_else(|| {
        failed(io::Error::new(io::ErrorKind::InvalidInput, "the path is not valid UTF-8"))
    })?;
    open_reader(path)?.execute("VACUUM INTO ?1", [name]).doing("copying", path)?;
    file.sync_all().and_then(|()| fs::rename(&partial, to)).map_err(failed)
}

fn partial(to: &Path) -> PathBuf {
    let mut name = OsString::from(to);
    name.push(".partial");
    name.into()
}
