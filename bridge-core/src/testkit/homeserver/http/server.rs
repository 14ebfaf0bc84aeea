//! What the homeserver is.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{Path, State},
    http::{Method, StatusCode},
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Answer, parse};
use crate::testkit::homeserver::{
    caller::Caller, create::VERSIONS, refusal::Refusal, world::World,
};

/// `GET /_matrix/client/versions`
pub(super) async fn versions() -> Json<Value> {
    let versions: Vec<_> = (1..=12).map(|minor| format!("v1.{minor}")).collect();
    Json(json!({ "versions": versions, "unstable_features": {} }))
}

/// `GET /_matrix/client/v3/capabilities`
pub(super) async fn capabilities(State(world): State<Arc<World>>, _: Caller) -> Json<Value> {
    let available: serde_json::Map<_, _> =
        VERSIONS.iter().map(|version| (version.to_string(), "stable".into())).collect();
    Json(json!({
        "capabilities": {
            "m.room_versions": { "default": world.room_version, "available": available },
        },
    }))
}

/// `POST /_matrix/client/v1/appservice/{appserviceId}/ping`
pub(super) async fn ping(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let service = caller
        .service
        .filter(|service| service.id == id)
        .ok_or_else(|| Refusal::forbidden("This is not your application service"))?;
    if service.url().is_none() {
        let message = "The application service does not have a URL set";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "M_URL_NOT_SET", message));
    }
    let asked: Value = parse(&body)?;
    let question = match asked.get("transaction_id") {
        Some(id) => json!({ "transaction_id": id }),
        None => json!({}),
    };
    let started = Instant::now();
    let question = Bytes::from(question.to_string());
    let failed = |errcode, message| Refusal::new(StatusCode::BAD_GATEWAY, errcode, message);
    match world.outcalls.call(&service, Method::POST, "/_matrix/app/v1/ping", question).await {
        Ok((status, _)) if status.is_success() => {
            service.pusher.hurry();
            let took = started.elapsed().max(Duration::from_millis(1));
            Ok(Json(json!({ "duration_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX) })))
        }
        Ok((status, _)) => Err(failed("M_BAD_STATUS", format!("{status}"))),
        Err(error) => Err(failed("M_CONNECTION_FAILED", error)),
    }
}
