//! Portals, ghosts, members, mappings and cursors.

use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId};

use super::{Tested, commit};
use crate::{
    id::{GhostKey, LaneId, RemoteId, Timestamp},
    store::{
        Batch, Feed, Ghost, Mapping, MappingKind, Member, Membership, Op, Portal, PortalBy,
        PortalKind, StoreError,
    },
};

/// A portal without room or alias that is to be inserted.
pub fn portal(key: &str) -> Portal {
    Portal {
        lane: LaneId(0),
        key: key.into(),
        kind: PortalKind::Channel,
        room_id: None,
        alias: None,
        name: None,
        topic: None,
        last_event: None,
        gap_from: None,
        used: Timestamp(1_000),
    }
}

fn room(id: &str) -> OwnedRoomId {
    id.try_into().expect("it is a room id")
}

fn event(id: &str) -> OwnedEventId {
    id.try_into().expect("it is an event id")
}

fn user(id: &str) -> OwnedUserId {
    id.try_into().expect("it is a user id")
}

async fn write(store: &Tested, portal: &Portal) -> LaneId {
    commit(store, vec![Op::Portal(portal.clone())]).await.portals[0]
}

async fn by_lane(store: &Tested, lane: LaneId) -> Portal {
    store.portal(PortalBy::Lane(lane)).await.unwrap().expect("the portal exists")
}

/// Number, key, room and alias; and everything that is kept of it comes back.
pub async fn a_portal_is_found_by_all_its_names(store: Tested, _: Feed) {
    let kinds = [
        PortalKind::Channel,
        PortalKind::Plumbed,
        PortalKind::Direct { user: user("@alice:s"), ghost: "local/bob".into() },
        PortalKind::Control,
        PortalKind::Unlinked,
    ];
    for (n, kind) in kinds.into_iter().enumerate() {
        let mut portal = Portal {
            kind,
            room_id: Some(room(&format!("!{n}:s"))),
            alias: Some(format!("alias{n}")),
            name: Some("name".into()),
            topic: Some(String::new()),
            last_event: Some(event("$last")),
            gap_from: Some(event("$gap")),
            ..portal(&format!("local/#{n}"))
        };
        portal.lane = write(&store, &portal).await;
        assert_ne!(portal.lane, LaneId(0));
        for by in [
            PortalBy::Lane(portal.lane),
            PortalBy::Key(portal.key.clone()),
            PortalBy::Room(room(&format!("!{n}:s"))),
            PortalBy::Alias(format!("alias{n}")),
        ] {
            assert_eq!(store.portal(by.clone()).await.unwrap().as_ref(), Some(&portal), "{by:?}");
        }
    }
    for by in [PortalBy::Key("local/#9".into()), PortalBy::Alias("local/#1".into())] {
        assert_eq!(store.portal(by).await.unwrap(), None);
    }
}

/// Two tasks that make the same portal get the same one.
pub async fn a_portal_is_replaced_by_number_or_key(store: Tested, _: Feed) {
    let lane = write(&store, &portal("a")).await;
    let other = write(&store, &portal("b")).await;
    assert_ne!(lane, other);

    let named = Portal { name: Some("A".into()), used: Timestamp(7), ..portal("a") };
    assert_eq!(write(&store, &named).await, lane);
    assert_eq!(by_lane(&store, lane).await, Portal { lane, ..named });

    let renamed = Portal { lane, room_id: Some(room("!a:s")), ..portal("A") };
    assert_eq!(write(&store, &renamed).await, lane);
    assert_eq!(by_lane(&store, lane).await, renamed);
    assert_eq!(store.portal(PortalBy::Key("a".into())).await.unwrap(), None);
    assert_eq!(store.portals("").await.unwrap().len(), 2);
}

/// Neither key, nor room, nor alias.
pub async fn two_portals_share_no_name(store: Tested, _: Feed) {
    let first = Portal { room_id: Some(room("!a:s")), alias: Some("a".into()), ..portal("a") };
    write(&store, &first).await;
    let lane = write(&store, &portal("b")).await;
    let clashes = [
        Portal { lane, ..portal("a") },
        Portal { lane, room_id: first.room_id.clone(), ..portal("b") },
        Portal { lane, alias: first.alias.clone(), ..portal("b") },
        Portal { alias: first.alias.clone(), ..portal("c") },
    ];
    for clash in clashes {
        let refused = store.commit(Batch::durable(vec![Op::Portal(clash.clone())])).await;
        assert!(matches!(refused, Err(StoreError::Taken { .. })), "{clash:?}: {refused:?}");
    }
    assert_eq!(by_lane(&store, lane).await, Portal { lane, ..portal("b") });
}

