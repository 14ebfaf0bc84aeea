//! Forgetting a person.

use ruma::{OwnedRoomId, OwnedUserId, event_id, room_id, user_id};

use super::{Tested, append, commit, to_network};
use crate::{
    id::{GhostKey, LaneId},
    store::{
        Feed, Ghost, Mapping, MappingKind, Member, Membership, Op, Portal, PortalBy, PortalKind,
    },
};

/// Memberships, mappings and conversations of the person go; those of others stay.
pub async fn a_forgotten_person_leaves_nothing(store: Tested, _feed: Feed) {
    let (ann, ben) = (user_id!("@ann:s").to_owned(), user_id!("@ben:s").to_owned());
    let room = room_id!("!r:s").to_owned();
    let portals = commit(
        &store,
        vec![
            conversation("net/bob @ann:s", &ann),
            conversation("net/bob @ben:s", &ben),
            member(&room, &ann),
            member(&room, &ben),
        ],
    )
    .await
    .portals;
    let (hers, his) = (portals[0], portals[1]);
    append(&store, [to_network(hers.0, "$1"), to_network(his.0, "$2")]).await;
    commit(&store, vec![mapping(his, "m1", &ann), mapping(his, "m2", &ben)]).await;

    commit(&store, vec![Op::Forget(ann.clone())]).await;

    let found = store.portal(PortalBy::Lane(hers)).await.unwrap();
    assert_eq!(found, None);
    assert_eq!(store.pending_lanes().await.unwrap(), [his]);
    let members = store.members(&room).await.unwrap();
    assert_eq!(members.into_iter().map(|m| m.user_id).collect::<Vec<_>>(), [ben]);
    assert_eq!(store.mappings_of_remote(his, &"m1".into()).await.unwrap(), []);
    assert_eq!(store.mappings_of_remote(his, &"m2".into()).await.unwrap().len(), 1);
}

/// The record of a ghost goes, and the conversations that it was in.
pub async fn a_forgotten_ghost_is_met_anew(store: Tested, _feed: Feed) {
    let bob = GhostKey::from("net/bob");
    let ghost = Ghost {
        key: bob.clone(),
        user_id: user_id!("@_bob:s").to_owned(),
        registered: true,
        display_name: Some("Bob".to_owned()),
    };
    let ann = user_id!("@ann:s").to_owned();
    let ops = vec![Op::Ghost(ghost.clone()), conversation("net/bob @ann:s", &ann)];
    let lane = commit(&store, ops).await.portals[0];

    commit(&store, vec![Op::Forget(ghost.user_id.clone())]).await;

    assert_eq!(store.ghost(&bob).await.unwrap(), None);
    assert_eq!(store.portal(PortalBy::Lane(lane)).await.unwrap(), None);
    commit(&store, vec![Op::Ghost(ghost)]).await;
}

fn conversation(key: &str, user: &OwnedUserId) -> Op {
    let kind = PortalKind::Direct { user: user.clone(), ghost: "net/bob".into() };
    Op::Portal(Portal {
        lane: LaneId(0),
        key: key.into(),
        kind,
        room_id: None,
        alias: None,
        name: None,
        topic: None,
        last_event: None,
        gap_from: None,
        used: super::CREATED,
    })
}

fn member(room_id: &OwnedRoomId, user_id: &OwnedUserId) -> Op {
    Op::Member(Member {
        room_id: room_id.clone(),
        user_id: user_id.clone(),
        membership: Membership::Join,
        display_name: None,
    })
}

fn mapping(lane: LaneId, remote_id: &str, sender: &OwnedUserId) -> Op {
    Op::Map(Mapping {
        lane,
        kind: MappingKind::Message,
        remote_id: remote_id.into(),
        part: 0,
        event_id: event_id!("$e").to_owned(),
        sender: sender.clone(),
    })
}
