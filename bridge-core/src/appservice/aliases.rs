//! `GET /_matrix/app/v1/rooms/{roomAlias}`

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{Appservice, Refusal};
use crate::{network::Network, portal::create};

/// How long the homeserver waits for an answer.
const BUDGET: Duration = Duration::from_secs(10);

/// Makes the portal that an alias names. Queries for one alias at a time share one attempt.
///
/// The attempt goes on if the homeserver hangs up, so that asking again finds the room.
pub(super) async fn query<N: Network>(
    State(service): State<Arc<Appservice<N>>>,
    Path(alias): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let domain = service.core.names.domain();
    let localpart = alias
        .strip_prefix('#')
        .and_then(|alias| alias.split_once(':'))
        .and_then(|(localpart, server)| (server == domain).then(|| localpart.to_owned()))
        .ok_or_else(|| Refusal::not_found("room"))?;
    let task = tokio::spawn(async move {
        let openings = service.core.openings.clone();
        let open = create::by_alias(&service.core, &*service.network, &localpart);
        openings
            .try_get_with(localpart.clone(), async {
                match open.await {
                    Ok(Some(_)) => Ok(()),
                    Ok(None) => Err(None),
                    Err(error) => Err(Some(error.to_string())),
                }
            })
            .await
    });
    match tokio::time::timeout(BUDGET, task).await {
        Ok(Ok(Ok(()))) => Ok(Json(json!({}))),
        Ok(Ok(Err(error))) => match &*error {
            None => Err(Refusal::not_found("room")),
            Some(error) => {
                tracing::warn!(alias, error, "the room of an alias cannot be made");
                Err(Refusal::unavailable(error))
            }
        },
        Ok(Err(panicked)) => Err(Refusal::unavailable(&panicked)),
        Err(_) => Err(Refusal::unavailable(&"the network does not answer in time")),
    }
}
