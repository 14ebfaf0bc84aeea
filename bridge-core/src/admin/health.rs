//! `GET /health/live` and `GET /health/ready`.
//!
//! Live: the store accepts commits, so the bridge can take messages; balancers probe this. Ready:
//! all links are up and the backlog is small; people and dashboards look at this.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};
use tracing::{info, warn};

use crate::{clock::Clock, config::ReadyBacklog};

/// Finds out whether the store accepts commits; the error says why it does not.
pub type LiveCheck = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

const BACKLOG: &str = "backlog";

/// The subject of [`BACKLOG`]: all lanes together.
const LANES: &str = "lanes";

/// How long the store may take to answer before it counts as down.
const LIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// What is down at present. Clones share it.
///
/// A component whose link takes time to come up reports it down first.
#[derive(Clone, Debug)]
pub struct Health {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    id: String,
    clock: Clock,
    down: Mutex<BTreeMap<(&'static str, String), Down>>,
}

#[derive(Clone, Debug)]
struct Down {
    what: String,
    fix: String,
    since: SystemTime,
}

/// Whether the bridge does all its work, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Nothing is down.
    pub ready: bool,
    /// What is down, the oldest first.
    pub reasons: Vec<Reason>,
}

/// Something that is down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// `homeserver_down`, `network_down`, `backlog` or `store`.
    pub code: &'static str,
    /// Which one, such as the name of a network.
    pub subject: String,
    /// What is wrong.
    pub what: String,
    /// What an admin can do.
    pub fix: String,
    /// Since when, as RFC 3339.
    pub since: String,
}

impl Health {
    /// Of an instance with this id; nothing is down.
    pub fn new(id: impl Into<String>, clock: Clock) -> Self {
        let shared = Shared { id: id.into(), clock, down: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// The id of the instance.
    pub fn id(&self) -> &str {
        &self.shared.id
    }

    /// Reports that something is down. The time of the first report stays.
    ///
    /// `code` is `homeserver_down`, `network_down`, `backlog` or `store`; `subject` says which.
    pub fn set_down(&self, code: &'static str, subject: &str, what: &str, fix: &str) {
        let since = UNIX_EPOCH + Duration::from_millis(self.shared.clock.now().0);
        let mut down = self.down();
        let entry = down.entry((code, subject.to_owned()));
        let known = matches!(entry, std::collections::btree_map::Entry::Occupied(_));
        let entry =
            entry.or_insert_with(|| Down { what: String::new(), fix: String::new(), since });
        what.clone_into(&mut entry.what);
        fix.clone_into(&mut entry.fix);
        drop(down);
        if !known {
            warn!(code, subject, what, fix, "not ready");
        }
    }

    /// Reports that something is up again, or for the first time.
    pub fn set_up(&self, code: &'static str, subject: &str) {
        if self.down().remove(&(code, subject.to_owned())).is_some() {
            info!(code, subject, "ready again");
        }
    }

    /// Reports `backlog` while more waits than the bound allows, or for longer.
    pub fn set_backlog(&self, rows: u64, oldest: Duration, bound: &ReadyBacklog) {
        if rows <= bound.rows && oldest <= bound.age {
            self.set_up(BACKLOG, LANES);
            return;
        }
        let what = format!("{rows} messages wait, the oldest for {} s", oldest.as_secs());
        self.set_down(
            BACKLOG,
            LANES,
            &what,
            "if it does not shrink, see which room or network is slow in the log and at /metrics",
        );
    }

    /// What is down at present.
    pub fn readiness(&self) -> Readiness {
        let mut down: Vec<_> =
            self.down().iter().map(|(name, down)| (name.clone(), down.clone())).collect();
        down.sort_by_key(|(_, down)| down.since);
        let reasons: Vec<Reason> = down
            .into_iter()
            .map(|((code, subject), Down { what, fix, since })| {
                let since = humantime::format_rfc3339_millis(since).to_string();
                Reason { code, subject, what, fix, since }
            })
            .collect();
        Readiness { ready: reasons.is_empty(), reasons }
    }

    fn down(&self) -> MutexGuard<'_, BTreeMap<(&'static str, String), Down>> {
        self.shared.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn router(health: Health, live: LiveCheck) -> Router {
    Router::new()
        .route("/live", get(alive))
        .with_state((health.clone(), live))
        .merge(Router::new().route("/ready", get(ready)).with_state(health))
}

async fn alive(State((health, live)): State<(Health, LiveCheck)>) -> (StatusCode, Json<Value>) {
    let failed = match tokio::time::timeout(LIVE_TIMEOUT, live()).await {
        Ok(Ok(())) => return (StatusCode::OK, Json(json!({"live": true, "id": health.id()}))),
        Ok(Err(what)) => what,
        Err(_) => "the store does not answer".to_owned(),
    };
    let body = json!({"live": false, "id": health.id(), "what": failed});
    (StatusCode::SERVICE_UNAVAILABLE, Json(body))
}

async fn ready(State(health): State<Health>) -> (StatusCode, Json<Readiness>) {
    let readiness = health.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Timestamp;

    #[test]
    fn the_first_report_dates_the_trouble_and_the_last_describes_it() {
        let clock = Clock::fixed(Timestamp(1_700_000_000_000));
        let health = Health::new("irc", clock.clone());
        assert_eq!(health.readiness(), Readiness { ready: true, reasons: Vec::new() });

        health.set_down("network_down", "local", "refused", "start it");
        clock.set(Timestamp(1_700_000_060_000));
        health.set_down("network_down", "local", "timed out", "look at the firewall");
        health.set_down("backlog", "lanes", "20000 rows wait", "wait");
        let readiness = health.readiness();
        assert!(!readiness.ready);
        assert_eq!(
            serde_json::to_value(&readiness).unwrap(),
            json!({"ready": false, "reasons": [
                {"code": "network_down", "subject": "local", "what": "timed out",
                 "fix": "look at the firewall", "since": "2023-11-14T22:13:20.000Z"},
                {"code": "backlog", "subject": "lanes", "what": "20000 rows wait",
                 "fix": "wait", "since": "2023-11-14T22:14:20.000Z"},
            ]})
        );
    }

    #[test]
    fn a_backlog_counts_by_its_size_and_by_its_age() {
        let health = Health::new("irc", Clock::system());
        let bound = ReadyBacklog { rows: 10, age: Duration::from_mins(1) };
        for (rows, age, ready) in [(10, 60, true), (11, 0, false), (0, 0, true), (1, 61, false)] {
            health.set_backlog(rows, Duration::from_secs(age), &bound);
            assert_eq!(health.readiness().ready, ready, "{rows} rows, {age} s");
        }
        assert_eq!(health.readiness().reasons[0].what, "1 messages wait, the oldest for 61 s");
    }

    #[test]
    fn each_subject_recovers_by_itself() {
        let health = Health::new("irc", Clock::system());
        health.set_down("network_down", "a", "x", "y");
        health.set_down("network_down", "b", "x", "y");
        health.set_up("network_down", "a");
        health.set_up("homeserver_down", "b");
        assert_eq!(health.readiness().reasons.len(), 1);
        health.set_up("network_down", "b");
        assert!(health.readiness().ready);
    }
}
