//! Rows and their states.

use super::{
    CREATED, LATER, Tested, append, commit, drain, move_to, places, row, to_matrix, to_network,
};
use crate::{
    id::{Direction, LaneId, Seq, Timestamp},
    store::{Backlog, Feed, NewRow, Op, QueueFilter, RowState},
};

fn dead() -> RowState {
    RowState::Dead { why: "nobody there".into() }
}

fn uncertain() -> RowState {
    RowState::Uncertain { why: "killed".into() }
}

fn retry() -> RowState {
    RowState::Retry { at: Timestamp(5_000), why: "busy".into() }
}

/// De-duplication, within a batch and between batches.
pub async fn a_known_key_is_not_appended_again(store: Tested, mut feed: Feed) {
    let first = Op::Append(to_network(1, "$a"));
    let twice = vec![first, Op::Append(to_network(2, "$a")), Op::Append(to_matrix(1, "$a"))];
    let appended = commit(&store, twice).await.appended;
    let [Some(there), None, Some(back)] = appended[..] else { panic!("{appended:?}") };

    move_to(&store, there, RowState::Done).await;
    let again = commit(&store, vec![Op::Append(to_network(1, "$a"))]).await.appended;
    assert_eq!(again, [None], "a settled row is still known");

    let keyless = || NewRow { key: None, ..to_network(1, "") };
    let keyless = append(&store, [keyless(), keyless()]).await;
    assert_eq!(places(&drain(&store, &mut feed).await), [&[there, back], &keyless[..]].concat());

    let found = store.row_by_key(Direction::ToMatrix, "$a").await.unwrap().unwrap();
    assert_eq!((found.seq, found.lane), (back, LaneId(1)));
    assert_eq!(store.row_by_key(Direction::ToMatrix, "$b").await.unwrap(), None);
}

