//! Answers in the form of the Matrix specification.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// A request that is turned down: the HTTP status, and the body that the specification asks for.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    errcode: &'static str,
    error: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, errcode: &'static str, error: impl Into<String>) -> Self {
        Self { status, errcode, error: error.into() }
    }

    /// Nothing of ours has this name.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "M_NOT_FOUND", format!("there is no such {what}"))
    }

    /// The bridge cannot tell at present; the homeserver may ask again.
    pub(crate) fn unavailable(error: &dyn std::fmt::Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "errcode": self.errcode, "error": self.error });
        (self.status, Json(body)).into_response()
    }
}

/// Any path that is none of ours.
pub(crate) async fn unrecognized() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "unrecognized request")
}
