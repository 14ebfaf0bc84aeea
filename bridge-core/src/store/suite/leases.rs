//! Leases and their fences. How leases run out is up to each store.

use std::time::Duration;

use super::{Tested, drain, to_network};
use crate::{
    id::SessionGroup,
    store::{Batch, Feed, Fence, Op, StoreError},
};

const LEASE: Duration = Duration::from_mins(1);

async fn acquire(store: &Tested, group: &str, owner: &str) -> Fence {
    let fence = store.acquire(&group.into(), owner, LEASE).await.unwrap();
    fence.expect("the lease is free")
}

/// So that what an earlier owner writes can be told.
pub async fn the_fence_grows_with_every_change_of_owner(store: Tested, _: Feed) {
    let first = acquire(&store, "local", "one").await;
    assert_eq!(first.group, SessionGroup::from("local"));
    assert_eq!(acquire(&store, "local", "one").await, first, "it holds the lease already");
    store.release(&first).await.unwrap();
    let second = acquire(&store, "local", "two").await;
    assert!(second.counter > first.counter, "{second:?} follows {first:?}");
    assert!(store.renew(&second, LEASE).await.unwrap());
    assert!(!store.renew(&first, LEASE).await.unwrap());
    let elsewhere = Fence { group: "elsewhere".into(), counter: 1 };
    assert!(!store.renew(&elsewhere, LEASE).await.unwrap());
}

/// A batch under an old fence leaves nothing behind.
pub async fn only_the_holder_writes(store: Tested, mut feed: Feed) {
    let old = acquire(&store, "local", "one").await;
    let batch = |key: &str, fence: &Fence| {
        let ops = vec![
            Op::Cursor { scope: "local".into(), value: Some(key.into()) },
            Op::Append(to_network(1, key)),
        ];
        store.commit(Batch::durable(ops).fenced(Some(fence.clone())))
    };
    batch("$a", &old).await.unwrap();
    store.release(&old).await.unwrap();
    let new = acquire(&store, "local", "two").await;
    let refused = batch("$b", &old).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Fenced { group } if group == &old.group), "{refused}");
    assert_eq!(store.cursor("local").await.unwrap().as_deref(), Some("$a"));
    batch("$c", &new).await.unwrap();
    let fed = drain(&store, &mut feed).await;
    let keys: Vec<_> = fed.iter().filter_map(|row| row.key.as_deref()).collect();
    assert_eq!(keys, ["$a", "$c"]);
}

/// Its fence is worth nothing, even before somebody else takes it.
pub async fn a_lease_that_was_given_back_is_lost(store: Tested, _: Feed) {
    let fence = acquire(&store, "local", "one").await;
    store.release(&fence).await.unwrap();
    assert!(!store.renew(&fence, LEASE).await.unwrap());
    let refused = store.commit(Batch::settled(Vec::new()).fenced(Some(fence.clone()))).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })), "{refused:?}");
    assert!(acquire(&store, "local", "one").await.counter > fence.counter);
    store.release(&fence).await.unwrap();
    let now = acquire(&store, "local", "one").await;
    assert!(store.renew(&now, LEASE).await.unwrap(), "an old fence releases nothing");
}
