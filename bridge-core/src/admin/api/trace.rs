//! `/trace`: everything that is known of one message.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use axum::{
    Json,
    extract::{Query, State},
};
use ruma::{EventId, OwnedEventId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, ErrorBody, error::ApiError, queue::origin};
use crate::{
    core::Core,
    id::{Direction, RemoteId, Seq, Timestamp},
    store::{Mapping, MappingKind, PortalBy, Row, StoreError},
};

/// The kinds of events that have a remote id, as they stand in the keys of rows.
const KINDS: [&str; 3] = ["message", "edit", "react"];

/// What is known of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Trace {
    /// `to_network` or `to_matrix`; null if only its ids are known any more.
    pub(crate) direction: Option<String>,
    /// The channel.
    pub(crate) remote: Option<String>,
    /// The room.
    pub(crate) room: Option<String>,
    /// Who said it.
    pub(crate) sender: Option<String>,
    /// Its number in the queue, while it is kept.
    pub(crate) id: Option<i64>,
    /// Its state now.
    pub(crate) state: Option<String>,
    /// How often it was tried.
    pub(crate) attempts: Option<u32>,
    /// Every state that it went through.
    pub(crate) steps: Vec<TraceStep>,
    /// Its ids on Matrix.
    pub(crate) events: Vec<String>,
    /// Its ids on the network.
    pub(crate) remote_ids: Vec<String>,
}

/// A state that a message went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct TraceStep {
    /// The state.
    pub(crate) state: String,
    /// When it got there (RFC 3339).
    pub(crate) at: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct TraceQuery {
    /// An event id, or an id of the network.
    id: String,
}

/// What is known of a message, by its event id or its id on the network. There can be several: an
/// id of the network counts within its channel.
#[utoipa::path(
    get, path = "/trace", params(TraceQuery),
    responses((status = 200, body = [Trace]), (status = 404, body = ErrorBody))
)]
pub(super) async fn trace(
    State(api): State<Arc<Api>>,
    Query(query): Query<TraceQuery>,
) -> Result<Json<Vec<Trace>>, ApiError> {
    let core = &api.core;
    let mut traces = Vec::new();
    if query.id.starts_with('$')
        && let Ok(event_id) = EventId::parse(&query.id)
    {
        traces.extend(of_event(core, &event_id).await?);
    }
    if traces.is_empty() {
        traces = of_remote(core, &query.id.as_str().into()).await?;
    }
    if traces.is_empty() {
        let what = format!(
            "nothing is known of {}: it never came, it was in a room that is not bridged, or it \
             is older than store.keep",
            query.id
        );
        return Err(ApiError::not_found("unknown_message", what));
    }
    Ok(Json(traces))
}

async fn of_event(core: &Core, event_id: &OwnedEventId) -> Result<Option<Trace>, StoreError> {
    let mappings = core.store.mappings_of_event(event_id).await?;
    let mut row = core.store.row_by_key(Direction::ToNetwork, event_id.as_str()).await?;
    if row.is_none() {
        for mapping in &mappings {
            row = row_of_mapping(core, mapping).await?;
            if row.is_some() {
                break;
            }
        }
    }
    if row.is_none() && mappings.is_empty() {
        return Ok(None);
    }
    let mut trace = tell(core, row, &mappings).await?;
    let event_id = event_id.to_string();
    if !trace.events.contains(&event_id) {
        trace.events.push(event_id);
    }
    Ok(Some(trace))
}

