//! Files.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::json;

use super::Answer;
use crate::testkit::homeserver::{
    caller::Caller,
    refusal::Refusal,
    room::random_name,
    world::{World, read, write},
};

/// `POST /_matrix/media/v3/upload`
pub(super) async fn upload(
    State(world): State<Arc<World>>,
    _: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or("application/octet-stream").to_owned();
    let id = random_name();
    write(&world.media).insert(id.clone(), (kind, body));
    Ok(Json(json!({ "content_uri": format!("mxc://{}/{id}", world.domain) })))
}

/// `GET /_matrix/client/v1/media/download/{serverName}/{mediaId}`
pub(super) async fn download(
    State(world): State<Arc<World>>,
    _: Caller,
    Path((server, id)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let found = read(&world.media).get(&id).filter(|_| world.domain == *server).cloned();
    let (kind, body) = found.ok_or_else(|| Refusal::not_found("Not found"))?;
    let kind = HeaderValue::try_from(kind).unwrap_or(HeaderValue::from_static("text/plain"));
    Ok(([(CONTENT_TYPE, kind)], body).into_response())
}

/// The same, under a name of one's own.
pub(super) async fn download_as(
    state: State<Arc<World>>,
    caller: Caller,
    Path((server, id, _)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    download(state, caller, Path((server, id))).await
}
