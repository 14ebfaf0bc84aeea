//! Random work, compared with a model of what a store should do.

use proptest::{collection::vec, option, prelude::*, sample::Index};
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};

use super::open;
use crate::{
    id::{Direction, LaneId, Seq, Timestamp},
    store::{
        Batch, Durability, Ghost, Mapping, MappingKind, Member, Membership, NewRow, Op, Portal,
        PortalKind, Row, RowState,
        suite::{Tested, model::Model},
    },
};

/// One step of a run. Rows are picked from those that there are when it comes to it.
#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Plan>, Durability),
    Trim(Timestamp),
}

#[derive(Clone, Debug)]
enum Plan {
    Op(Op),
    Move(Index, RowState, Timestamp),
    Progress(Index, String),
    Requeue(Vec<Index>),
}

impl Plan {
    fn resolve(self, seqs: &[Seq]) -> Op {
        let pick = |index: Index| if seqs.is_empty() { Seq(-1) } else { *index.get(seqs) };
        match self {
            Self::Op(op) => op,
            Self::Move(index, to, at) => Op::Move { seq: pick(index), to, at },
            Self::Progress(index, progress) => Op::Progress { seq: pick(index), progress },
            Self::Requeue(indexes) => Op::Requeue(indexes.into_iter().map(pick).collect()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_store_does_what_the_model_does(steps in vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}

async fn run(steps: Vec<Step>) {
    let (store, mut feed, _folder) = open().await;
    let store: Tested = store;
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Commit(plans, durability) => {
                let seqs = model.seqs();
                let ops: Vec<_> = plans.into_iter().map(|plan| plan.resolve(&seqs)).collect();
                let answer =
                    store.commit(Batch { ops: ops.clone(), fence: None, durability }).await;
                let expected = model.commit(ops, answer, &store).await;
                let fed: Vec<Row> = std::iter::from_fn(|| feed.try_recv().ok()).collect();
                assert_eq!(fed, expected);
            }
            Step::Trim(before) => {
                assert_eq!(store.trim(before).await.unwrap(), model.trim(before));
            }
        }
    }
    model.check(&store).await;
}

fn step() -> impl Strategy<Value = Step> {
    let durability = prop_oneof![Just(Durability::Process), Just(Durability::Disk)];
    prop_oneof![
        9 => (vec(plan(), 0..8), durability).prop_map(|(plans, on)| Step::Commit(plans, on)),
        1 => time().prop_map(Step::Trim),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let index = any::<Index>;
    prop_oneof![
        6 => append().prop_map(Plan::Op),
        6 => (index(), state(), time()).prop_map(|(row, to, at)| Plan::Move(row, to, at)),
        1 => (index(), "[a-z]{1,3}").prop_map(|(row, text)| Plan::Progress(row, text)),
        2 => vec(index(), 0..4).prop_map(Plan::Requeue),
        2 => (event(), time()).prop_map(|(event_id, at)| Plan::Op(Op::Erase { event_id, at })),
        6 => record().prop_map(Plan::Op),
    ]
}

fn append() -> impl Strategy<Value = Op> {
    let direction = prop_oneof![Just(Direction::ToNetwork), Just(Direction::ToMatrix)];
    let dead = || RowState::Dead { why: "unread".into() };
    let state = prop_oneof![9 => Just(RowState::New), 1 => Just(dead())];
    (1..4_i64, direction, event(), time(), state).prop_map(
        |(lane, direction, key, created, state)| {
            let body = format!("{{{created:?}}}").into();
            let (lane, key) = (LaneId(lane), Some(key.into()));
            Op::Append(NewRow { lane, direction, key, body, created, state })
        },
    )
}

fn state() -> impl Strategy<Value = RowState> {
    let why = || String::from("why");
    prop_oneof![
        Just(RowState::New),
        Just(RowState::Sending),
        time().prop_map(move |at| RowState::Retry { at, why: why() }),
        Just(RowState::Uncertain { why: why() }),
        Just(RowState::Waiting),
        Just(RowState::Done),
        Just(RowState::Cancelled),
        Just(RowState::Dead { why: why() }),
    ]
}

fn record() -> impl Strategy<Value = Op> {
    let lane = || (0..4_i64).prop_map(LaneId);
    let kind = prop_oneof![Just(MappingKind::Message), Just(MappingKind::Reaction)];
    let membership = prop_oneof![Just(Membership::Join), Just(Membership::Leave)];
    prop_oneof![
        2 => portal().prop_map(Op::Portal),
        2 => (lane(), event(), "[12]")
            .prop_map(|(lane, event_id, epoch)| Op::LastEvent { lane, event_id, epoch }),
        1 => lane().prop_map(Op::GapClosed),
        1 => ("[ab]", user(), any::<bool>(), option::of("[xy]")).prop_map(
            |(key, user_id, registered, display_name)| {
                Op::Ghost(Ghost { key: key.into(), user_id, registered, display_name })
            }
        ),
        1 => (room(), user(), membership, option::of("[xy]")).prop_map(
            |(room_id, user_id, membership, display_name)| {
                Op::Member(Member { room_id, user_id, membership, display_name })
            }
        ),
        1 => (lane(), kind, "[ab]", 0..2_u32, event(), user()).prop_map(
            |(lane, kind, remote, part, event_id, sender)| {
                let remote_id = remote.into();
                Op::Map(Mapping { lane, kind, remote_id, part, event_id, sender })
            }
        ),
        1 => ("[ab]{1,2}", option::of("[xy]"))
            .prop_map(|(scope, value)| Op::Cursor { scope, value }),
    ]
}

fn portal() -> impl Strategy<Value = Portal> {
    let kind = prop_oneof![
        Just(PortalKind::Plumbed),
        user().prop_map(|user| PortalKind::Direct { user, ghost: "ghost".into() }),
    ];
    let names = ("[abc]", option::of(room()), option::of("[ab]"));
    let seen = (option::of(event()), option::of(event()));
    (0..4_i64, names, kind, option::of("[xy]"), seen, time()).prop_map(
        |(lane, (key, room_id, alias), kind, name, (last_event, gap_from), used)| Portal {
            lane: LaneId(lane),
            key: key.into(),
            kind,
            room_id,
            alias,
            name,
            topic: None,
            last_event,
            gap_from,
            used,
        },
    )
}

fn event() -> impl Strategy<Value = OwnedEventId> {
    (0..12).prop_map(|n| OwnedEventId::try_from(format!("${n}")).unwrap())
}

fn room() -> impl Strategy<Value = OwnedRoomId> {
    "[ab]".prop_map(|name| OwnedRoomId::try_from(format!("!{name}:s")).unwrap())
}

fn user() -> impl Strategy<Value = OwnedUserId> {
    "[abc]".prop_map(|name| OwnedUserId::try_from(format!("@{name}:s")).unwrap())
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0..20_u64).prop_map(Timestamp)
}
