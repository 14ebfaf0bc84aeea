//! What was said. Tokens are `t` and a place between two events of a room, or what `/sync` gives.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use ruma::OwnedEventId;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, state::check_readable};
use crate::testkit::homeserver::{caller::Caller, refusal::Refusal, room::Contents, world::World};

#[derive(Deserialize)]
pub(super) struct Page {
    from: Option<String>,
    dir: Option<String>,
    limit: Option<usize>,
}

/// `GET /_matrix/client/v3/rooms/{roomId}/messages`
pub(super) async fn messages(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(room_id): Path<String>,
    Query(page): Query<Page>,
) -> Answer {
    let room = world.room(&room_id)?;
    let contents = room.lock();
    check_readable(contents.is_readable_by(&caller.user_id))?;
    let count = contents.events.len();
    let limit = page.limit.unwrap_or(10).min(1000);
    let from = page.from.as_deref().map(|token| place(&contents, token)).transpose()?;
    let mut answer = if page.dir.as_deref() == Some("f") {
        let start = from.unwrap_or(0);
        let end = (start + limit).min(count);
        let chunk = &contents.events[start..end];
        let mut answer = json!({ "start": token(start), "chunk": chunk });
        if end > start {
            answer["end"] = token(end).into();
        }
        answer
    } else {
        let start = from.unwrap_or(count);
        let end = start.saturating_sub(limit);
        let chunk: Vec<_> = contents.events[end..start].iter().rev().collect();
        let mut answer = json!({ "start": token(start), "chunk": chunk });
        if end > 0 {
            answer["end"] = token(end).into();
        }
        answer
    };
    answer["state"] = json!([]);
    Ok(Json(answer))
}

/// `GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}`
pub(super) async fn context(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((room_id, event_id)): Path<(String, OwnedEventId)>,
    Query(page): Query<Page>,
) -> Answer {
    let room = world.room(&room_id)?;
    let contents = room.lock();
    check_readable(contents.is_readable_by(&caller.user_id))?;
    let at = contents.place(&event_id).ok_or_else(|| Refusal::not_found("Event not found."))?;
    let limit = page.limit.unwrap_or(10).min(1000);
    let start = at.saturating_sub(limit / 2);
    let end = (at + 1 + limit.div_ceil(2)).min(contents.events.len());
    let before: Vec<_> = contents.events[start..at].iter().rev().collect();
    Ok(Json(json!({
        "start": token(start),
        "end": token(end),
        "event": contents.events[at],
        "events_before": before,
        "events_after": contents.events[at + 1..end],
        "state": contents.all_state(),
    })))
}

/// `GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}`
pub(super) async fn event(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((room_id, event_id)): Path<(String, OwnedEventId)>,
) -> Answer {
    let room = world.room(&room_id)?;
    let contents = room.lock();
    // Synapse does not tell apart what is not there and what is not for you.
    let event = contents.event(&event_id).filter(|_| contents.is_readable_by(&caller.user_id));
    event.map(|event| Json(json!(event))).ok_or_else(|| Refusal::not_found("Event not found."))
}

pub(super) fn token(place: usize) -> String {
    format!("t{place}")
}

/// The place in a room that a token means.
fn place(contents: &Contents, token: &str) -> Result<usize, Refusal> {
    let invalid = || Refusal::invalid(format!("Invalid stream token {token:?}"));
    let number = token.get(1..).ok_or_else(invalid)?;
    let place = match token.as_bytes()[0] {
        b't' => number.parse().map_err(|_| invalid())?,
        b's' => {
            let position: u64 = number.parse().map_err(|_| invalid())?;
            contents.events.partition_point(|event| event.position <= position)
        }
        _ => return Err(invalid()),
    };
    Ok(place.min(contents.events.len()))
}
