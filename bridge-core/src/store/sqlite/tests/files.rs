//! The file: who may open it, what may be in it, and what comes out after a close.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use rusqlite::Connection;

use super::open;
use crate::{
    id::{Direction, LaneId, Seq},
    store::{
        Batch, Op, RowState, Store, StoreError,
        sqlite::SqliteStore,
        suite::{Tested, append, drain, move_to, places, row, to_network},
    },
};

fn refused(path: &Path) -> StoreError {
    match SqliteStore::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

fn reopen(path: &Path) -> (Tested, crate::store::Feed) {
    let (store, feed) = SqliteStore::open(path).unwrap();
    (Arc::new(store), feed)
}

#[tokio::test]
async fn everything_is_there_after_a_close() {
    let (store, mut feed, folder) = open().await;
    let seqs = append(&store, ["$a", "$b"].map(|key| to_network(7, key))).await;
    move_to(&store, seqs[0], RowState::Sending).await;
    assert_eq!(places(&drain(&store, &mut feed).await), seqs);
    let before = row(&store, seqs[0]).await;
    drop(store);
    assert_eq!(feed.recv().await, None, "the feed ends with the store");

    let (store, mut feed) = reopen(&folder.path().join("bridge.db"));
    assert_eq!(store.pending_lanes().await.unwrap(), [LaneId(7)]);
    let pending = store.pending(LaneId(7), Direction::ToNetwork, Seq(0), 10).await.unwrap();
    assert_eq!(places(&pending), seqs);
    assert_eq!(pending[0], before);
    let next = append(&store, [to_network(7, "$c")]).await;
    assert!(next[0] > seqs[1]);
    assert_eq!(places(&drain(&store, &mut feed).await), next, "only what is new is fed");
}

#[tokio::test]
async fn what_is_queued_is_written_before_a_close() {
    let (store, _feed, folder) = open().await;
    for n in 0..100 {
        let op = Op::Append(to_network(1, &format!("${n}")));
        let mut commit = Box::pin(store.commit(Batch::settled(vec![op])));
        // Polled once, it is in the queue; then nobody waits for it any more.
        let _ = futures_util::poll!(commit.as_mut());
    }
    drop(store);
    let (store, _feed) = reopen(&folder.path().join("bridge.db"));
    assert_eq!(store.backlog().await.unwrap().to_network, 100);
}

#[tokio::test]
async fn a_second_instance_is_refused() {
    let (store, _feed, folder) = open().await;
    let path = folder.path().join("bridge.db");
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for path in [&path, &link] {
        let error = refused(path);
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
        assert!(error.to_string().contains("bridge.db is in use"), "{error}");
    }
    drop(store);
    SqliteStore::open(&link).unwrap();
}

#[tokio::test]
async fn the_files_are_private() {
    let (store, _feed, folder) = open().await;
    append(&store, [to_network(1, "$a")]).await;
    for name in ["bridge.db", "bridge.db-wal", "bridge.db.lock"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// Sets what the file says of its schema.
fn claim(path: &Path, schema: i64, compatible: i64) {
    let conn = Connection::open(path).unwrap();
    let sql = "UPDATE meta SET value = iif(name = 'schema', ?1, ?2)";
    assert_eq!(conn.execute(sql, (schema, compatible)).unwrap(), 2);
}

#[tokio::test]
async fn a_newer_schema_is_refused_unless_it_says_otherwise() {
    let (store, _feed, folder) = open().await;
    append(&store, [to_network(1, "$a")]).await;
    drop(store);
    let path = folder.path().join("bridge.db");

    claim(&path, 1_000, 1_000);
    let before = fs::read(&path).unwrap();
    let error = refused(&path);
    assert!(matches!(error, StoreError::TooNew { found: 1_000, .. }), "{error}");
    assert!(error.to_string().contains("bridge.db was written by a newer version"), "{error}");
    assert!(before == fs::read(&path).unwrap(), "it is left as it was");

    claim(&path, 1_000, 1);
    let (store, _feed) = reopen(&path);
    append(&store, [to_network(1, "$b")]).await;
    drop(store);
    let schema = "SELECT value FROM meta WHERE name = 'schema'";
    let conn = Connection::open(&path).unwrap();
    assert_eq!(conn.query_row(schema, [], |row| row.get::<_, i64>(0)).unwrap(), 1_000);
}

#[test]
fn what_is_no_store_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.db");
    fs::write(&garbage, "no database at all, but longer than a header ".repeat(100)).unwrap();
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let nowhere = folder.path().join("missing/bridge.db");

    for path in [&*garbage, &*other, &*nowhere, folder.path()] {
        let error = refused(path);
        assert!(matches!(error, StoreError::Failed { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    assert!(refused(&other).to_string().contains("not a store"));
    assert!(!nowhere.exists());
}

#[tokio::test]
async fn damaged_pages_are_an_error_that_names_the_file() {
    let (store, _feed, folder) = open().await;
    let keys: Vec<_> = (0..500).map(|n| format!("${n}")).collect();
    append(&store, keys.iter().map(|key| to_network(1, key))).await;
    drop(store);
    let path = folder.path().join("bridge.db");
    let mut bytes = fs::read(&path).unwrap();
    let tables = 15 * 4096; // behind the roots of all tables and indexes
    bytes[tables..].fill(0xa5);
    fs::write(&path, bytes).unwrap();

    let (store, _feed) = reopen(&path);
    let read = store.pending(LaneId(1), Direction::ToNetwork, Seq(0), 1_000).await.unwrap_err();
    let batch = Batch::durable(keys.iter().map(|key| Op::Append(to_network(2, key))).collect());
    let written = store.commit(batch).await.unwrap_err();
    for error in [read, written] {
        assert!(matches!(error, StoreError::Failed { source: Some(_), .. }), "{error}");
        assert!(error.to_string().contains("bridge.db"), "{error}");
    }
}

#[tokio::test]
async fn values_that_nobody_wrote_are_an_error() {
    let (store, _feed, folder) = open().await;
    let seqs = append(&store, ["$a", "$b"].map(|key| to_network(1, key))).await;
    drop(store);
    let path = folder.path().join("bridge.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute("UPDATE rows SET direction = 9 WHERE seq = ?1", [seqs[0].0]).unwrap();
    conn.execute("UPDATE rows SET state = 99 WHERE seq = ?1", [seqs[1].0]).unwrap();
    drop(conn);
    let (store, _feed) = reopen(&path);
    for seq in seqs {
        assert!(matches!(store.row(seq).await, Err(StoreError::Failed { .. })));
    }
}

#[tokio::test]
async fn a_copy_can_be_made_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bridge.db");
    let (store, _feed) = SqliteStore::open(&path).unwrap();
    let store = Arc::new(store);
    let tested: Tested = store.clone();
    append(&tested, [to_network(1, "$before")]).await;
    let copy = folder.path().join("copy.db");
    fs::write(&copy, "an older one").unwrap();

    let writing = async {
        for n in 0..200 {
            append(&tested, [to_network(1, &format!("${n}"))]).await;
        }
    };
    let (copied, ()) = tokio::join!(store.backup(&copy), writing);
    copied.unwrap();
    append(&tested, [to_network(1, "$after")]).await;

    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let (copy, _feed) = reopen(&copy);
    let known = async |key| copy.row_by_key(Direction::ToNetwork, key).await.unwrap().is_some();
    assert!(known("$before").await);
    assert!(!known("$after").await);
}

#[tokio::test]
async fn a_copy_never_replaces_the_store_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bridge.db");
    let (store, _feed) = SqliteStore::open(&path).unwrap();
    let error = store.backup(&path).await.unwrap_err();
    assert!(error.to_string().contains("bridge.db"), "{error}");
    let nowhere = store.backup(&folder.path().join("missing/copy.db")).await.unwrap_err();
    assert!(nowhere.to_string().contains("missing/copy.db"), "{nowhere}");
    store.commit(Batch::durable(vec![Op::Append(to_network(1, "$a"))])).await.unwrap();
}