/// An id of the network counts within its portal, so all of them are asked.
async fn of_remote(core: &Core, remote_id: &RemoteId) -> Result<Vec<Trace>, StoreError> {
    let mut traces = Vec::new();
    for portal in core.store.portals("").await? {
        let mut mappings = core.store.mappings_of_remote(portal.lane, remote_id).await?;
        let mut row = None;
        for kind in KINDS {
            let key = format!("{} {kind} {remote_id}", portal.lane.0);
            row = row.or(core.store.row_by_key(Direction::ToMatrix, &key).await?);
        }
        if let (None, Some(mapping)) = (&row, mappings.first()) {
            let key = mapping.event_id.as_str();
            row = core.store.row_by_key(Direction::ToNetwork, key).await?;
            mappings = core.store.mappings_of_event(&mapping.event_id.clone()).await?;
        }
        if row.is_some() || !mappings.is_empty() {
            let mut trace = tell(core, row, &mappings).await?;
            let remote_id = remote_id.to_string();
            if !trace.remote_ids.contains(&remote_id) {
                trace.remote_ids.push(remote_id);
            }
            trace.remote.get_or_insert_with(|| portal.key.to_string());
            traces.push(trace);
        }
    }
    Ok(traces)
}

/// The row to Matrix that made a mapping.
async fn row_of_mapping(core: &Core, mapping: &Mapping) -> Result<Option<Row>, StoreError> {
    if let Some(seq) = mapping.remote_id.as_str().strip_prefix('#') {
        return match seq.parse() {
            Ok(seq) => core.store.row(Seq(seq)).await,
            Err(_) => Ok(None),
        };
    }
    let kind = match mapping.kind {
        MappingKind::Message => "message",
        MappingKind::Edit => "edit",
        MappingKind::Reaction => "react",
    };
    let key = format!("{} {kind} {}", mapping.lane.0, mapping.remote_id);
    core.store.row_by_key(Direction::ToMatrix, &key).await
}

async fn tell(core: &Core, row: Option<Row>, mappings: &[Mapping]) -> Result<Trace, StoreError> {
    let lane = row.as_ref().map(|row| row.lane).or(mappings.first().map(|mapping| mapping.lane));
    let portal = match lane {
        Some(lane) => core.portals.find(&PortalBy::Lane(lane)).await?,
        None => None,
    };
    let mut trace = Trace {
        direction: None,
        remote: portal.as_ref().map(|portal| portal.key.to_string()),
        room: portal.and_then(|portal| portal.room_id.as_ref().map(ToString::to_string)),
        sender: mappings.first().map(|mapping| mapping.sender.to_string()),
        id: None,
        state: None,
        attempts: None,
        steps: Vec::new(),
        events: mappings.iter().map(|mapping| mapping.event_id.to_string()).collect(),
        remote_ids: mappings.iter().filter_map(id_of).collect(),
    };
    trace.events.dedup();
    let Some(row) = row else { return Ok(trace) };
    trace.direction = Some(row.direction.label().to_owned());
    trace.id = Some(row.seq.0);
    trace.state = Some(row.state.label().to_owned());
    trace.attempts = Some(row.attempts);
    let (sender, _) = origin(&row);
    trace.sender = trace.sender.or(sender);
    trace.steps.push(TraceStep { state: "new".to_owned(), at: rfc3339(row.created), why: None });
    let past = core.store.trail(row.seq).await?;
    let step = |step: crate::store::Step| TraceStep {
        state: step.state,
        at: rfc3339(step.at),
        why: step.why,
    };
    trace.steps.extend(past.into_iter().map(step));
    let now = row.state.label();
    if trace.steps.last().is_none_or(|last| last.state != now) {
        // The trail was cut short, or the store keeps none.
        let why = row.state.why().map(str::to_owned);
        trace.steps.push(TraceStep { state: now.to_owned(), at: rfc3339(row.changed), why });
    }
    Ok(trace)
}

/// A place in our own store is no id of the network.
fn id_of(mapping: &Mapping) -> Option<String> {
    let id = mapping.remote_id.as_str();
    (!id.starts_with('#')).then(|| id.to_owned())
}

/// A time as people and programs read it.
pub(super) fn rfc3339(at: Timestamp) -> String {
    // What is beyond the year 9999 has no such form.
    let millis = at.0.min(253_402_300_799_000);
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(millis)).to_string()
}
