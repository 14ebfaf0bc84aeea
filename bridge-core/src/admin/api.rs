//! `/api/v1`: what an admin does with a running bridge. The commands of the shell are its clients.

mod auth;
mod error;
mod forget;
mod links;
mod queue;
mod trace;

use std::sync::Arc;

use axum::{
    Json, Router, middleware,
    routing::{get, post},
};
use futures_util::future::BoxFuture;
use ruma::OwnedUserId;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

pub(crate) use self::{
    auth::{AdminToken, ask_browser},
    error::ErrorBody,
    forget::{ForgetRequest, Forgotten},
    links::{Link, LinkAnswer, LinkRequest, UnlinkRequest, links},
    queue::{QueueAnswer, QueueItem, QueueRequest, dead_letters},
    trace::Trace,
};
use crate::{core::Core, portal::link::Linking};

/// What the API works with.
pub(crate) struct Api {
    pub(crate) core: Arc<Core>,
    pub(crate) links: Arc<dyn Linking>,
    /// Has the network forget a Matrix user.
    pub(crate) forget: Box<dyn Fn(OwnedUserId) -> BoxFuture<'static, ()> + Send + Sync>,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Bridgework admin API", description = "What an admin does with a running bridge."),
    servers((url = "/api/v1")),
    security(("token" = [])),
    modifiers(&Bearer),
    paths(
        links::list,
        links::link,
        links::unlink,
        queue::list,
        queue::retry,
        queue::discard,
        trace::trace,
        forget::forget,
    )
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("token", scheme);
    }
}

/// The routes under `/api/v1`. All of them take the token.
pub(crate) fn router(api: Api, token: AdminToken) -> Router {
    Router::new()
        .route("/openapi.json", get(async || Json(Description::openapi())))
        .route("/links", get(links::list).put(links::link))
        .route("/links/unlink", post(links::unlink))
        .route("/queue", get(queue::list))
        .route("/queue/retry", post(queue::retry))
        .route("/queue/drop", post(queue::discard))
        .route("/trace", get(trace::trace))
        .route("/forget", post(forget::forget))
        .with_state(Arc::new(api))
        .layer(middleware::from_fn_with_state(token, auth::check))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_route() {
        let description = serde_json::to_value(Description::openapi()).unwrap();
        let paths: Vec<&String> = description["paths"].as_object().unwrap().keys().collect();
        assert_eq!(
            paths,
            [
                "/forget",
                "/links",
                "/links/unlink",
                "/queue",
                "/queue/drop",
                "/queue/retry",
                "/trace",
            ]
        );
        assert_eq!(description["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    }
}
