//! A disk that is full.

use std::{path::Path, sync::Arc};

use tokio::sync::mpsc;

use crate::store::{
    Batch, Committed, Durability, NewRow, Op, StoreError,
    sqlite::{open_writer, schema, writer::Writer},
    suite::to_network,
};

async fn commit(writer: &Writer, ops: Vec<Op>) -> Result<Committed, StoreError> {
    let batch = Batch::durable(ops);
    writer.write(Durability::Disk, move |tx| tx.batch(batch)).await
}

fn cursor(value: &str) -> Vec<Op> {
    vec![Op::Cursor { scope: "scope".into(), value: Some(value.into()) }]
}

#[tokio::test]
async fn what_has_no_room_fails_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path: Arc<Path> = folder.path().join("bridge.db").into();
    super::super::lock::open_private(&path).unwrap();
    let mut conn = open_writer(&path).unwrap();
    schema::migrate(&mut conn, &path).unwrap();
    let pages: i64 = conn.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    conn.pragma_update_and_check(None, "max_page_count", pages + 4, |_| Ok(())).unwrap();
    let (rows, mut feed) = mpsc::unbounded_channel();
    let writer = Writer::spawn(conn, Arc::clone(&path), rows).unwrap();

    let huge = NewRow { body: "x".repeat(1 << 20).into(), ..to_network(1, "$huge") };
    let (before, failed, after) = tokio::join!(
        commit(&writer, cursor("1")),
        commit(&writer, vec![Op::Append(to_network(1, "$lost")), Op::Append(huge)]),
        commit(&writer, cursor("2")),
    );
    let error = failed.unwrap_err();
    assert!(matches!(error, StoreError::Failed { source: Some(_), .. }), "{error}");
    assert!(error.to_string().contains("bridge.db"), "{error}");
    // They may have shared its transaction, which may be lost as a whole; but the next is not.
    for neighbour in [before, after] {
        assert!(!matches!(neighbour, Err(StoreError::Closed)), "{neighbour:?}");
    }
    commit(&writer, cursor("3")).await.unwrap();
    let small = commit(&writer, vec![Op::Append(to_network(1, "$small"))]).await.unwrap();
    assert_eq!(Some(feed.recv().await.unwrap().seq), small.appended[0]);
    assert!(feed.try_recv().is_err(), "nothing of the lost batch is fed");
}
