//! What a row tells of its past.

use super::open;
use crate::{
    id::Timestamp,
    store::{
        Op, RowState,
        suite::{append, commit, to_network},
    },
};

#[tokio::test]
async fn a_row_tells_every_state_with_its_time_and_reason() {
    let (store, _feed, _guard) = open().await;
    let [seq] = append(&store, [to_network(1, "$a")]).await[..] else { panic!("one row") };
    let states = [
        RowState::Sending,
        RowState::Retry { at: Timestamp(9_000), why: "away".to_owned() },
        RowState::Sending,
        RowState::Dead { why: "banned".to_owned() },
        RowState::New,
    ];
    for (at, to) in (10..).zip(states) {
        commit(&store, vec![Op::Move { seq, to, at: Timestamp(at) }]).await;
    }
    commit(&store, vec![Op::Requeue(vec![seq])]).await;
    let row = store.row_by_key(crate::id::Direction::ToNetwork, "$a").await.unwrap().unwrap();
    assert_ne!(row.seq, seq);
    let done = Op::Move { seq: row.seq, to: RowState::Done, at: Timestamp(15) };
    commit(&store, vec![done]).await;

    let trail = store.trail(row.seq).await.unwrap();
    let told: Vec<_> =
        trail.iter().map(|step| (&*step.state, step.at.0, step.why.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("sending", 10, None),
            ("retry", 11, Some("away")),
            ("sending", 12, None),
            ("dead", 13, Some("banned")),
            ("new", 14, None),
            ("done", 15, None),
        ]
    );
}

#[tokio::test]
async fn a_row_that_never_ends_does_not_outgrow_its_page() {
    let (store, _feed, _guard) = open().await;
    let [seq] = append(&store, [to_network(1, "$a")]).await[..] else { panic!("one row") };
    let retry = |at| RowState::Retry { at, why: "the server is away again".to_owned() };
    let ops = (0..500).map(|at| Op::Move { seq, to: retry(Timestamp(at)), at: Timestamp(at) });
    commit(&store, ops.collect()).await;
    let done = Op::Move { seq, to: RowState::Done, at: Timestamp(600) };
    commit(&store, vec![done]).await;
    let trail = store.trail(seq).await.unwrap();
    assert!(trail.len() < 100, "{}", trail.len());
    assert_eq!(trail.last().unwrap().state, "done");
}