/// One lane and direction at a time, from a place on, at most so many.
pub async fn pending_rows_come_in_order(store: Tested, _: Feed) {
    let rows = ["$a", "$b", "$c", "$d", "$e"].map(|key| to_network(1, key));
    let seqs = append(&store, rows).await;
    append(&store, [to_network(2, "$other"), to_matrix(1, "$back")]).await;
    move_to(&store, seqs[0], RowState::Sending).await;
    move_to(&store, seqs[1], retry()).await;
    move_to(&store, seqs[2], RowState::Done).await;
    move_to(&store, seqs[3], uncertain()).await;

    let pending = |after, limit| store.pending(LaneId(1), Direction::ToNetwork, after, limit);
    let all = pending(Seq(0), 10).await.unwrap();
    assert_eq!(places(&all), [seqs[0], seqs[1], seqs[4]]);
    assert_eq!(&*all[0].body, r#"{"body":"$a"}"#);
    assert_eq!(places(&pending(seqs[0], 1).await.unwrap()), [seqs[1]]);
    assert_eq!(pending(seqs[4], 10).await.unwrap(), []);
    assert_eq!(pending(Seq(0), 0).await.unwrap(), []);
}

/// So that a start works off the oldest first.
pub async fn lanes_come_with_their_oldest_row_first(store: Tested, _: Feed) {
    let rows = [to_network(3, "$a"), to_matrix(1, "b"), to_network(2, "$c"), to_network(1, "$d")];
    let seqs = append(&store, rows).await;
    let lanes = async || store.pending_lanes().await.unwrap();
    assert_eq!(lanes().await, [3, 1, 2].map(LaneId));
    move_to(&store, seqs[1], RowState::Done).await;
    assert_eq!(lanes().await, [3, 2, 1].map(LaneId));
    move_to(&store, seqs[0], dead()).await;
    assert_eq!(lanes().await, [2, 1].map(LaneId));
}

/// Attempts, times, reasons, and the body that goes when all is done.
pub async fn a_row_goes_through_its_states(store: Tested, _: Feed) {
    let [seq] = append(&store, [to_network(1, "$a")]).await[..] else { panic!() };
    let new = row(&store, seq).await;
    assert_eq!((&new.state, new.attempts), (&RowState::New, 0));
    assert_eq!((new.created, new.changed), (CREATED, CREATED));

    for (attempts, state) in [(1, RowState::Sending), (1, retry()), (2, RowState::Sending)] {
        move_to(&store, seq, state.clone()).await;
        let now = row(&store, seq).await;
        assert_eq!((&now.state, now.attempts), (&state, attempts));
        assert_eq!((now.created, now.changed), (CREATED, LATER));
        assert_eq!(now.body, new.body);
    }
    move_to(&store, seq, RowState::Done).await;
    let done = row(&store, seq).await;
    assert_eq!((&done.state, &*done.body), (&RowState::Done, ""));
    assert_eq!(done.key.as_deref(), Some("$a"), "the key stays");
}

/// A late word about a row that is done changes nothing.
pub async fn a_settled_row_stays_settled(store: Tested, _: Feed) {
    for settled in [RowState::Done, RowState::Cancelled] {
        let [seq] = append(&store, [to_network(1, settled.label())]).await[..] else { panic!() };
        move_to(&store, seq, settled).await;
        let before = row(&store, seq).await;
        for to in [RowState::New, RowState::Sending, retry(), dead(), RowState::Done] {
            move_to(&store, seq, to).await;
            assert_eq!(row(&store, seq).await, before);
        }
    }
}

/// An admin's `queue retry` and `queue drop`.
pub async fn what_was_given_up_can_be_tried_again(store: Tested, _: Feed) {
    for parked in [dead(), uncertain(), RowState::Waiting] {
        let [seq] = append(&store, [to_network(1, parked.label())]).await[..] else { panic!() };
        move_to(&store, seq, parked.clone()).await;
        let kept = row(&store, seq).await;
        assert_eq!(kept.state, parked);
        assert_ne!(&*kept.body, "", "it can be retried");
        move_to(&store, seq, RowState::New).await;
        assert_eq!(row(&store, seq).await.state, RowState::New);
        move_to(&store, seq, parked).await;
        move_to(&store, seq, RowState::Cancelled).await;
        assert_eq!(&*row(&store, seq).await.body, "");
    }
}

/// The last progress counts. It is part of what was said, and leaves with it.
pub async fn progress_is_kept_until_a_row_is_settled(store: Tested, _: Feed) {
    let [seq] = append(&store, [to_network(1, "$a")]).await[..] else { panic!() };
    let progress = |text: &str| vec![Op::Progress { seq, progress: text.into() }];
    commit(&store, progress("1")).await;
    commit(&store, progress("2")).await;
    assert_eq!(row(&store, seq).await.progress.as_deref(), Some("2"));
    move_to(&store, seq, RowState::Done).await;
    commit(&store, progress("3")).await;
    assert_eq!(row(&store, seq).await.progress, None);
}

/// How a gap is closed: the missed rows take their places first.
pub async fn requeued_rows_stand_behind_what_was_missed(store: Tested, mut feed: Feed) {
    let early = append(&store, [to_network(1, "$c"), to_network(1, "$d")]).await;
    move_to(&store, early[0], RowState::Sending).await;
    move_to(&store, early[0], retry()).await;
    commit(&store, vec![Op::Progress { seq: early[0], progress: "7".into() }]).await;
    let before = row(&store, early[0]).await;
    drain(&store, &mut feed).await;

    let missed = [to_network(1, "$a"), to_network(1, "$b")].map(Op::Append);
    commit(&store, missed.into_iter().chain([Op::Requeue(early.clone())]).collect()).await;

    let fed = drain(&store, &mut feed).await;
    let keys: Vec<_> = fed.iter().filter_map(|row| row.key.as_deref()).collect();
    assert_eq!(keys, ["$a", "$b", "$c", "$d"]);
    assert!(fed.is_sorted_by_key(|row| row.seq), "{fed:?}");
    let moved = &fed[2];
    assert!(moved.seq > early[1]);
    assert_eq!(*moved, crate::store::Row { seq: moved.seq, ..before });
    let pending = store.pending(LaneId(1), Direction::ToNetwork, Seq(0), 10).await.unwrap();
    assert_eq!(pending, fed);
    assert_eq!(store.row(early[0]).await.unwrap(), None);
    let known = commit(&store, vec![Op::Append(to_network(1, "$c"))]).await.appended;
    assert_eq!(known, [None], "its key moves with it");
}

/// Neither what is settled or parked, nor what is not there.
pub async fn only_work_is_requeued(store: Tested, mut feed: Feed) {
    let seqs = append(&store, ["$a", "$b", "$c"].map(|key| to_network(1, key))).await;
    move_to(&store, seqs[0], RowState::Done).await;
    move_to(&store, seqs[1], dead()).await;
    drain(&store, &mut feed).await;
    let nowhere = Seq(seqs[2].0 + 1_000_000);
    commit(&store, vec![Op::Requeue(vec![seqs[0], seqs[1], nowhere])]).await;
    assert_eq!(drain(&store, &mut feed).await, []);
    assert_eq!(row(&store, seqs[1]).await.state, dead());

    // Retried by an admin, it is work again.
    let again = Op::Move { seq: seqs[1], to: RowState::New, at: LATER };
    commit(&store, vec![again, Op::Requeue(vec![seqs[1]])]).await;
    let fed = drain(&store, &mut feed).await;
    let [again] = &fed[..] else { panic!("{fed:?}") };
    assert_eq!((again.key.as_deref(), &again.state), (Some("$b"), &RowState::New));
}

/// They are kept for an admin, with what they said.
pub async fn dead_letters_are_not_fed(store: Tested, mut feed: Feed) {
    let letter = NewRow { key: None, state: dead(), ..to_network(0, "7") };
    let seqs = append(&store, [letter, to_network(1, "$a")]).await;
    assert_eq!(places(&drain(&store, &mut feed).await), [seqs[1]]);
    let kept = row(&store, seqs[0]).await;
    assert_eq!((kept.state, &*kept.body), (dead(), r#"{"body":"7"}"#));
}

/// By state and by lane, the oldest first.
pub async fn the_queue_shows_what_an_admin_may_want_to_see(store: Tested, _: Feed) {
    let states = [
        dead(),
        RowState::New,
        retry(),
        uncertain(),
        RowState::Done,
        dead(),
        RowState::Sending,
        RowState::Cancelled,
        RowState::Waiting,
    ];
    let mut seqs = Vec::new();
    for (lane, state) in (0..).zip(&states) {
        let rows = append(&store, [to_network(lane % 2, &format!("${lane}"))]).await;
        move_to(&store, rows[0], state.clone()).await;
        seqs.extend(rows);
    }
    let queue = async |labels: &[&str], lane: Option<i64>, limit: usize| {
        let states = labels.iter().map(|&label| label.to_owned()).collect();
        let rows =
            store.queue(QueueFilter { states, lane: lane.map(LaneId) }, limit).await.unwrap();
        let place = |seq| seqs.iter().position(|&known| known == seq).unwrap();
        rows.iter().map(|row| place(row.seq)).collect::<Vec<_>>()
    };
    assert_eq!(queue(&[], None, 10).await, [0, 2, 3, 5]);
    assert_eq!(queue(&[], None, 3).await, [0, 2, 3]);
    assert_eq!(queue(&[], Some(1), 10).await, [3, 5]);
    assert_eq!(queue(&["dead"], None, 10).await, [0, 5]);
    assert_eq!(queue(&["done", "new", "waiting"], None, 10).await, [1, 4, 8]);
    assert_eq!(queue(&["sending", "cancelled"], Some(0), 10).await, [6]);
    assert_eq!(queue(&["lost"], None, 10).await, [0; 0]);
}

/// Each direction, and what is stuck.
pub async fn the_backlog_counts(store: Tested, _: Feed) {
    assert_eq!(store.backlog().await.unwrap(), Backlog::default());
    let oldest = NewRow { created: Timestamp(500), ..to_network(1, "$old") };
    let rows = [to_network(1, "$a"), to_matrix(1, "b"), oldest, to_matrix(2, "c")];
    let seqs = append(&store, rows).await;
    let more = ["$d", "$e", "$f", "$g"].map(|key| to_network(3, key));
    let more = append(&store, more).await;
    for (seq, state) in more.iter().zip([dead(), dead(), uncertain(), RowState::Done]) {
        move_to(&store, *seq, state).await;
    }
    move_to(&store, seqs[0], RowState::Sending).await;
    let expected = Backlog {
        to_network: 2,
        to_matrix: 2,
        oldest: Some(Timestamp(500)),
        uncertain: 1,
        dead: 2,
    };
    assert_eq!(store.backlog().await.unwrap(), expected);
}

/// What is settled and old; what is dead waits for somebody.
pub async fn trimming_removes_old_settled_rows(store: Tested, _: Feed) {
    let keys: Vec<_> = (0..2_500).map(|n| format!("${n}")).collect();
    let seqs = append(&store, keys.iter().map(|key| to_network(1, key))).await;
    let state = |n| match n % 5 {
        0 => RowState::Done,
        1 => RowState::Cancelled,
        2 => dead(),
        3 => retry(),
        _ => RowState::New,
    };
    let at = |n| if n % 2 == 0 { Timestamp(1_500) } else { Timestamp(2_500) };
    let moves = (0..).zip(&seqs).map(|(n, &seq)| Op::Move { seq, to: state(n), at: at(n) });
    commit(&store, moves.collect()).await;

    assert_eq!(store.trim(Timestamp(1_500)).await.unwrap(), 0);
    assert_eq!(store.trim(LATER).await.unwrap(), 500);
    assert_eq!(store.row(seqs[0]).await.unwrap(), None);
    assert!(store.row(seqs[5]).await.unwrap().is_some(), "it is not old enough");
    assert!(store.row(seqs[2]).await.unwrap().is_some(), "it is not settled");
    assert_eq!(store.trim(Timestamp(9_000)).await.unwrap(), 500);
    assert_eq!(store.trim(Timestamp(9_000)).await.unwrap(), 0);

    let again = append(&store, [to_network(1, "$0")]).await;
    assert!(again[0] > seqs[2_499], "no place is given twice");
}
