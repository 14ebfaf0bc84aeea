//! `GET /_matrix/app/v1/users/{userId}`

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use ruma::OwnedUserId;
use serde_json::{Value, json};

use super::{Appservice, Refusal};
use crate::network::Network;

/// Makes the account of a ghost that somebody asks for.
pub(super) async fn query<N: Network>(
    State(service): State<Arc<Appservice<N>>>,
    Path(user_id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let core = &service.core;
    let user_id = OwnedUserId::try_from(user_id).map_err(|_| Refusal::not_found("user"))?;
    match core.ghosts.ensure_account(core, &user_id).await {
        Ok(true) => Ok(Json(json!({}))),
        Ok(false) => Err(Refusal::not_found("user")),
        Err(error) => Err(Refusal::unavailable(&error)),
    }
}
