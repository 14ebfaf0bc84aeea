//! `PUT /_matrix/app/v1/transactions/{txnId}`

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::StatusCode,
};
use serde_json::{Value, json};

use super::{Appservice, Refusal};
use crate::{inbox::IngestError, network::Network};

/// Answers 200 once everything is on disk, and not before.
pub(super) async fn receive<N: Network>(
    State(service): State<Arc<Appservice<N>>>,
    Path(txn_id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refusal> {
    let body = body.map_err(|rejection| {
        tracing::error!(txn_id, %rejection, "a transaction cannot be read");
        metrics::counter!("bridge_transactions_total", "outcome" => "unreadable").increment(1);
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "M_TOO_LARGE",
                "transactions of more than 64 MiB are not read",
            ),
            _ => Refusal::new(StatusCode::BAD_REQUEST, "M_NOT_JSON", "the body was cut off"),
        }
    })?;
    match service.inbox.ingest(&txn_id, &body).await {
        Ok(()) => {
            metrics::counter!("bridge_transactions_total", "outcome" => "ok").increment(1);
            Ok(Json(json!({})))
        }
        Err(error @ IngestError::NotJson(_)) => {
            tracing::warn!(txn_id, %error, "a transaction cannot be read");
            metrics::counter!("bridge_transactions_total", "outcome" => "unreadable").increment(1);
            Err(Refusal::new(StatusCode::BAD_REQUEST, "M_NOT_JSON", error.to_string()))
        }
        Err(IngestError::Store(error)) => {
            tracing::error!(txn_id, %error, "the store takes no transactions");
            metrics::counter!("bridge_transactions_total", "outcome" => "store").increment(1);
            Err(Refusal::unavailable(&"the store takes no transactions at present"))
        }
    }
}
