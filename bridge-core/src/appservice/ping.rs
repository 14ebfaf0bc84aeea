//! `POST /_matrix/app/v1/ping`

use axum::Json;
use serde_json::{Value, json};

/// Answers a ping: the homeserver reaches us, and its token is right.
pub(super) async fn answer() -> Json<Value> {
    Json(json!({}))
}
