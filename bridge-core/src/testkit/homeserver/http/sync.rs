//! `GET /_matrix/client/v3/sync`, the part of it that bots need. Tokens are `s` and how many events
//! there were in all rooms.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Query, State},
};
use ruma::UserId;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, history::token};
use crate::testkit::homeserver::{
    caller::Caller, profile::User, refusal::Refusal, room::Contents, world::World,
};

const DEFAULT_LIMIT: usize = 20;

#[derive(Deserialize)]
pub(super) struct Asked {
    since: Option<String>,
    timeout: Option<u64>,
    filter: Option<String>,
}

/// Answers at once if there is something new or nothing was known before, else waits.
pub(super) async fn sync(
    State(world): State<Arc<World>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answer {
    let user =
        world.find_user(&caller.user_id).ok_or_else(|| Refusal::not_found("No such user"))?;
    let since = asked.since.as_deref().map(position).transpose()?;
    let limit = asked.filter.as_deref().and_then(timeline_limit).unwrap_or(DEFAULT_LIMIT);
    let patience = tokio::time::sleep(Duration::from_millis(asked.timeout.unwrap_or(0)));
    tokio::pin!(patience);
    let mut news = world.position();
    loop {
        let now = *news.borrow_and_update();
        let rooms = rooms(&world, &user, since, now, limit);
        let is_done = since.is_none() || !rooms.is_empty() || patience.is_elapsed();
        if is_done {
            return Ok(Json(json!({ "next_batch": format!("s{now}"), "rooms": rooms })));
        }
        tokio::select! {
            () = &mut patience => {}
            // The sender is the world's, which we hold.
            _ = news.changed() => {}
        }
    }
}

fn rooms(
    world: &World,
    user: &User,
    since: Option<u64>,
    now: u64,
    limit: usize,
) -> Map<String, Value> {
    let (joined, invited) = {
        let inner = user.lock();
        (inner.joined.clone(), inner.invited.clone())
    };
    let mut join = Map::new();
    for room in joined.iter().filter_map(|room_id| world.find_room(room_id)) {
        if let Some(news) = joined_room(&room.lock(), &user.id, since, now, limit) {
            join.insert(room.id.to_string(), news);
        }
    }
    let mut invite = Map::new();
    for room in invited.iter().filter_map(|room_id| world.find_room(room_id)) {
        let contents = room.lock();
        let invitation = contents.state("m.room.member", user.id.as_str());
        if invitation.is_some_and(|event| since.is_none_or(|since| event.position > since)) {
            let state = json!({ "invite_state": { "events": [invitation] } });
            invite.insert(room.id.to_string(), state);
        }
    }
    let mut rooms = Map::new();
    for (kind, list) in [("join", join), ("invite", invite)] {
        if !list.is_empty() {
            rooms.insert(kind.to_owned(), list.into());
        }
    }
    rooms
}

fn joined_room(
    contents: &Contents,
    user_id: &UserId,
    since: Option<u64>,
    now: u64,
    limit: usize,
) -> Option<Value> {
    let end = contents.events.partition_point(|event| event.position <= now);
    // Whoever came in since then has the room before them as if for the first time.
    let own = contents.state("m.room.member", user_id.as_str());
    let known = since.filter(|since| own.is_some_and(|event| event.position <= *since));
    let first =
        known.map_or(0, |known| contents.events.partition_point(|event| event.position <= known));
    if known.is_some() && first >= end {
        return None;
    }
    let start = first.max(end.saturating_sub(limit));
    let state = if known.is_none() { contents.all_state() } else { Vec::new() };
    Some(json!({
        "timeline": {
            "events": contents.events[start..end],
            "limited": start > first,
            "prev_batch": token(start),
        },
        "state": { "events": state },
    }))
}

fn position(token: &str) -> Result<u64, Refusal> {
    token
        .strip_prefix('s')
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| Refusal::invalid(format!("Invalid stream token {token:?}")))
}

fn timeline_limit(filter: &str) -> Option<usize> {
    let filter: Value = serde_json::from_str(filter).ok()?;
    usize::try_from(filter["room"]["timeline"]["limit"].as_u64()?).ok()
}
