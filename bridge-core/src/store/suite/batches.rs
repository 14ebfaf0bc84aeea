//! Batches: whole or not at all, fed in one order.

use std::sync::Arc;

use super::{Tested, append, commit, drain, places, records::portal, to_network};
use crate::{
    id::{Direction, Seq},
    store::{Batch, Durability, Feed, Op, StoreError},
};

/// Other batches that are under way at the same time are not harmed.
pub async fn a_batch_that_fails_leaves_nothing_and_spoils_no_other(store: Tested, mut feed: Feed) {
    let mut taken = portal("taken");
    taken.alias = Some("one".into());
    commit(&store, vec![Op::Portal(taken.clone())]).await;
    taken.key = "other".into();

    let bad = vec![
        Op::Append(to_network(1, "$bad")),
        Op::Cursor { scope: "bad".into(), value: Some("1".into()) },
        Op::Portal(taken),
    ];
    let (before, failed, after) = tokio::join!(
        store.commit(Batch::durable(vec![Op::Append(to_network(1, "$before"))])),
        store.commit(Batch::durable(bad)),
        store.commit(Batch::durable(vec![Op::Append(to_network(1, "$after"))])),
    );
    assert!(matches!(failed, Err(StoreError::Taken { .. })), "{failed:?}");
    let good: Vec<_> =
        [before, after].into_iter().flat_map(|done| done.unwrap().appended).flatten().collect();
    let mut fed = places(&drain(&store, &mut feed).await);
    fed.sort_unstable();
    assert_eq!(fed, good);
    assert_eq!(store.row_by_key(Direction::ToNetwork, "$bad").await.unwrap(), None);
    assert_eq!(store.cursor("bad").await.unwrap(), None);
}

/// What 50 tasks commit comes out once, in the order of its places, with each task's in order.
pub async fn concurrent_commits_are_fed_in_one_order(store: Tested, mut feed: Feed) {
    let tasks: Vec<_> = (0..50)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut seqs = Vec::new();
                for n in 0..20 {
                    let rows = [0, 1].map(|half| to_network(task, &format!("${task}.{n}.{half}")));
                    let mut batch = Batch::settled(rows.map(Op::Append).into());
                    if n % 3 == 0 {
                        batch.durability = Durability::Disk;
                    }
                    let committed = store.commit(batch).await.expect("it is committed");
                    seqs.extend(committed.appended.into_iter().flatten());
                }
                assert!(seqs.is_sorted(), "{seqs:?}");
                seqs
            })
        })
        .collect();
    let mut seqs: Vec<Seq> = Vec::new();
    for task in tasks {
        seqs.extend(task.await.expect("the task ends"));
    }
    seqs.sort_unstable();
    assert_eq!(seqs.len(), 2_000);
    assert_eq!(places(&drain(&store, &mut feed).await), seqs);
}

/// Whoever commits finds its rows in the feed and in the store.
pub async fn a_commit_is_fed_before_it_returns(store: Tested, mut feed: Feed) {
    for key in ["$a", "$b", "$c"] {
        let [seq] = append(&store, [to_network(1, key)]).await[..] else { panic!() };
        let fed = feed.try_recv().expect("the row is in the feed");
        assert_eq!(fed.seq, seq);
        assert_eq!(store.row(seq).await.unwrap(), Some(fed));
    }
    assert!(feed.try_recv().is_err());
}

/// It does nothing.
pub async fn an_empty_batch_is_fine(store: Tested, mut feed: Feed) {
    let committed = commit(&store, Vec::new()).await;
    assert_eq!(committed, crate::store::Committed::default());
    assert_eq!(drain(&store, &mut feed).await, []);
}
