//! `GET /metrics`: the numbers of the core, and what they mean.

use std::time::Duration;

use axum::{Router, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

use crate::{id::Direction, telemetry::Metrics};

/// Rows that wait, by `direction`.
const LANE_DEPTH: &str = "bridge_lane_depth";

/// The age of the oldest row that waits.
const OLDEST_AGE: &str = "bridge_oldest_age_seconds";

/// All counters, with their labels and meanings.
const COUNTERS: [(&str, &str); 18] = [
    ("bridge_received_total", "Messages taken from one side, durably, by direction."),
    ("bridge_delivered_total", "Messages that the other side has, by direction."),
    ("bridge_retried_total", "Attempts that failed and will be made again, by direction."),
    ("bridge_dead_total", "Messages given up and kept as dead letters, by direction."),
    ("bridge_uncertain_total", "Messages that may or may not have arrived, by direction."),
    ("bridge_unconfirmed_total", "Lines that count as delivered although no echo came."),
    ("bridge_duplicates_total", "Messages that came again and were taken once, by direction."),
    ("bridge_ignored_total", "Events that mean nothing to the other side, by direction."),
    ("bridge_unrouted_total", "Events of rooms or channels that are not bridged, by direction."),
    ("bridge_blocked_total", "Messages dropped because of their author's level."),
    ("bridge_order_relaxed_total", "Lines that overtook one whose echo took too long."),
    ("bridge_gap_events_total", "Events that the homeserver had not handed over, fetched later."),
    ("bridge_transactions_total", "Transactions of the homeserver, by outcome."),
    ("bridge_transaction_ids_reused_total", "Old ids of transactions that brought new events."),
    ("bridge_refused_requests_total", "Requests refused before their body was read, by reason."),
    ("bridge_homeserver_requests_total", "Requests to the homeserver, by endpoint and outcome."),
    ("bridge_homeserver_outages_total", "How often the homeserver went away."),
    ("bridge_network_reconnects_total", "How often a link to the network was made again."),
];

/// All gauges.
const GAUGES: [(&str, Unit, &str); 4] = [
    (LANE_DEPTH, Unit::Count, "Messages that wait to be delivered, by direction."),
    (OLDEST_AGE, Unit::Seconds, "Age of the oldest message that waits."),
    ("bridge_homeserver_up", Unit::Count, "1 while the homeserver answers, else 0."),
    ("bridge_channels_joined", Unit::Count, "Channels that are read at present, by network."),
];

/// All histograms. They measure seconds and their names say so: the recorder goes by that.
const HISTOGRAMS: [(&str, &str); 3] = [
    ("bridge_delivery_seconds", "From the receipt of a message to its delivery, by direction."),
    ("bridge_commit_seconds", "From the arrival of messages to their commit, by direction."),
    ("bridge_homeserver_request_seconds", "Requests to the homeserver, by endpoint."),
];

/// Tells the recorder what the metrics of the core mean.
pub(crate) fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(name, meaning);
    }
    for (name, unit, meaning) in GAUGES {
        describe_gauge!(name, unit, meaning);
    }
    for (name, meaning) in HISTOGRAMS {
        describe_histogram!(name, Unit::Seconds, meaning);
    }
}

/// Shows how many rows wait in one direction.
pub fn set_lane_depth(direction: Direction, rows: u64) {
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats; nobody counts so high")]
    metrics::gauge!(LANE_DEPTH, "direction" => direction.label()).set(rows as f64);
}

/// Shows how old the oldest row is that waits.
pub fn set_oldest_age(age: Duration) {
    metrics::gauge!(OLDEST_AGE).set(age.as_secs_f64());
}

/// `GET /metrics`.
pub(super) fn router(metrics: Metrics) -> Router {
    let page = async move || {
        let text = metrics.render();
        ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
    };
    Router::new().route("/metrics", get(page))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_say_what_they_count_and_are_given_once() {
        let counters = COUNTERS.map(|(name, _)| name);
        assert!(counters.iter().all(|name| name.ends_with("_total")));
        let gauges = GAUGES.map(|(name, ..)| name);
        assert!(gauges.iter().all(|name| !name.ends_with("_total")));
        let histograms = HISTOGRAMS.map(|(name, _)| name);
        assert!(histograms.iter().all(|name| name.ends_with("_seconds")));
        let all: Vec<_> = counters.iter().chain(&gauges).chain(&histograms).collect();
        assert!(all.iter().all(|name| name.starts_with("bridge_")));
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
