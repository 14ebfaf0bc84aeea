//! How a request can fail, sorted by what its caller can do about it.

use std::{error::Error as StdError, time::Duration};

use hyper::{HeaderMap, StatusCode, header};
use ruma::api::error::RetryAfter;
use serde::Deserialize;

pub(super) type Source = Box<dyn StdError + Send + Sync>;

/// The wait after a 429 that names none.
const DEFAULT_LIMIT: Duration = Duration::from_secs(1);

/// Why a request did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeserverError {
    /// No answer: no connection, a broken one, or none in time. The request may have been taken.
    #[error("the homeserver does not answer: {}", chain(&**source))]
    Unreachable {
        /// What the connection says.
        source: Source,
    },
    /// 429: too many requests.
    #[error("the homeserver asks to wait {} ms", after.as_millis())]
    Limited {
        /// How long to wait before the next try.
        after: Duration,
    },
    /// An answer that does not come from a working homeserver: 5xx, or a page of a proxy. The
    /// request may have been taken.
    #[error(
        "the homeserver is out of order, or homeserver.url leads elsewhere: it answers {status} \
         without a Matrix error"
    )]
    Unavailable {
        /// The status of the answer.
        status: StatusCode,
    },
    /// The homeserver says no.
    #[error("the homeserver refuses: {errcode}: {message} ({status})")]
    Refused {
        /// The status of the answer.
        status: StatusCode,
        /// The Matrix error code: `M_FORBIDDEN`.
        errcode: String,
        /// What the homeserver says, for people.
        message: String,
    },
    /// The request was taken, but its answer lacks what the spec demands.
    #[error("the homeserver's answer to {endpoint} cannot be read: {}", chain(&**source))]
    Garbled {
        /// Which request was answered.
        endpoint: &'static str,
        /// What is wrong with the answer.
        source: Source,
    },
    /// The request could not be put together; nothing was sent.
    #[error("the request {endpoint} cannot be put together: {}", chain(&**source))]
    Unsendable {
        /// Which request was meant.
        endpoint: &'static str,
        /// What is wrong with it.
        source: Source,
    },
}

impl HomeserverError {
    /// Whether the same request may succeed later without anybody doing anything.
    ///
    /// A retry must carry the same transaction id, since the first try may have been taken.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Limited { .. } | Self::Unavailable { .. } => true,
            Self::Refused { status, .. } => status.is_server_error(),
            Self::Garbled { .. } | Self::Unsendable { .. } => false,
        }
    }

    /// How long the homeserver asks to wait, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited { after } => Some(*after),
            _ => None,
        }
    }

    /// The Matrix error code, if the homeserver gave one.
    pub fn errcode(&self) -> Option<&str> {
        match self {
            Self::Refused { errcode, .. } => Some(errcode),
            Self::Limited { .. } => Some("M_LIMIT_EXCEEDED"),
            _ => None,
        }
    }

    /// Whether the homeserver gave this error code.
    pub fn is(&self, errcode: &str) -> bool {
        self.errcode() == Some(errcode)
    }

    /// Whether this speaks against the link as a whole, rather than against one request.
    pub(super) fn doubts_link(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unavailable { .. })
    }

    /// The value of the `outcome` label of metrics.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Limited { .. } => "limited",
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Garbled { .. } => "garbled",
            Self::Unsendable { .. } => "unsendable",
        }
    }
}

/// Why there can be no client at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The URL of the homeserver.
    #[error("homeserver.url {url:?} is no http:// or https:// address of a server, without query")]
    Url {
        /// What is configured.
        url: String,
    },
    /// The token has bytes that no HTTP header can carry.
    #[error("the registration's as_token has characters that HTTP cannot carry; make a new one")]
    Token,
    /// TLS cannot be used.
    #[error("TLS to the homeserver cannot be used; are the system's root certificates installed?")]
    Tls {
        /// What TLS says.
        source: Source,
    },
}

