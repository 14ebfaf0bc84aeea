//! What admins and their machines ask the bridge: health, metrics, and the admin API.

pub(crate) mod api;
pub(crate) mod dashboard;
pub mod health;
pub mod metrics;

use axum::Router;

use self::health::{Health, LiveCheck};
use crate::telemetry::Metrics;

/// The routes of `admin.listen`.
///
/// `/health/*` and `/metrics` take no token. `api` comes under `/api/v1` and checks its own.
pub fn router(health: Health, live: LiveCheck, metrics: Metrics, api: Router) -> Router {
    Router::new()
        .nest("/health", health::router(health, live))
        .merge(metrics::router(metrics))
        .nest("/api/v1", api)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        time::Duration,
    };

    use axum::routing::get;
    use futures_util::FutureExt;
    use serde_json::json;

    use super::*;
    use crate::{clock::Clock, http_test::Server, id::Direction};

    async fn serve(health: &Health, store_up: &Arc<AtomicBool>) -> Server {
        let store_up = Arc::clone(store_up);
        let live: LiveCheck = Arc::new(move || {
            let up = store_up.load(Ordering::Relaxed);
            async move { if up { Ok(()) } else { Err("the disk is full".to_owned()) } }.boxed()
        });
        let api = Router::new().route("/version", get(async || "1"));
        Server::start(router(health.clone(), live, Metrics::install(), api)).await
    }

    #[tokio::test]
    async fn health_metrics_and_api_have_their_places() {
        let health = Health::new("irc", Clock::system());
        let server = serve(&health, &Arc::new(AtomicBool::new(true))).await;

        let live = server.get("/health/live").await;
        assert_eq!((live.status, live.json()), (200, json!({"live": true, "id": "irc"})));
        let ready = server.get("/health/ready").await;
        assert_eq!((ready.status, ready.json()), (200, json!({"ready": true, "reasons": []})));
        assert_eq!(server.get("/api/v1/version").await.body, "1");
        assert_eq!(server.get("/nowhere").await.status, 404);

        ::metrics::counter!("bridge_dead_total", "direction" => "to_matrix").increment(1);
        metrics::set_lane_depth(Direction::ToNetwork, 7);
        metrics::set_oldest_age(Duration::from_millis(1500));
        let metrics = server.get("/metrics").await;
        assert_eq!(metrics.status, 200);
        for line in [
            "bridge_dead_total{direction=\"to_matrix\"} 1",
            "bridge_lane_depth{direction=\"to_network\"} 7",
            "bridge_oldest_age_seconds 1.5",
        ] {
            assert!(metrics.body.lines().any(|found| found == line), "{}", metrics.body);
        }
        assert!(metrics.body.contains("# HELP bridge_dead_total Messages given up"));
        assert!(metrics.head.contains("text/plain"), "{}", metrics.head);
    }

    #[tokio::test]
    async fn what_is_down_is_listed_with_503_while_the_bridge_lives() {
        let health = Health::new("irc", Clock::system());
        let server = serve(&health, &Arc::new(AtomicBool::new(true))).await;
        health.set_down("homeserver_down", "localhost", "connection refused", "start it");

        let ready = server.get("/health/ready").await;
        assert_eq!(ready.status, 503);
        assert_eq!(ready.json()["ready"], false);
        assert_eq!(ready.json()["reasons"][0]["code"], "homeserver_down");
        assert_eq!(server.get("/health/live").await.status, 200);

        health.set_up("homeserver_down", "localhost");
        assert_eq!(server.get("/health/ready").await.status, 200);
    }

    #[tokio::test]
    async fn a_store_that_takes_no_commits_ends_the_life() {
        let store_up = Arc::new(AtomicBool::new(false));
        let server = serve(&Health::new("irc", Clock::system()), &store_up).await;
        let live = server.get("/health/live").await;
        assert_eq!(live.status, 503);
        assert_eq!(live.json()["what"], "the disk is full");
        store_up.store(true, Ordering::Relaxed);
        assert_eq!(server.get("/health/live").await.status, 200);
    }
}
