//! From a request to what its caller gets: metrics, evidence about the link, and errors.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Homeserver,
    error::{HomeserverError, classify},
    path::Path,
    transport::{Answer, Outgoing},
};

impl Homeserver {
    /// Sends a request that was put together by hand and reads a JSON answer.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        endpoint: &'static str,
        method: Method,
        path: Path,
        body: Option<Bytes>,
    ) -> Result<T, HomeserverError> {
        let request =
            self.0.transport.request(method, path, body).map_err(|error| {
                HomeserverError::Unsendable { endpoint, source: Box::new(error) }
            })?;
        let answer = self.exchange(endpoint, request, self.0.transport.timeout()).await?;
        serde_json::from_slice(&answer.body).map_err(|error| unreadable(endpoint, &answer, error))
    }

    /// Like [`Homeserver::json`], where `M_NOT_FOUND` means that there is nothing.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        endpoint: &'static str,
        path: Path,
    ) -> Result<Option<T>, HomeserverError> {
        match self.json(endpoint, Method::GET, path, None).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is("M_NOT_FOUND") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request; what comes back is a success.
    pub(super) async fn exchange(
        &self,
        endpoint: &'static str,
        request: Outgoing,
        timeout: Duration,
    ) -> Result<Answer, HomeserverError> {
        let started = Instant::now();
        let result = self.0.transport.exchange(request, timeout).await.and_then(accepted);
        let outcome = result.as_ref().map_or_else(HomeserverError::outcome, |_| "ok");
        metrics::counter!(
            "bridge_homeserver_requests_total", "endpoint" => endpoint, "outcome" => outcome
        )
        .increment(1);
        metrics::histogram!("bridge_homeserver_request_seconds", "endpoint" => endpoint)
            .record(started.elapsed());
        match &result {
            Err(error) if error.doubts_link() => {
                tracing::debug!(endpoint, %error, "a request to the homeserver got lost");
                self.0.link.doubted();
            }
            _ => self.0.link.answered(),
        }
        result
    }
}

/// Serialises a body.
pub(super) fn to_body(
    endpoint: &'static str,
    content: &(impl Serialize + ?Sized),
) -> Result<Bytes, HomeserverError> {
    match serde_json::to_vec(content) {
        Ok(body) => Ok(body.into()),
        Err(error) => Err(HomeserverError::Unsendable { endpoint, source: Box::new(error) }),
    }
}

/// What an answer is that has the status of a success and cannot be read.
pub(super) fn unreadable(
    endpoint: &'static str,
    answer: &Answer,
    source: impl Into<super::error::Source>,
) -> HomeserverError {
    if serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body).is_ok() {
        HomeserverError::Garbled { endpoint, source: source.into() }
    } else {
        // A page that a proxy serves as 200, such as "we are back soon".
        HomeserverError::Unavailable { status: answer.status }
    }
}

pub(super) fn accepted(answer: Answer) -> Result<Answer, HomeserverError> {
    if answer.status.is_success() {
        Ok(answer)
    } else {
        Err(classify(answer.status, &answer.headers, &answer.body))
    }
}
