//! What the homeserver asks of application services.

use std::{fmt::Write, time::Duration};

use axum::http::{Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use ruma::{RoomAliasId, UserId};

use super::service::Service;

/// As long as Synapse waits.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A client that knows the tokens of services.
#[derive(Debug)]
pub(super) struct Outcalls(Client<HttpConnector, Full<Bytes>>);

impl Outcalls {
    pub(super) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Asks a service about an alias; it may make the room meanwhile.
    pub(super) async fn query_alias(&self, service: &Service, alias: &RoomAliasId) -> bool {
        let path = format!("/_matrix/app/v1/rooms/{}", escape(alias.as_str()));
        self.query(service, &path).await
    }

    /// Asks a service about a user; it may make the user meanwhile.
    pub(super) async fn query_user(&self, service: &Service, user_id: &UserId) -> bool {
        let path = format!("/_matrix/app/v1/users/{}", escape(user_id.as_str()));
        self.query(service, &path).await
    }

    async fn query(&self, service: &Service, path: &str) -> bool {
        let answer = self.call(service, Method::GET, path, Bytes::new()).await;
        answer.is_ok_and(|(status, _)| status.is_success())
    }

    /// Makes one request; `Err` says why there is no answer.
    pub(super) async fn call(
        &self,
        service: &Service,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), String> {
        let Some(url) = service.url() else { return Err("no url".to_owned()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("{url}{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", service.hs_token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| error.to_string())?;
        let exchange = async {
            let answer = self.0.request(request).await.map_err(|error| error.to_string())?;
            let status = answer.status();
            let body = answer.into_body().collect().await.map_err(|error| error.to_string())?;
            Ok((status, body.to_bytes()))
        };
        tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or_else(|error| Err(error.to_string()))
    }
}

/// Escapes all but what never needs it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
