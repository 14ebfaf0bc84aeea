//! One process a store: a lock of the operating system, which dies with the process.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::store::StoreError;

/// Held as long as the store is open.
pub(super) struct StoreLock {
    _file: File,
}

/// Locks the store at `path` through a file beside it, `bridge.db.lock` for `bridge.db`.
///
/// The file stays when the lock goes: removing it would race with the next process.
pub(super) fn take(path: &Path) -> Result<StoreLock, StoreError> {
    let beside = beside(path);
    let failed = |source: io::Error| StoreError::Failed {
        what: format!("locking {}", beside.display()),
        source: Some(Box::new(source)),
    };
    let file = open_private(&beside).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(StoreLock { _file: file }),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::InUse { path: path.display().to_string() })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Whether a process has the store at `path` open.
pub(crate) fn is_in_use(path: &Path) -> bool {
    // Without the file beside it nobody ever opened the store.
    let Ok(file) = File::open(beside(path)) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Opens a file, or makes one that nobody but its owner can read.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
