//! `/queue`: what was not delivered.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Query, State},
};
use ruma::{OwnedRoomId, RoomAliasId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, ErrorBody, error::ApiError, trace::rfc3339};
use crate::{
    core::Core,
    id::{LaneId, Seq},
    inbox::{Head, NO_LANE},
    portal::from_network::Task,
    store::{Batch, Op, Portal, PortalBy, QueueFilter, Row, RowState, StoreError},
};

/// How many rows a list shows at most.
const LIMIT: usize = 10_000;

/// How many rows one commit retries.
const A_BATCH: usize = 200;

/// The states in which an admin can do something about a row.
const STATES: [&str; 3] = ["dead", "uncertain", "retry"];

/// A message that was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct QueueItem {
    /// Its number, for `retry` and `drop`. A retried message gets another one.
    pub(crate) id: i64,
    /// `dead`, `uncertain` or `retry`.
    pub(crate) state: String,
    /// Why.
    pub(crate) why: Option<String>,
    /// `to_network` or `to_matrix`.
    pub(crate) direction: String,
    /// The channel.
    pub(crate) remote: Option<String>,
    /// The room.
    pub(crate) room: Option<String>,
    /// Who said it: a Matrix id, or a name of the network.
    pub(crate) sender: Option<String>,
    /// The event or remote id.
    pub(crate) message: Option<String>,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// When it came to us (RFC 3339).
    pub(crate) since: String,
    /// When its state last changed (RFC 3339).
    pub(crate) changed: String,
}

/// Which messages are shown.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueueQuery {
    /// Only these states: `dead`, `uncertain` or `retry`.
    state: Option<String>,
    /// Only this room, by id or alias.
    room: Option<String>,
}

/// Which messages are retried or dropped: those of `ids`, or `all` of a state and room.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueueRequest {
    /// Numbers of messages.
    #[serde(default)]
    pub(crate) ids: Vec<i64>,
    /// All messages, instead.
    #[serde(default)]
    pub(crate) all: bool,
    /// With `all`: only of this state.
    #[serde(default)]
    pub(crate) state: Option<String>,
    /// With `all`: only of this room.
    #[serde(default)]
    pub(crate) room: Option<String>,
}

/// What became of the messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct QueueAnswer {
    /// One for each message that was named.
    pub(crate) messages: Vec<Settled>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Settled {
    /// Its number.
    pub(crate) id: i64,
    /// `retried`, `dropped` or `failed`.
    pub(crate) outcome: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) what: Option<String>,
}

/// The newest dead letters, at most `limit`.
pub(crate) async fn dead_letters(core: &Core, limit: usize) -> Result<Vec<QueueItem>, StoreError> {
    let filter = QueueFilter { states: vec!["dead".to_owned()], lane: None };
    let rows = core.store.queue(filter, LIMIT).await?;
    let newest = rows.len().saturating_sub(limit);
    items(core, rows.into_iter().skip(newest).collect()).await
}

#[utoipa::path(
    get, path = "/queue", params(QueueQuery),
    responses((status = 200, body = [QueueItem]), (status = 400, body = ErrorBody))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    Query(query): Query<QueueQuery>,
) -> Result<Json<Vec<QueueItem>>, ApiError> {
    let rows = rows_of(&api.core, query.state.as_deref(), query.room.as_deref()).await?;
    Ok(Json(items(&api.core, rows).await?))
}

/// Tries messages again.
#[utoipa::path(
    post, path = "/queue/retry", request_body = QueueRequest,
    responses((status = 200, body = QueueAnswer), (status = 400, body = ErrorBody))
)]
pub(super) async fn retry(
    State(api): State<Arc<Api>>,
    Json(request): Json<QueueRequest>,
) -> Result<Json<QueueAnswer>, ApiError> {
    let core = &api.core;
    let mut messages = Vec::new();
    let mut anew = Vec::new();
    for (id, row) in named(core, &request).await? {
        let outcome = match row {
            None => failed(id, "there is no such message"),
            Some(row) if row.lane == NO_LANE => failed(id, "nobody can read it; drop it"),
            Some(row) => match row.state {
                RowState::Dead { .. } | RowState::Uncertain { .. } => {
                    anew.push(row.seq);
                    settled(id, "retried")
                }
                RowState::Retry { .. } => {
                    core.dispatch.hurry(row.lane);
                    settled(id, "retried")
                }
                state => failed(id, &format!("it is {}", state.label())),
            },
        };
        messages.push(outcome);
    }
    for seqs in anew.chunks(A_BATCH) {
        let at = core.clock.now();
        let moves = seqs.iter().map(|seq| Op::Move { seq: *seq, to: RowState::New, at });
        // Only rows that are placed anew reach their lane.
        let ops = moves.chain([Op::Requeue(seqs.to_vec())]).collect();
        core.store.commit(Batch::durable(ops)).await?;
    }
    Ok(Json(QueueAnswer { messages }))
}

