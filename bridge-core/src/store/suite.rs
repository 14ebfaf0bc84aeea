//! What every store must do, as tests over [`Store`]; each gets an empty store and its feed.
//!
//! [`store_suite!`](crate::store_suite) makes them tests of a store.

pub mod batches;
pub mod erase;
pub mod forget;
pub mod leases;
pub mod model;
pub mod records;
pub mod rows;

use std::{sync::Arc, time::Duration};

use super::{Batch, Committed, Feed, NewRow, Op, Row, RowState, Store};
use crate::id::{Direction, LaneId, Seq, Timestamp};

/// A store under test.
pub type Tested = Arc<dyn Store>;

/// When the rows of these tests are created.
pub const CREATED: Timestamp = Timestamp(1_000);

/// Later than [`CREATED`].
pub const LATER: Timestamp = Timestamp(2_000);

/// Makes a test of each case; `$open` is an async function that returns an empty store as
/// [`Tested`], its feed, and whatever must live as long.
#[macro_export]
macro_rules! store_suite {
    ($open:path) => {
        $crate::store_suite!($open, batches:
            a_batch_that_fails_leaves_nothing_and_spoils_no_other,
            concurrent_commits_are_fed_in_one_order,
            a_commit_is_fed_before_it_returns,
            an_empty_batch_is_fine,
        );
        $crate::store_suite!($open, erase:
            what_was_not_sent_is_cancelled,
            what_is_being_sent_is_left_alone,
            an_event_erased_in_its_own_batch_is_never_fed,
            an_erased_event_stays_known,
            only_the_way_to_the_network_is_erased,
        );
        $crate::store_suite!($open, forget:
            a_forgotten_person_leaves_nothing,
            a_forgotten_ghost_is_met_anew,
        );
        $crate::store_suite!($open, leases:
            the_fence_grows_with_every_change_of_owner,
            only_the_holder_writes,
            a_lease_that_was_given_back_is_lost,
        );
        $crate::store_suite!($open, records:
            a_portal_is_found_by_all_its_names,
            a_portal_is_replaced_by_number_or_key,
            two_portals_share_no_name,
            portals_come_by_prefix_and_last_use,
            the_first_event_of_an_epoch_opens_a_gap,
            a_replacement_keeps_what_was_seen,
            ghosts_are_kept,
            two_ghosts_share_no_user,
            members_are_kept,
            mappings_are_many_to_many,
            cursors_are_set_and_forgotten,
        );
        $crate::store_suite!($open, rows:
            a_known_key_is_not_appended_again,
            pending_rows_come_in_order,
            lanes_come_with_their_oldest_row_first,
            a_row_goes_through_its_states,
            a_settled_row_stays_settled,
            what_was_given_up_can_be_tried_again,
            progress_is_kept_until_a_row_is_settled,
            requeued_rows_stand_behind_what_was_missed,
            only_work_is_requeued,
            dead_letters_are_not_fed,
            the_queue_shows_what_an_admin_may_want_to_see,
            the_backlog_counts,
            trimming_removes_old_settled_rows,
        );
    };
    ($open:path, $subject:ident: $($case:ident,)+) => {
        mod $subject {
            use super::*;

            $(
                #[tokio::test]
                async fn $case() {
                    let (store, feed, _guard) = $open().await;
                    $crate::store::suite::$subject::$case(store, feed).await;
                }
            )+
        }
    };
}

/// A new row to the network, with `key` in its body too.
pub fn to_network(lane: i64, key: &str) -> NewRow {
    NewRow {
        lane: LaneId(lane),
        direction: Direction::ToNetwork,
        key: Some(key.to_owned()),
        body: format!(r#"{{"body":"{key}"}}"#).into(),
        created: CREATED,
        state: RowState::New,
    }
}

/// A new row to Matrix.
pub fn to_matrix(lane: i64, key: &str) -> NewRow {
    NewRow { direction: Direction::ToMatrix, ..to_network(lane, key) }
}

/// Commits and expects success.
pub async fn commit(store: &Tested, ops: Vec<Op>) -> Committed {
    store.commit(Batch::durable(ops)).await.expect("the batch is committed")
}

/// Appends rows that are new to the store.
pub async fn append(store: &Tested, rows: impl IntoIterator<Item = NewRow>) -> Vec<Seq> {
    let ops = rows.into_iter().map(Op::Append).collect();
    let appended = commit(store, ops).await.appended;
    appended.into_iter().map(|seq| seq.expect("the row is new")).collect()
}

/// Moves a row, [`LATER`].
pub async fn move_to(store: &Tested, seq: Seq, to: RowState) {
    commit(store, vec![Op::Move { seq, to, at: LATER }]).await;
}

/// A row that must be there.
pub async fn row(store: &Tested, seq: Seq) -> Row {
    store.row(seq).await.expect("rows can be read").expect("the row exists")
}

/// Everything in the feed up to now.
pub async fn drain(store: &Tested, feed: &mut Feed) -> Vec<Row> {
    let last = NewRow { key: None, ..to_network(i64::MAX, "last") };
    let [last] = append(store, [last]).await[..] else { panic!("one row was appended") };
    let mut rows = Vec::new();
    loop {
        let next = tokio::time::timeout(Duration::from_secs(10), feed.recv());
        let row = next.await.expect("the feed brings the last row").expect("the feed is open");
        if row.seq == last {
            move_to(store, last, RowState::Done).await;
            return rows;
        }
        rows.push(row);
    }
}

/// The places of rows.
pub fn places(rows: &[Row]) -> Vec<Seq> {
    rows.iter().map(|row| row.seq).collect()
}