/// Sorts an answer that is no success.
pub(super) fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> HomeserverError {
    let matrix = serde_json::from_slice::<MatrixError>(body).ok();
    if status == StatusCode::TOO_MANY_REQUESTS {
        return HomeserverError::Limited { after: wait(headers, matrix.as_ref()) };
    }
    match matrix {
        Some(MatrixError { errcode: Some(errcode), error, .. })
            if !status.is_server_error() || is_about_others(&errcode) =>
        {
            HomeserverError::Refused { status, errcode, message: error.unwrap_or_default() }
        }
        // Proxies have their own limit of bodies, and no later try is shorter.
        _ if status == StatusCode::PAYLOAD_TOO_LARGE => HomeserverError::Refused {
            status,
            errcode: "M_TOO_LARGE".to_owned(),
            message: "the proxy before the homeserver limits the size of requests".to_owned(),
        },
        // User-interactive authentication and the like: JSON without an error code.
        Some(_) if status.is_client_error() => HomeserverError::Refused {
            status,
            errcode: "M_UNKNOWN".to_owned(),
            message: "an error without a code".to_owned(),
        },
        _ => HomeserverError::Unavailable { status },
    }
}

/// Codes of 502 and 504 that a sound homeserver uses to tell of a third party: ourselves, when we
/// asked for a ping.
fn is_about_others(errcode: &str) -> bool {
    matches!(errcode, "M_BAD_STATUS" | "M_CONNECTION_FAILED" | "M_CONNECTION_TIMEOUT")
}

fn wait(headers: &HeaderMap, matrix: Option<&MatrixError>) -> Duration {
    let header =
        headers.get(header::RETRY_AFTER).and_then(|value| RetryAfter::try_from(value).ok());
    match header {
        Some(RetryAfter::Delay(delay)) => delay,
        Some(RetryAfter::DateTime(at)) => {
            at.elapsed().err().map_or(Duration::ZERO, |e| e.duration())
        }
        None => matrix
            .and_then(|matrix| matrix.retry_after_ms)
            .map_or(DEFAULT_LIMIT, Duration::from_millis),
    }
}

#[derive(Deserialize)]
struct MatrixError {
    errcode: Option<String>,
    error: Option<String>,
    retry_after_ms: Option<u64>,
}

/// An error and its causes on one line.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn classified(status: u16, body: &str) -> HomeserverError {
        classify(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn a_matrix_error_is_a_refusal_with_its_code() {
        let error = classified(403, r#"{"errcode":"M_FORBIDDEN","error":"You are banned"}"#);
        assert!(error.is("M_FORBIDDEN") && !error.is_retryable());
        assert_eq!(
            error.to_string(),
            "the homeserver refuses: M_FORBIDDEN: You are banned (403 Forbidden)"
        );
    }

    #[test]
    fn a_page_of_a_proxy_is_no_refusal() {
        for status in [301, 404, 408, 502, 503, 504, 520] {
            let error = classified(status, "<html>nginx</html>");
            assert!(matches!(error, HomeserverError::Unavailable { .. }), "{status}: {error}");
            assert!(error.is_retryable() && error.doubts_link());
        }
    }

    #[test]
    fn an_internal_error_is_no_refusal_whatever_it_says() {
        let error = classified(500, r#"{"errcode":"M_UNKNOWN","error":"Internal server error"}"#);
        assert!(matches!(error, HomeserverError::Unavailable { .. }));
    }

    #[test]
    fn a_failed_ping_does_not_speak_against_the_homeserver() {
        let error = classified(502, r#"{"errcode":"M_BAD_STATUS","error":"401","status":401}"#);
        assert!(error.is("M_BAD_STATUS") && error.is_retryable() && !error.doubts_link());
    }

    #[test]
    fn too_large_is_final_also_from_a_proxy() {
        let error = classified(413, "<html>nginx</html>");
        assert!(error.is("M_TOO_LARGE") && !error.is_retryable());
    }

    #[test]
    fn the_header_of_a_limit_goes_before_the_body() {
        let body = br#"{"errcode":"M_LIMIT_EXCEEDED","error":"","retry_after_ms":1500}"#;
        let mut headers = HeaderMap::new();
        let after = |headers: &HeaderMap, body: &[u8]| {
            classify(StatusCode::TOO_MANY_REQUESTS, headers, body).retry_after().unwrap()
        };
        assert_eq!(after(&headers, body), Duration::from_millis(1500));
        assert_eq!(after(&headers, b"slow down"), DEFAULT_LIMIT);
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
        assert_eq!(after(&headers, body), Duration::from_secs(7));
        let past = HeaderValue::from_static("Wed, 21 Oct 2015 07:28:00 GMT");
        headers.insert(header::RETRY_AFTER, past);
        assert_eq!(after(&headers, body), Duration::ZERO);
    }
}