/// Gives messages up for good, and forgets what they said.
#[utoipa::path(
    post, path = "/queue/drop", request_body = QueueRequest,
    responses((status = 200, body = QueueAnswer), (status = 400, body = ErrorBody))
)]
pub(super) async fn discard(
    State(api): State<Arc<Api>>,
    Json(request): Json<QueueRequest>,
) -> Result<Json<QueueAnswer>, ApiError> {
    let core = &api.core;
    let mut messages = Vec::new();
    let mut gone = Vec::new();
    for (id, row) in named(core, &request).await? {
        let outcome = match row {
            None => failed(id, "there is no such message"),
            Some(row) => match row.state {
                RowState::Dead { .. } | RowState::Uncertain { .. } => {
                    gone.push(row.seq);
                    settled(id, "dropped")
                }
                RowState::Retry { .. } if core.dispatch.withdraw(&row).await => {
                    settled(id, "dropped")
                }
                RowState::Retry { .. } => failed(id, "it is being sent right now"),
                state => failed(id, &format!("it is {}", state.label())),
            },
        };
        messages.push(outcome);
    }
    for seqs in gone.chunks(A_BATCH) {
        let at = core.clock.now();
        let to = RowState::Cancelled;
        let ops = seqs.iter().map(|seq| Op::Move { seq: *seq, to: to.clone(), at }).collect();
        core.store.commit(Batch::durable(ops)).await?;
    }
    Ok(Json(QueueAnswer { messages }))
}

fn settled(id: i64, outcome: &str) -> Settled {
    Settled { id, outcome: outcome.to_owned(), what: None }
}

fn failed(id: i64, what: &str) -> Settled {
    Settled { id, outcome: "failed".to_owned(), what: Some(what.to_owned()) }
}

/// The rows that a request names.
async fn named(core: &Core, request: &QueueRequest) -> Result<Vec<(i64, Option<Row>)>, ApiError> {
    if request.all != request.ids.is_empty() {
        let what = "name messages in `ids`, or set `all`";
        return Err(ApiError::bad_request("bad_request", what));
    }
    if request.all {
        let rows = rows_of(core, request.state.as_deref(), request.room.as_deref()).await?;
        return Ok(rows.into_iter().map(|row| (row.seq.0, Some(row))).collect());
    }
    let mut rows = Vec::with_capacity(request.ids.len());
    for id in &request.ids {
        rows.push((*id, core.store.row(Seq(*id)).await?));
    }
    Ok(rows)
}

async fn rows_of(
    core: &Core,
    state: Option<&str>,
    room: Option<&str>,
) -> Result<Vec<Row>, ApiError> {
    if let Some(state) = state.filter(|state| !STATES.contains(state)) {
        let what = format!("unknown state {state:?}; write one of {}", STATES.join(", "));
        return Err(ApiError::bad_request("bad_state", what));
    }
    let lane = match room {
        None => None,
        Some(room) => Some(lane_of(core, room).await?),
    };
    let states = state.map(str::to_owned).into_iter().collect();
    Ok(core.store.queue(QueueFilter { states, lane }, LIMIT).await?)
}

async fn lane_of(core: &Core, room: &str) -> Result<LaneId, ApiError> {
    let none = || ApiError::not_found("not_linked", format!("{room} is no room of this bridge"));
    let id = match RoomAliasId::parse(room) {
        Ok(alias) => core.homeserver.resolve_alias(&alias).await.ok().flatten(),
        Err(_) => OwnedRoomId::try_from(room).ok(),
    };
    let portal = core.portals.find(&PortalBy::Room(id.ok_or_else(none)?)).await?;
    Ok(portal.ok_or_else(none)?.lane)
}

async fn items(core: &Core, rows: Vec<Row>) -> Result<Vec<QueueItem>, StoreError> {
    let mut portals: HashMap<LaneId, Option<Arc<Portal>>> = HashMap::new();
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let portal = if let Some(portal) = portals.get(&row.lane) {
            portal.clone()
        } else {
            let portal = core.portals.find(&PortalBy::Lane(row.lane)).await?;
            portals.insert(row.lane, portal.clone());
            portal
        };
        items.push(item(&row, portal.as_deref()));
    }
    Ok(items)
}

fn item(row: &Row, portal: Option<&Portal>) -> QueueItem {
    let (sender, message) = origin(row);
    QueueItem {
        id: row.seq.0,
        state: row.state.label().to_owned(),
        why: row.state.why().map(str::to_owned),
        direction: row.direction.label().to_owned(),
        remote: portal.map(|portal| portal.key.to_string()),
        room: portal.and_then(|portal| portal.room_id.as_ref()).map(ToString::to_string),
        sender,
        message,
        attempts: row.attempts,
        since: rfc3339(row.created),
        changed: rfc3339(row.changed),
    }
}

/// Who said it, and its id on their side.
pub(super) fn origin(row: &Row) -> (Option<String>, Option<String>) {
    if let Ok(head) = Head::parse_str(&row.body) {
        return (Some(head.sender.to_string()), Some(head.event_id.to_string()));
    }
    match Task::from_body(&row.body) {
        Ok(Task::Remote(event)) => {
            (event.sender.map(|sender| sender.key.to_string()), event.id.map(|id| id.to_string()))
        }
        _ => (None, None),
    }
}
