//! Why a request of an admin fails.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{portal::link::LinkError, store::StoreError};

/// Why a request fails.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: ErrorBody,
}

/// The body of an answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// What kind of trouble it is, for programs.
    pub(crate) error: String,
    /// What is wrong and how to mend it, for people.
    pub(crate) what: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, error: &str, what: impl Into<String>) -> Self {
        Self { status, body: ErrorBody { error: error.to_owned(), what: what.into() } }
    }

    pub(super) fn bad_request(error: &str, what: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, what)
    }

    pub(super) fn not_found(error: &str, what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error, what)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", error.to_string())
    }
}

impl From<LinkError> for ApiError {
    fn from(error: LinkError) -> Self {
        let status = match &error {
            LinkError::Remote(_) | LinkError::Room(_) => StatusCode::BAD_REQUEST,
            LinkError::NoRoom(_) | LinkError::NotLinked(_) => StatusCode::NOT_FOUND,
            LinkError::Taken { .. } => StatusCode::CONFLICT,
            LinkError::Power(_) | LinkError::Refused(_) => StatusCode::FORBIDDEN,
            LinkError::Homeserver(_) | LinkError::Unavailable(_) => StatusCode::BAD_GATEWAY,
            LinkError::Store(_) | LinkError::Stopped => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.code(), error.to_string())
    }
}