/// A prefix is a text, whatever signs it has.
pub async fn portals_come_by_prefix_and_last_use(store: Tested, _: Feed) {
    let keys = [("a/x", 3), ("a/%", 9), ("a/_", 5), ("a", 1), ("a0", 8), ("b/\u{10ffff}", 2)];
    for (key, used) in keys {
        write(&store, &Portal { used: Timestamp(used), ..portal(key) }).await;
    }
    let keys = async |prefix: &str| {
        let portals = store.portals(prefix).await.unwrap();
        portals.into_iter().map(|portal| portal.key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(keys("a/").await, ["a/%", "a/_", "a/x"]);
    assert_eq!(keys("a/_").await, ["a/_"]);
    assert_eq!(keys("").await, ["a/%", "a0", "a/_", "a/x", "b/\u{10ffff}", "a"]);
    assert_eq!(keys("b/\u{10ffff}").await, ["b/\u{10ffff}"]);
    assert_eq!(keys("c").await, [""; 0]);
}

/// What was seen before it stays until the gap is closed.
pub async fn the_first_event_of_an_epoch_opens_a_gap(store: Tested, _: Feed) {
    let lane = write(&store, &portal("a")).await;
    let seen = async |id: &str, epoch: &str| {
        let op = Op::LastEvent { lane, event_id: event(id), epoch: epoch.into() };
        commit(&store, vec![op]).await;
        gap(&store, lane).await
    };
    let expect = |last: &str, gap: Option<&str>| (Some(event(last)), gap.map(event));
    assert_eq!(seen("$1", "one").await, expect("$1", None));
    assert_eq!(seen("$2", "one").await, expect("$2", None));
    assert_eq!(seen("$3", "two").await, expect("$3", Some("$2")));
    assert_eq!(seen("$4", "two").await, expect("$4", Some("$2")));
    assert_eq!(seen("$5", "three").await, expect("$5", Some("$2")), "the oldest gap counts");
    commit(&store, vec![Op::GapClosed(lane)]).await;
    assert_eq!(gap(&store, lane).await, expect("$5", None));
    assert_eq!(seen("$6", "three").await, expect("$6", None));
    assert_eq!(seen("$7", "four").await, expect("$7", Some("$6")));
    let nowhere = LaneId(lane.0 + 1_000);
    let op = Op::LastEvent { lane: nowhere, event_id: event("$8"), epoch: "four".into() };
    commit(&store, vec![op, Op::GapClosed(nowhere)]).await;
}

async fn gap(store: &Tested, lane: LaneId) -> (Option<OwnedEventId>, Option<OwnedEventId>) {
    let portal = by_lane(store, lane).await;
    (portal.last_event, portal.gap_from)
}

/// Whoever writes a portal may have read it before the last event; another room is another story.
pub async fn a_replacement_keeps_what_was_seen(store: Tested, _: Feed) {
    let mut stale = Portal { room_id: Some(room("!a:s")), ..portal("a") };
    stale.lane = write(&store, &stale).await;
    for (id, epoch) in [("$1", "one"), ("$2", "two")] {
        let op = Op::LastEvent { lane: stale.lane, event_id: event(id), epoch: epoch.into() };
        commit(&store, vec![op]).await;
    }
    let seen = (Some(event("$2")), Some(event("$1")));
    stale.topic = Some("new".into());
    write(&store, &stale).await;
    assert_eq!(gap(&store, stale.lane).await, seen);
    write(&store, &Portal { lane: LaneId(0), ..stale.clone() }).await;
    assert_eq!(gap(&store, stale.lane).await, seen);

    stale.room_id = Some(room("!upgraded:s"));
    write(&store, &stale).await;
    assert_eq!(gap(&store, stale.lane).await, (None, None));
}

/// By key and by user.
pub async fn ghosts_are_kept(store: Tested, _: Feed) {
    let key = GhostKey::from("local/bob");
    let mut ghost = Ghost {
        key: key.clone(),
        user_id: user("@_irc_local_bob:s"),
        registered: false,
        display_name: None,
    };
    assert_eq!(store.ghost(&key).await.unwrap(), None);
    for name in [None, Some("Bob".to_owned())] {
        ghost.registered = name.is_some();
        ghost.display_name = name;
        commit(&store, vec![Op::Ghost(ghost.clone())]).await;
        assert_eq!(store.ghost(&key).await.unwrap().as_ref(), Some(&ghost));
        assert_eq!(store.ghost_by_user(&ghost.user_id).await.unwrap().as_ref(), Some(&ghost));
    }
    assert_eq!(store.ghost_by_user(&user("@bob:s")).await.unwrap(), None);
}

/// A name never moves to somebody else.
pub async fn two_ghosts_share_no_user(store: Tested, _: Feed) {
    let ghost = |key: &str| {
        let (key, user_id) = (key.into(), user("@bob:s"));
        Op::Ghost(Ghost { key, user_id, registered: true, display_name: None })
    };
    commit(&store, vec![ghost("local/bob")]).await;
    let refused = store.commit(Batch::durable(vec![ghost("local/rob")])).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })), "{refused:?}");
    assert_eq!(store.ghost(&"local/rob".into()).await.unwrap(), None);
}

