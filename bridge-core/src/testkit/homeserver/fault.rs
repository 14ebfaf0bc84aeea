//! Ways to go wrong, on demand.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::sync::watch;

use super::world::World;

/// Something that goes wrong with requests of clients.
///
/// Without [`Fault::times`] it does until [`TestHomeserver::heal`](super::TestHomeserver::heal).
#[derive(Clone, Debug)]
pub struct Fault {
    kind: Kind,
    part: Option<String>,
    times: Option<usize>,
}

#[derive(Clone, Debug)]
enum Kind {
    Status(StatusCode),
    Limited(Duration),
    Hang,
    LostAnswer,
}

impl Fault {
    /// A proxy answers in place of the homeserver, with a page and this status.
    ///
    /// # Panics
    /// If there is no such status.
    pub fn status(status: u16) -> Self {
        Self::new(Kind::Status(StatusCode::from_u16(status).expect("a status of HTTP")))
    }

    /// 429, and the wait that is asked for.
    pub fn limited(after: Duration) -> Self {
        Self::new(Kind::Limited(after))
    }

    /// No answer until the fault is healed; then the request is worked off.
    pub fn hang() -> Self {
        Self::new(Kind::Hang)
    }

    /// The request is worked off, and a proxy answers 502 all the same.
    pub fn lost_answer() -> Self {
        Self::new(Kind::LostAnswer)
    }

    /// Only requests whose path and query, as they are on the wire, contain `part`.
    #[must_use]
    pub fn on(mut self, part: impl Into<String>) -> Self {
        self.part = Some(part.into());
        self
    }

    /// Only that many requests.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    fn new(kind: Kind) -> Self {
        Self { kind, part: None, times: None }
    }
}

/// The faults at present.
#[derive(Debug, Default)]
pub(super) struct Faults {
    any: AtomicBool,
    list: Mutex<Vec<Fault>>,
    /// How often all was healed; for what hangs.
    healed: watch::Sender<u64>,
}

impl Faults {
    pub(super) fn add(&self, fault: Fault) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(fault);
        self.any.store(true, Ordering::Release);
    }

    pub(super) fn heal(&self) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.clear();
        self.any.store(false, Ordering::Release);
        self.healed.send_modify(|healed| *healed += 1);
    }

    /// The fault that meets a request, and how to learn of its end.
    fn meet(&self, target: &str) -> Option<(Kind, watch::Receiver<u64>)> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let at = list
            .iter()
            .position(|fault| fault.part.as_ref().is_none_or(|part| target.contains(&**part)))?;
        let kind = list[at].kind.clone();
        if let Some(times) = &mut list[at].times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                list.remove(at);
                self.any.store(!list.is_empty(), Ordering::Release);
            }
        }
        Some((kind, self.healed.subscribe()))
    }
}

/// Lets requests meet their fault.
pub(super) async fn middleware(
    State(world): State<Arc<World>>,
    request: Request,
    next: Next,
) -> Response {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let Some((kind, mut healed)) = world.faults.meet(target) else {
        return next.run(request).await;
    };
    match kind {
        Kind::Status(status) => page(status),
        Kind::Limited(after) => {
            let body = json!({
                "errcode": "M_LIMIT_EXCEEDED",
                "error": "Too Many Requests",
                "retry_after_ms": u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            });
            (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response()
        }
        Kind::Hang => {
            // An error says that the homeserver is gone.
            let _ = healed.changed().await;
            next.run(request).await
        }
        Kind::LostAnswer => {
            next.run(request).await;
            page(StatusCode::BAD_GATEWAY)
        }
    }
}

fn page(status: StatusCode) -> Response {
    let page = format!("<html><center><h1>{status}</h1></center><hr>nginx</html>");
    (status, [(CONTENT_TYPE, "text/html")], page).into_response()
}
