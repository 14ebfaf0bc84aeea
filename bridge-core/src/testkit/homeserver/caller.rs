//! Who makes a request.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Query},
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
};
use ruma::{OwnedUserId, UserId};
use serde::Deserialize;

use super::{
    refusal::Refusal,
    service::Service,
    world::{Principal, World},
};

/// The user that a request acts for, and the application service behind it.
pub(super) struct Caller {
    pub(super) user_id: OwnedUserId,
    pub(super) service: Option<Arc<Service>>,
    /// The time that the event shall have, which only application services may choose.
    pub(super) ts: Option<u64>,
}

impl Caller {
    /// Keeps the transactions of callers apart: all users of one service are one.
    pub(super) fn key(&self) -> &str {
        self.service.as_ref().map_or(self.user_id.as_str(), |service| &service.id)
    }
}

#[derive(Default, Deserialize)]
struct Claims {
    access_token: Option<String>,
    user_id: Option<String>,
    ts: Option<u64>,
}

impl FromRequestParts<Arc<World>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        world: &Arc<World>,
    ) -> Result<Self, Self::Rejection> {
        let Query(claims) = Query::<Claims>::try_from_uri(&parts.uri)
            .map_err(|error| Refusal::invalid(error.to_string()))?;
        let bearer = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let Some(token) = bearer.or(claims.access_token.as_deref()) else {
            let message = "Missing access token";
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN", message));
        };
        match world.principal(token) {
            Some(Principal::User(user_id)) => Ok(Self { user_id, service: None, ts: None }),
            Some(Principal::Service(service)) => {
                let user_id = match claims.user_id {
                    Some(user_id) => asserted(world, &service, &user_id)?,
                    None => service.bot.clone(),
                };
                Ok(Self { user_id, service: Some(service), ts: claims.ts })
            }
            None => {
                let message = "Invalid access token passed.";
                Err(Refusal::new(StatusCode::UNAUTHORIZED, "M_UNKNOWN_TOKEN", message))
            }
        }
    }
}

fn asserted(world: &World, service: &Service, user_id: &str) -> Result<OwnedUserId, Refusal> {
    let parsed = <&UserId>::try_from(user_id)
        .map_err(|_| Refusal::invalid(format!("{user_id} is no user id")))?;
    if !service.owns_user(parsed) {
        let message = format!("Application service cannot masquerade as this user ({user_id}).");
        return Err(Refusal::forbidden(message));
    }
    match world.find_user(parsed) {
        Some(user) => Ok(user.id.clone()),
        None => Err(Refusal::forbidden(format!(
            "Application service has not registered this user ({user_id})"
        ))),
    }
}
