//! What a redaction does to rows.

use super::{LATER, Tested, append, commit, drain, move_to, places, row, to_matrix, to_network};
use crate::{
    id::Timestamp,
    store::{Feed, Op, RowState},
};

fn erase(event_id: &str) -> Op {
    Op::Erase { event_id: event_id.try_into().expect("it is an event id"), at: LATER }
}

/// New, in retry, parked or given up: what it said is gone at once.
pub async fn what_was_not_sent_is_cancelled(store: Tested, _: Feed) {
    let why = || String::from("the words: secret");
    let states = [
        RowState::New,
        RowState::Retry { at: Timestamp(1), why: why() },
        RowState::Uncertain { why: why() },
        RowState::Dead { why: why() },
        RowState::Waiting,
    ];
    for state in states {
        let event_id = format!("${}", state.label());
        let [seq] = append(&store, [to_network(1, &event_id)]).await[..] else { panic!() };
        commit(&store, vec![Op::Progress { seq, progress: "secret".into() }]).await;
        move_to(&store, seq, state).await;
        commit(&store, vec![erase(&event_id)]).await;
        let erased = row(&store, seq).await;
        assert_eq!(erased.state, RowState::Cancelled);
        assert_eq!((&*erased.body, erased.progress, erased.changed), ("", None, LATER));
    }
}

/// Its answer is under way. Once it is there, the body goes.
pub async fn what_is_being_sent_is_left_alone(store: Tested, _: Feed) {
    let [seq] = append(&store, [to_network(1, "$a")]).await[..] else { panic!() };
    move_to(&store, seq, RowState::Sending).await;
    let before = row(&store, seq).await;
    commit(&store, vec![erase("$a")]).await;
    assert_eq!(row(&store, seq).await, before);

    move_to(&store, seq, RowState::Done).await;
    commit(&store, vec![erase("$a")]).await;
    let done = row(&store, seq).await;
    assert_eq!((done.state, &*done.body), (RowState::Done, ""));
}

/// A homeserver hands over an event and its redaction in one transaction.
pub async fn an_event_erased_in_its_own_batch_is_never_fed(store: Tested, mut feed: Feed) {
    let ops = ["$a", "$b", "$c"].map(|key| Op::Append(to_network(1, key)));
    let appended = commit(&store, ops.into_iter().chain([erase("$b")]).collect()).await.appended;
    let seqs: Vec<_> = appended.into_iter().flatten().collect();
    assert_eq!(places(&drain(&store, &mut feed).await), [seqs[0], seqs[2]]);
    assert_eq!(row(&store, seqs[1]).await.state, RowState::Cancelled);
}

/// It does not come back when the homeserver hands it over again.
pub async fn an_erased_event_stays_known(store: Tested, _: Feed) {
    append(&store, [to_network(1, "$a")]).await;
    commit(&store, vec![erase("$a"), erase("$never-seen")]).await;
    let again = vec![Op::Append(to_network(1, "$a")), Op::Append(to_network(1, "$never-seen"))];
    let appended = commit(&store, again).await.appended;
    assert!(matches!(appended[..], [None, Some(_)]), "{appended:?}");
}

/// A remote id that looks like an event id is none.
pub async fn only_the_way_to_the_network_is_erased(store: Tested, _: Feed) {
    let [seq] = append(&store, [to_matrix(1, "$a")]).await[..] else { panic!() };
    commit(&store, vec![erase("$a")]).await;
    assert_eq!(row(&store, seq).await.state, RowState::New);
}
