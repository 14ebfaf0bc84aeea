//! A Space for each network or community, whose children are the rooms of its channels.
//!
//! One owner compares what stands in the Spaces with the links, and writes the difference, a
//! little at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use ruma::{OwnedRoomId, RoomId};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    core::Core,
    homeserver::{As, HomeserverError},
    network::Network,
    permission::Level,
    portal::from_network::PerformError,
    store::{Batch, Op, PortalKind},
};

/// The scope of the Spaces' room ids.
const SPACES: &str = "core/space/";

/// Stands for a room id while the Space is being made.
const MAKING: &str = "making";

/// The state by which a Space is known as ours when a crash cut its record off.
const OURS: &str = "io.bridgework.space";

/// How long to wait between two writes: a thousand rooms take two minutes and disturb nobody.
const PACE: Duration = Duration::from_millis(100);

/// How long to wait for further changes before the Spaces are looked at.
const SETTLED: Duration = Duration::from_secs(1);

/// How long to wait when something failed.
const AGAIN: Duration = Duration::from_secs(30);

/// Keeps the Spaces in step with the links until `stop`.
pub(crate) async fn run<N: Network>(core: Arc<Core>, network: Arc<N>, stop: CancellationToken) {
    loop {
        let changed = core.portals.changed();
        let pause = match bring_in_step(&core, &*network).await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "the Spaces are not in step yet");
                Some(AGAIN)
            }
        };
        let wait = async {
            if let Some(pause) = pause {
                return tokio::time::sleep(pause).await;
            }
            changed.await;
            tokio::time::sleep(SETTLED).await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = wait => {}
        }
    }
}

async fn bring_in_step<N: Network>(core: &Arc<Core>, network: &N) -> Result<(), PerformError> {
    let mut wanted: BTreeMap<String, BTreeSet<OwnedRoomId>> = BTreeMap::new();
    for (scope, _) in core.store.cursors(SPACES).await? {
        // One whose last channel was unlinked is emptied.
        wanted.entry(scope[SPACES.len()..].to_owned()).or_default();
    }
    for portal in core.store.portals("").await? {
        if let (PortalKind::Channel | PortalKind::Plumbed, Some(room)) =
            (&portal.kind, portal.room_id)
        {
            wanted.entry(network.space(&portal.key)).or_default().insert(room);
        }
    }
    for (name, rooms) in wanted {
        let space = ensure(core, &name).await?;
        fill(core, &space, &rooms).await?;
    }
    Ok(())
}

/// The Space of a network; made if there is none.
async fn ensure(core: &Core, name: &str) -> Result<OwnedRoomId, PerformError> {
    let scope = format!("{SPACES}{name}");
    let known = core.store.cursor(&scope).await?;
    let note = async |value: &str| {
        let op = Op::Cursor { scope: scope.clone(), value: Some(value.to_owned()) };
        core.store.commit(Batch::durable(vec![op])).await.map(drop)
    };
    let found = match known.as_deref() {
        Some(MAKING) => find_made(core, name).await?,
        Some(room) => OwnedRoomId::try_from(room).ok(),
        None => None,
    };
    let room = if let Some(room) = found {
        room
    } else {
        note(MAKING).await?;
        core.homeserver.create_room_raw(As::Bot, &request(core, name)).await?
    };
    if known.as_deref() != Some(room.as_str()) {
        note(room.as_str()).await?;
        tracing::info!(space = name, %room, "made a Space");
    }
    Ok(room)
}

/// Admins who are named in the configuration are invited; they invite others.
fn request(core: &Core, name: &str) -> Value {
    let admins: Vec<_> = core.config.permissions.named(Level::Admin).collect();
    let power: BTreeMap<String, i64> = admins.iter().map(|user| (user.to_string(), 50)).collect();
    json!({
        "preset": "public_chat",
        "visibility": "private",
        "name": format!("{}: {name}", core.protocol.name),
        "topic": format!("The channels of {name} that are bridged to Matrix"),
        "creation_content": { "type": "m.space" },
        "invite": admins,
        "initial_state": [
            { "type": OURS, "state_key": "", "content": { "of": name } },
            { "type": "m.room.join_rules", "state_key": "",
              "content": { "join_rule": core.config.portals.join_rule } },
        ],
        "power_level_content_override": {
            "events_default": 100,
            "users": power_with_bot(core, power),
        },
    })
}

/// In rooms before version 12 the maker stands among the others.
fn power_with_bot(core: &Core, mut power: BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    let before_12 =
        core.config.portals.room_version.as_ref().is_some_and(|version| {
            version.as_str().parse::<u32>().is_ok_and(|version| version < 12)
        });
    if before_12 {
        power.insert(core.bot.to_string(), 100);
    }
    power
}

async fn find_made(core: &Core, name: &str) -> Result<Option<OwnedRoomId>, HomeserverError> {
    for room in core.homeserver.joined_rooms(As::Bot).await? {
        let state = core.homeserver.state(&room, As::Bot, OURS, "").await?;
        if state.is_some_and(|content| content["of"] == name) {
            return Ok(Some(room));
        }
    }
    Ok(None)
}

/// Adds the rooms that lack, and takes out those that are too many.
async fn fill(
    core: &Core,
    space: &RoomId,
    wanted: &BTreeSet<OwnedRoomId>,
) -> Result<(), PerformError> {
    let state = core.homeserver.whole_state(space, As::Bot).await?;
    let state: Vec<Value> =
        state.iter().filter_map(|event| serde_json::from_str(event.get()).ok()).collect();
    let present = children(&state);
    let via = json!({ "via": [core.names.domain()] });
    let added = wanted.iter().filter(|room| !present.contains(room.as_str()));
    let added = added.map(|room| (room.as_str(), &via));
    let nothing = json!({});
    let gone = present.iter().filter(|room| !wanted.iter().any(|w| w.as_str() == room.as_str()));
    let gone = gone.map(|room| (room.as_str(), &nothing));
    for (room, content) in added.chain(gone) {
        core.homeserver.set_state(space, As::Bot, "m.space.child", room, content, None).await?;
        tokio::time::sleep(PACE).await;
    }
    Ok(())
}

/// The rooms that stand in the state of a Space. Those without `via` were taken out.
fn children(state: &[Value]) -> BTreeSet<String> {
    let is_child =
        |event: &&Value| event["type"] == "m.space.child" && event["content"]["via"].is_array();
    let room = |event: &Value| event["state_key"].as_str().map(str::to_owned);
    state.iter().filter(is_child).filter_map(room).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_children_with_a_way_to_them_count() {
        let state = [
            json!({ "type": "m.space.child", "state_key": "!a", "content": { "via": ["s"] } }),
            json!({ "type": "m.space.child", "state_key": "!b", "content": {} }),
            json!({ "type": "m.space.parent", "state_key": "!c", "content": { "via": ["s"] } }),
        ];
        assert_eq!(children(&state).into_iter().collect::<Vec<_>>(), ["!a"]);
    }
}
