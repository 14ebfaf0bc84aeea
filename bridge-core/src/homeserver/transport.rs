//! One connection pool to one server: a request in, an answer out.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    http::uri::{Authority, PathAndQuery, Scheme},
};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::sync::Semaphore;

use super::{
    HomeserverConfig,
    error::{HomeserverError, SetupError, classify},
    path::Path,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Below the idle limit of Synapse and the usual proxies, which is 60 s or more.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is read; an initial sync of a bot in many rooms is the largest known.
const MAX_ANSWER: usize = 256 * 1024 * 1024;
/// The largest refusal that is read.
const MAX_REFUSAL: usize = 64 * 1024;

pub(super) type Outgoing = Request<Full<Bytes>>;

/// An answer, whatever its status.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The pool, where it leads, and our token.
pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: Base,
    as_token: String,
    authorization: HeaderValue,
    permits: Semaphore,
    timeout: Duration,
}

impl Transport {
    pub(super) fn new(config: &HomeserverConfig) -> Result<Self, SetupError> {
        let base = Base::parse(&config.url)?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", config.as_token))
            .map_err(|_| SetupError::Token)?;
        authorization.set_sensitive(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(config.max_concurrency)
            .build(connector(&base.scheme)?);
        Ok(Self {
            client,
            base,
            as_token: config.as_token.clone(),
            authorization,
            permits: Semaphore::new(config.max_concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            timeout: config.timeout,
        })
    }

    /// The address of the server, with the prefix of the path, without a slash at its end.
    pub(super) fn base_url(&self) -> &str {
        &self.base.url
    }

    pub(super) fn as_token(&self) -> &str {
        &self.as_token
    }

    /// How long a request may take that does not wait by design.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Puts together a request with our token, and JSON if there is a body.
    pub(super) fn request(
        &self,
        method: Method,
        path: Path,
        body: Option<Bytes>,
    ) -> Result<Outgoing, hyper::http::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(self.base.join(path.into_text())?)
            .header(AUTHORIZATION, self.authorization.clone());
        if body.is_some() {
            request = request
                .header(CONTENT_TYPE, const { HeaderValue::from_static("application/json") });
        }
        request.body(Full::new(body.unwrap_or_default()))
    }

    /// Waits for a place, then sends and reads the answer within `timeout`.
    pub(super) async fn exchange(
        &self,
        request: Outgoing,
        timeout: Duration,
    ) -> Result<Answer, HomeserverError> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        self.exchange_at_once(request, timeout).await
    }

    /// Sends a request and leaves the body of a success to be read; it takes no place among
    /// those that answer at once.
    pub(super) async fn stream(
        &self,
        request: Outgoing,
    ) -> Result<Response<Incoming>, HomeserverError> {
        let head = tokio::time::timeout(self.timeout, self.client.request(request)).await;
        let response = head
            .map_err(|elapsed| HomeserverError::Unreachable { source: Box::new(elapsed) })?
            .map_err(unreachable)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_REFUSAL)
            .collect()
            .await
            .map_err(|source| HomeserverError::Unreachable { source })?
            .to_bytes();
        Err(classify(parts.status, &parts.headers, &body))
    }

    /// Like [`Transport::exchange`], past all that wait.
    pub(super) async fn exchange_at_once(
        &self,
        request: Outgoing,
        timeout: Duration,
    ) -> Result<Answer, HomeserverError> {
        let exchange = async {
            let (parts, body) =
                self.client.request(request).await.map_err(unreachable)?.into_parts();
            let body = Limited::new(body, MAX_ANSWER)
                .collect()
                .await
                .map_err(|source| HomeserverError::Unreachable { source })?
                .to_bytes();
            Ok(Answer { status: parts.status, headers: parts.headers, body })
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|elapsed| {
            Err(HomeserverError::Unreachable {
                source: format!("no answer within {} ms ({elapsed})", timeout.as_millis()).into(),
            })
        })
    }
}

fn unreachable(error: hyper_util::client::legacy::Error) -> HomeserverError {
    HomeserverError::Unreachable { source: Box::new(error) }
}

/// Where the server is.
struct Base {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
    url: String,
}

impl Base {
    fn parse(url: &str) -> Result<Self, SetupError> {
        let wrong = || SetupError::Url { url: without_userinfo(url) };
        let parts = url.parse::<Uri>().map_err(|_| wrong())?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(wrong());
        };
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        let usable_scheme = scheme == Scheme::HTTP || scheme == Scheme::HTTPS;
        if !usable_scheme || path.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong());
        }
        let prefix = path.path().trim_end_matches('/').to_owned();
        let url = format!("{scheme}://{authority}{prefix}");
        Ok(Self { scheme, authority, prefix, url })
    }

    fn join(&self, path: String) -> Result<Uri, hyper::http::Error> {
        let path = if self.prefix.is_empty() { path } else { format!("{}{path}", self.prefix) };
        let mut parts = hyper::http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(Bytes::from(path))?);
        Ok(Uri::from_parts(parts)?)
    }
}

/// The URL as it may be shown: whoever writes a password into it does not want it in a log.
fn without_userinfo(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}://…@{}", &url[..scheme], &url[at + 1..])
        }
        _ => url.to_owned(),
    }
}

fn connector(scheme: &Scheme) -> Result<HttpsConnector<HttpConnector>, SetupError> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    http.set_keepalive(Some(IDLE_TIMEOUT));
    let tls = tls(scheme).map_err(|source| SetupError::Tls { source })?;
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
    let builder =
        if *scheme == Scheme::HTTPS { builder.https_only() } else { builder.https_or_http() };
    Ok(builder.enable_http1().wrap_connector(http))
}

/// The provider is named, since no process default may be installed, or another one.
fn tls(scheme: &Scheme) -> Result<ClientConfig, super::error::Source> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    // Containers without root certificates are common where TLS is not used.
    let builder = if *scheme == Scheme::HTTPS {
        builder.with_native_roots()?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_the_url_stays_before_every_request() {
        let base = Base::parse("https://example.org:8448/matrix/").unwrap();
        assert_eq!(base.url, "https://example.org:8448/matrix");
        let uri = base.join("/_matrix/client/versions?a=b".to_owned()).unwrap();
        assert_eq!(uri, "https://example.org:8448/matrix/_matrix/client/versions?a=b");
    }

    #[test]
    fn urls_that_lead_nowhere_are_refused_without_showing_a_password() {
        for url in ["", "localhost:8008", "/matrix", "ftp://a", "http://a/?b=c", "not a url"] {
            assert!(Base::parse(url).is_err(), "{url}");
        }
        let Err(error) = Base::parse("http://me:hunter2@a") else { panic!("accepted") };
        assert!(error.to_string().contains("http://…@a") && !error.to_string().contains("hunter2"));
    }
}
