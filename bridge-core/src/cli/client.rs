//! The admin API of the running bridge, as the shell's commands see it.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use anyhow::{Context, anyhow};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Serialize, de::DeserializeOwned};

use super::Failure;
use crate::{admin::api::ErrorBody, config::Config};

/// The largest answer that is read.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// A client of the bridge that runs with a configuration.
#[derive(Clone)]
pub(super) struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    token: String,
    program: String,
}

/// Why the bridge did not do as told.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It says why.
    Said(ErrorBody),
    /// It cannot be asked.
    Failed(anyhow::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Said(body) => Self::Other(anyhow!(body.what)),
            Refusal::Failed(error) => Self::Other(error),
        }
    }
}

impl Client {
    /// Finds the bridge by its configuration, and the token that it takes.
    pub(super) fn new(config: &Config, program: String) -> Result<Self, Failure> {
        let file = &config.admin.token_file;
        let token = fs::read_to_string(file).with_context(|| {
            format!(
                "cannot read admin.token_file {}: run this as the bridge's user",
                file.display()
            )
        })?;
        let token = token.trim().to_owned();
        let pool = Pool::builder(TokioExecutor::new()).build_http();
        Ok(Self { pool, address: reachable(config.admin.listen), token, program })
    }

    /// `GET` with a query of names and values.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Refusal> {
        let mut path = path.to_owned();
        for (at, (name, value)) in query.iter().enumerate() {
            path.push(if at == 0 { '?' } else { '&' });
            path.push_str(name);
            path.push('=');
            path.push_str(&encoded(value));
        }
        self.send(Method::GET, &path, Bytes::new()).await
    }

    /// A request with a body.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Refusal> {
        let body = serde_json::to_vec(body).context("cannot write the request");
        self.send(method, path, body.map_err(Refusal::Failed)?.into()).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, Refusal> {
        let (status, body) = self.exchange(method, path, body).await.map_err(Refusal::Failed)?;
        if status.is_success() {
            let read = serde_json::from_slice(&body);
            return read.with_context(|| self.no_bridge()).map_err(Refusal::Failed);
        }
        match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(body) => Err(Refusal::Said(body)),
            Err(_) => Err(Refusal::Failed(anyhow!("{}: it answers {status}", self.no_bridge()))),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), anyhow::Error> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}/api/v1{path}", self.address))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .context("the token in admin.token_file, or what was asked for, has odd characters")?;
        let answer = self.pool.request(request).await.with_context(|| {
            format!(
                "the bridge is not running: nothing answers at http://{} (admin.listen); start \
                 it with `{} run`",
                self.address, self.program
            )
        })?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| anyhow!("the answer was cut off: {error}"))?;
        Ok((status, body.to_bytes()))
    }

    fn no_bridge(&self) -> String {
        format!("what listens on http://{} (admin.listen) is not this bridge", self.address)
    }
}

/// Where a listener on all addresses is reached from here.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// A value of a query, percent-encoded.
fn encoded(value: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_query_are_encoded() {
        assert_eq!(encoded("$a+b/é~"), "%24a%2Bb%2F%C3%A9~");
    }

    #[test]
    fn a_listener_on_all_addresses_is_reached_here() {
        for (listen, reached) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(reachable(listen.parse().unwrap()), reached.parse().unwrap());
        }
    }
}
