//! A process that is killed while it commits.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use crate::{
    id::{Direction, LaneId, Seq},
    store::{
        Batch, Op, Store, StoreError,
        sqlite::SqliteStore,
        suite::{Tested, to_network},
    },
};

/// Tells a run of this test program that it is the one to be killed, and where its store is.
const CHILD: &str = "BRIDGE_TEST_STORE";

/// Each line that the child writes starts with it, so that it is told from the harness's.
const COMMITTED: &str = "committed ";

#[tokio::test]
async fn nothing_that_was_committed_dies_with_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bridge.db");
    let mut known = 0;
    for kill_after in [1, 40, 400] {
        let mut child = spawn(&path);
        let mut seqs = Vec::new();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        for line in stdout.lines() {
            if let Some(seq) = line.unwrap().strip_prefix(COMMITTED) {
                seqs.push(Seq(seq.parse().unwrap()));
            }
            if seqs.len() == 1 {
                let second = SqliteStore::open(&path).err();
                assert!(matches!(second, Some(StoreError::InUse { .. })), "{second:?}");
            }
            if seqs.len() == kill_after {
                child.kill().unwrap(); // what it wrote before is still read
            }
        }
        child.wait().unwrap();
        assert!(seqs.len() >= kill_after, "the child ended by itself");

        let (store, _feed) = SqliteStore::open(&path).unwrap();
        let pending = store.pending(LaneId(1), Direction::ToNetwork, Seq(0), usize::MAX);
        let pending = pending.await.unwrap();
        for seq in &seqs {
            assert!(pending.binary_search_by_key(seq, |row| row.seq).is_ok(), "{seq:?} is lost");
        }
        // Batches have two rows: never is one there without the other.
        assert_eq!(pending.len() % 2, 0);
        assert!(pending.len() >= known + 2 * seqs.len());
        known = pending.len();
    }
}

fn spawn(path: &Path) -> Child {
    let name = "store::sqlite::tests::crash::commit_until_killed";
    Command::new(env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the child does; it passes at once in a run that is not the child.
#[tokio::test]
async fn commit_until_killed() {
    let Some(path) = env::var_os(CHILD).map(PathBuf::from) else { return };
    let (store, _feed) = SqliteStore::open(path).unwrap();
    let store: Tested = Arc::new(store);
    let start = store.backlog().await.unwrap().to_network;
    let tasks: Vec<_> = (0..8)
        .map(|task| tokio::spawn(commit_for_ever(Arc::clone(&store), format!("${start}.{task}"))))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn commit_for_ever(store: Tested, prefix: String) {
    for n in 0.. {
        let rows = ["a", "b"].map(|half| Op::Append(to_network(1, &format!("{prefix}.{n}{half}"))));
        let committed = store.commit(Batch::settled(rows.into())).await.unwrap();
        let line = format!("\n{COMMITTED}{}\n", committed.appended[0].unwrap().0);
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}