/// The last word counts; only who is joined is listed.
pub async fn members_are_kept(store: Tested, _: Feed) {
    let member = |room_id: &str, user_id: &str, membership| Member {
        room_id: room(room_id),
        user_id: user(user_id),
        membership,
        display_name: Some(user_id.to_uppercase()),
    };
    let members = [
        member("!a:s", "@bob:s", Membership::Join),
        member("!a:s", "@alice:s", Membership::Join),
        member("!a:s", "@carol:s", Membership::Invite),
        member("!a:s", "@dan:s", Membership::Ban),
        member("!b:s", "@erin:s", Membership::Join),
    ];
    commit(&store, members.clone().map(Op::Member).into()).await;
    for member in &members {
        let found = store.member(&member.room_id, &member.user_id).await.unwrap();
        assert_eq!(found.as_ref(), Some(member));
    }
    let joined = async || {
        let members = store.members(&room("!a:s")).await.unwrap();
        members.into_iter().map(|member| member.user_id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(joined().await, ["@alice:s", "@bob:s"]);
    let moved =
        [member("!a:s", "@bob:s", Membership::Leave), member("!a:s", "@carol:s", Membership::Join)];
    commit(&store, moved.map(Op::Member).into()).await;
    assert_eq!(joined().await, ["@alice:s", "@carol:s"]);
    assert_eq!(store.member(&room("!b:s"), &user("@bob:s")).await.unwrap(), None);
}

/// One remote message has many events, one event many remote messages; twice is once.
pub async fn mappings_are_many_to_many(store: Tested, _: Feed) {
    let mapping = |kind, remote: &str, part, event_id: &str| Mapping {
        lane: LaneId(1),
        kind,
        remote_id: remote.into(),
        part,
        event_id: event(event_id),
        sender: user("@alice:s"),
    };
    let long = [
        mapping(MappingKind::Message, "r1", 0, "$a"),
        mapping(MappingKind::Message, "r1", 1, "$b"),
    ];
    let split = [
        mapping(MappingKind::Message, "r2", 0, "$c"),
        mapping(MappingKind::Message, "r0", 1, "$c"),
    ];
    let reaction = mapping(MappingKind::Reaction, "r1", 0, "$r");
    let edit = mapping(MappingKind::Edit, "r1", 0, "$e");
    let elsewhere = Mapping { lane: LaneId(2), ..mapping(MappingKind::Message, "r1", 0, "$z") };
    for _ in 0..2 {
        let all = long.iter().chain(&split).chain([&reaction, &edit, &elsewhere]);
        commit(&store, all.cloned().map(Op::Map).collect()).await;
    }
    let remote = async |lane, id: &str| {
        store.mappings_of_remote(LaneId(lane), &RemoteId::from(id)).await.unwrap()
    };
    let [first, second] = long;
    assert_eq!(remote(1, "r1").await, [first.clone(), edit, reaction, second]);
    assert_eq!(remote(2, "r1").await, [elsewhere]);
    assert_eq!(remote(2, "r2").await, []);
    let of = async |id: &str| {
        let id = <&EventId>::try_from(id).unwrap();
        store.mappings_of_event(id).await.unwrap()
    };
    assert_eq!(of("$c").await, split);
    assert_eq!(of("$a").await, [first]);
    assert_eq!(of("$none").await, []);
}

/// And listed by prefix.
pub async fn cursors_are_set_and_forgotten(store: Tested, _: Feed) {
    let set = async |scope: &str, value: Option<&str>| {
        let value = value.map(str::to_owned);
        commit(&store, vec![Op::Cursor { scope: scope.into(), value }]).await;
    };
    for (scope, value) in [("mam/a", "1"), ("mam/b", "2"), ("mam/a", "3"), ("mamb", "4")] {
        set(scope, Some(value)).await;
    }
    assert_eq!(store.cursor("mam/a").await.unwrap().as_deref(), Some("3"));
    let pair = |scope: &str, value: &str| (scope.to_owned(), value.to_owned());
    let listed = store.cursors("mam/").await.unwrap();
    assert_eq!(listed, [pair("mam/a", "3"), pair("mam/b", "2")]);
    set("mam/a", None).await;
    set("mam/never", None).await;
    assert_eq!(store.cursor("mam/a").await.unwrap(), None);
    assert_eq!(store.cursors("").await.unwrap(), [pair("mam/b", "2"), pair("mamb", "4")]);
}
