mod crash;
mod files;
mod full;
mod random;
mod trail;

use std::sync::Arc;

use tempfile::TempDir;

use super::SqliteStore;
use crate::store::{Feed, suite::Tested};

/// An empty store, in a folder that goes with the last value.
async fn open() -> (Tested, Feed, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (store, feed) = SqliteStore::open(folder.path().join("bridge.db")).unwrap();
    (Arc::new(store), feed, folder)
}

crate::store_suite!(open);
