//! Whether a request comes from the homeserver.
//!
//! The token stands in `Authorization: Bearer …`, or, from homeservers before Matrix 1.4, in the
//! query as `access_token` ([Application Service API, "Authorization"][spec]). It is checked before
//! the body is read.
//!
//! [spec]: https://spec.matrix.org/latest/application-service-api/#authorization

use axum::{
    Json,
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, Uri, header::AUTHORIZATION},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tracing::warn;

/// The `hs_token`, which requests must show. Only its hash is kept.
#[derive(Clone)]
pub struct HsToken([u8; 32]);

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// There is no token.
    #[error("the request carries no token")]
    Missing,
    /// There is another token.
    #[error("the token is not the hs_token of the registration")]
    Wrong,
}

impl HsToken {
    /// Takes the token of the registration.
    pub fn new(token: &str) -> Self {
        Self(hash(token))
    }

    /// Checks the token of a request, in a time that tells nothing about the right one.
    ///
    /// # Errors
    /// If there is none, or another one. A header goes before the query.
    pub fn admits(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), AuthError> {
        let token = match bearer(headers) {
            Some(token) => token.to_owned(),
            None => in_query(uri).ok_or(AuthError::Missing)?,
        };
        if bool::from(hash(&token).ct_eq(&self.0)) { Ok(()) } else { Err(AuthError::Wrong) }
    }
}

/// Lets a request pass that shows the token, for [`axum::middleware::from_fn_with_state`].
///
/// Others get 401 or 403; their bodies stay unread.
pub async fn check(State(token): State<HsToken>, request: Request, next: Next) -> Response {
    match token.admits(request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(error) => {
            let path = request.uri().path();
            warn!(path, reason = error.label(), "refused a request: is the registration current?");
            metrics::counter!("bridge_refused_requests_total", "reason" => error.label())
                .increment(1);
            error.into_response()
        }
    }
}

impl AuthError {
    const fn label(self) -> &'static str {
        match self {
            Self::Missing => "no_token",
            Self::Wrong => "wrong_token",
        }
    }
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        let (status, errcode) = match self {
            Self::Missing => (StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN"),
            Self::Wrong => (StatusCode::FORBIDDEN, "M_FORBIDDEN"),
        };
        let body = json!({"errcode": errcode, "error": self.to_string()});
        (status, Json(body)).into_response()
    }
}

/// The token of the header; other schemes are a proxy's and none of ours.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn in_query(uri: &Uri) -> Option<String> {
    #[derive(Deserialize)]
    struct Token {
        access_token: Option<String>,
    }
    Query::<Token>::try_from_uri(uri).ok()?.0.access_token
}

/// Hashes have one length, so that comparing them tells nothing about the token's.
fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Bytes, middleware::from_fn_with_state, routing::put};

    use super::*;
    use crate::http_test::{Answer, Server};

    async fn serve() -> Server {
        let token = HsToken::new("right");
        let routes = Router::new()
            .route("/t", put(async |body: Bytes| format!("{} bytes", body.len())))
            .layer(from_fn_with_state(token, check));
        Server::start(routes).await
    }

    async fn put_to(server: &Server, path: &str, header: &str) -> Answer {
        let request = format!(
            "PUT {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}Content-Length: 2\r\n\r\n{{}}"
        );
        server.send(&request).await
    }

    #[tokio::test]
    async fn the_token_passes_in_the_header_or_the_query() {
        let server = serve().await;
        for (path, header) in [
            ("/t", "Authorization: Bearer right\r\n"),
            ("/t", "authorization: bearer right\r\n"),
            ("/t?access_token=right", ""),
            ("/t?a=b&access_token=righ%74", ""),
            ("/t?access_token=wrong", "Authorization: Bearer right\r\n"),
            ("/t?access_token=right", "Authorization: Basic cHJveHk6eA==\r\n"),
        ] {
            let answer = put_to(&server, path, header).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, "2 bytes"), "{path} {header}");
        }
    }

    #[tokio::test]
    async fn a_wrong_token_is_forbidden() {
        let server = serve().await;
        for (path, header) in [
            ("/t", "Authorization: Bearer wrong\r\n"),
            ("/t", "Authorization: Bearer right2\r\n"),
            ("/t?access_token=wrong", ""),
            ("/t?access_token=", ""),
            ("/t?access_token=right", "Authorization: Bearer wrong\r\n"),
        ] {
            let answer = put_to(&server, path, header).await;
            assert_eq!(answer.status, 403, "{path} {header}");
            assert_eq!(answer.json()["errcode"], "M_FORBIDDEN");
        }
    }

    #[tokio::test]
    async fn no_token_is_unauthorized() {
        let server = serve().await;
        for (path, header) in [("/t", ""), ("/t?other=1", ""), ("/t", "Authorization: right\r\n")] {
            let answer = put_to(&server, path, header).await;
            assert_eq!(answer.status, 401, "{path} {header}");
            assert_eq!(answer.json()["errcode"], "M_MISSING_TOKEN");
        }
    }

    #[tokio::test]
    async fn a_refusal_does_not_wait_for_the_body() {
        let server = serve().await;
        let request = "PUT /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                       Authorization: Bearer wrong\r\nContent-Length: 1000000\r\n\r\n";
        let answer = server.send(request).await;
        assert_eq!(answer.status, 403);
    }
}
