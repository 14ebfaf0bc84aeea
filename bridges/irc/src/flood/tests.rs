use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Bucket, Full, Priority, Queue, Rate};
use crate::message::Message;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_bucket_allows_a_burst_and_then_one_a_second() {
    let start = Instant::now();
    let mut bucket = Bucket::new(Rate::Limited { burst: 3, per_second: 1.0 }, start);
    for _ in 0..3 {
        assert_eq!(bucket.take(start), Ok(()));
    }
    let next = bucket.take(start).unwrap_err();
    assert!(next >= start + SECOND && next < start + SECOND + Duration::from_millis(1));
    assert_eq!(bucket.take(next), Ok(()));
    assert!(bucket.take(next).is_err());
    let later = next + 100 * SECOND;
    assert_eq!((0..9).filter(|_| bucket.take(later).is_ok()).count(), 3, "no more than the burst");
}

#[test]
fn debts_are_paid_and_unused_tokens_return() {
    let start = Instant::now();
    let mut bucket = Bucket::new(Rate::Limited { burst: 2, per_second: 2.0 }, start);
    bucket.charge(4);
    let next = bucket.take(start).unwrap_err();
    assert!(next >= start + 3 * SECOND / 2, "two in debt and one to take, at two a second");
    bucket.take(next).unwrap();
    bucket.refund();
    bucket.take(next).unwrap();
}

#[test]
fn a_rate_can_be_lifted_and_a_zero_does_not_stop_for_ever() {
    let start = Instant::now();
    let mut bucket = Bucket::new(Rate::Limited { burst: 0, per_second: 0.0 }, start);
    bucket.take(start).unwrap();
    assert!(bucket.take(start).unwrap_err() <= start + 1001 * SECOND);
    bucket.set_rate(Rate::Unlimited, start);
    assert!((0..1000).all(|_| bucket.take(start).is_ok()));
}

fn drain(queue: &mut Queue<&'static str>) -> String {
    std::iter::from_fn(|| queue.pop()).collect::<Vec<_>>().join(" ")
}

#[test]
fn urgent_lanes_go_first_and_equal_ones_in_turn() {
    use Priority::{Control, Message, Notice};
    let mut queue = Queue::new(100);
    for (priority, lane, item) in [
        (Notice, 1, "n1"),
        (Message, 2, "a1"),
        (Message, 2, "a2"),
        (Message, 2, "a3"),
        (Message, 3, "b1"),
        (Message, 3, "b2"),
        (Control, 4, "join"),
    ] {
        queue.push(priority, lane, item).unwrap();
    }
    assert_eq!(drain(&mut queue), "join a1 b1 a2 b2 a3 n1");
    assert!(queue.is_empty());
}

#[test]
fn nothing_overtakes_in_its_own_lane() {
    use Priority::{Control, Message};
    let mut queue = Queue::new(100);
    for (priority, lane, item) in [
        (Control, 1, "join"),
        (Message, 1, "bye"),
        (Control, 1, "part"),
        (Message, 2, "x"),
        (Message, 2, "y"),
    ] {
        queue.push(priority, lane, item).unwrap();
    }
    assert_eq!(drain(&mut queue), "join x bye part y");
}

#[test]
fn nothing_passes_a_barrier() {
    use Priority::{Barrier, Control, Message};
    let mut queue = Queue::new(100);
    for (priority, lane, item) in [
        (Message, 1, "old"),
        (Barrier, 0, "nick"),
        (Barrier, 0, "nick2"),
        (Control, 2, "join"),
        (Message, 1, "new"),
    ] {
        queue.push(priority, lane, item).unwrap();
    }
    assert!(!queue.is_at_barrier());
    assert_eq!(queue.pop(), Some("old"));
    assert!(queue.is_at_barrier());
    assert_eq!(drain(&mut queue), "nick nick2 join new");
}

#[test]
fn a_full_queue_gives_back_and_dropped_items_make_room() {
    let mut queue = Queue::new(3);
    queue.push(Priority::Message, 1, "a").unwrap();
    queue.push(Priority::Barrier, 1, "b").unwrap();
    queue.push(Priority::Message, 2, "c").unwrap();
    assert_eq!(queue.push(Priority::Control, 3, "d"), Err(Full("d")));
    queue.retain(|&item| item == "c");
    assert_eq!(queue.len(), 1);
    queue.push(Priority::Control, 3, "d").unwrap();
    assert_eq!(drain(&mut queue), "d c");
}

#[test]
fn commands_have_priorities() {
    let of = |command: &str| Priority::of(&Message::new(command, ["x"]));
    assert!(of("QUIT") < of("JOIN") && of("PART") < of("PRIVMSG") && of("PRIVMSG") < of("NOTICE"));
    assert_eq!(of("NICK"), Priority::Barrier);
    assert_eq!(of("MODE"), Priority::Control);
}

proptest! {
    #[test]
    fn whatever_is_queued_comes_out_once_and_each_lane_in_order(
        items in proptest::collection::vec((0..4_u8, 0..5_u64), 0..60),
    ) {
        let priorities = [Priority::Barrier, Priority::Control, Priority::Message, Priority::Notice];
        let mut queue = Queue::new(items.len());
        for (number, &(priority, lane)) in items.iter().enumerate() {
            let priority = priorities[usize::from(priority)];
            queue.push(priority, lane, (priority, lane, number)).unwrap();
        }
        let mut seen = Vec::new();
        while let Some((priority, lane, number)) = queue.pop() {
            for &(other, other_lane, before) in &seen {
                let ordered = other_lane == lane || other == Priority::Barrier || priority == Priority::Barrier;
                prop_assert!(!ordered || before < number);
            }
            seen.push((priority, lane, number));
        }
        prop_assert_eq!(seen.len(), items.len());
    }
}
