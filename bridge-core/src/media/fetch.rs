//! Fetches files of the remote side, for the homeserver.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Response, Url,
    header::{CONTENT_TYPE, LOCATION},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::guard::{Forbidden, Guard};
use crate::config::AllowHost;

/// How many redirects are followed.
const HOPS: usize = 5;

/// How long a fetch may take in all, and between two pieces.
const WHOLE: Duration = Duration::from_mins(5);
const PAUSE: Duration = Duration::from_secs(20);

/// Fetches files within the rules.
pub(crate) struct Fetcher {
    guard: Guard,
    client: Client,
}

/// A file as it came.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) bytes: Bytes,
    /// Its type, as the server says.
    pub(super) mime: Option<String>,
}

/// Why a file was not fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the address cannot be read")]
    Address,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error("the server does not answer: {0}")]
    Unreachable(String),
    #[error("the server answers {0}")]
    Status(reqwest::StatusCode),
    #[error("it is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("there are more than {HOPS} redirects")]
    Redirects,
}

impl Fetcher {
    /// # Errors
    /// If TLS cannot be set up.
    pub(crate) fn new(allowed: &[AllowHost]) -> Result<Self, String> {
        let guard = Guard::new(allowed);
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder()
            .use_preconfigured_tls(tls)
            .dns_resolver(Arc::new(guard.clone()))
            .redirect(Policy::none())
            .no_proxy()
            .read_timeout(PAUSE)
            .timeout(WHOLE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { guard, client })
    }

    /// Fetches a file of at most `limit` bytes. Each redirect is looked at like the first address.
    pub(super) async fn fetch(&self, url: &str, limit: u64) -> Result<Fetched, FetchError> {
        let mut url: Url = url.parse().map_err(|_| FetchError::Address)?;
        for _ in 0..=HOPS {
            self.guard.check(&url)?;
            let response = self.client.get(url.clone()).send().await.map_err(unreachable)?;
            if response.status().is_redirection() {
                let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                url = to.and_then(|to| url.join(to).ok()).ok_or(FetchError::Address)?;
                continue;
            }
            if !response.status().is_success() {
                return Err(FetchError::Status(response.status()));
            }
            return read(response, limit).await;
        }
        Err(FetchError::Redirects)
    }
}

/// Reads a body, and no more than `limit` of it: what announces to be larger is not begun.
async fn read(mut response: Response, limit: u64) -> Result<Fetched, FetchError> {
    let too_large = FetchError::TooLarge { limit };
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(too_large);
    }
    let mime = response.headers().get(CONTENT_TYPE).and_then(|mime| mime.to_str().ok());
    let mime = mime.map(|mime| mime.split(';').next().unwrap_or(mime).trim().to_lowercase());
    let mut bytes = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(unreachable)? {
        if (bytes.len() + piece.len()) as u64 > limit {
            return Err(too_large);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Fetched { bytes: bytes.freeze(), mime })
}

/// Addresses of files may hold secrets, so that they are left out; what lies below may be ours.
fn unreachable(error: reqwest::Error) -> FetchError {
    let error = error.without_url();
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    while let Some(cause) = source {
        if let Some(Forbidden::Private(host)) = cause.downcast_ref() {
            return FetchError::Forbidden(Forbidden::Private(host.clone()));
        }
        source = cause.source();
    }
    FetchError::Unreachable(error.to_string())
}

#[cfg(test)]
mod tests {
    use axum::{Router, response::Redirect, routing::get};

    use super::*;
    use crate::config::AllowHost;

    async fn server() -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let huge = get(async || {
            let nothing = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
            ([("content-length", "10000000000")], axum::body::Body::from_stream(nothing))
        });
        let endless = get(async || {
            let pieces = futures_util::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(Bytes::from_static(&[0; 1024]))
            });
            axum::body::Body::from_stream(pieces)
        });
        let router = Router::new()
            .route("/cat", get(async || ([("content-type", "image/png; x=y")], "meow")))
            .route("/huge", huge)
            .route("/endless", endless)
            .route("/near", get(async || Redirect::to("/cat")))
            .route("/loop", get(async || Redirect::to("/loop")))
            .route("/inside", get(async || Redirect::to("http://[::1]:1/")));
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn fetcher() -> Fetcher {
        let address = "127.0.0.1".parse().unwrap();
        Fetcher::new(&[AllowHost::Network { address, bits: 32 }]).unwrap()
    }

    #[tokio::test]
    async fn a_file_is_fetched_with_its_type_over_redirects() {
        let base = server().await;
        let fetched = fetcher().fetch(&format!("{base}/near"), 100).await.unwrap();
        assert_eq!((&*fetched.bytes, fetched.mime.as_deref()), (&b"meow"[..], Some("image/png")));
    }

    #[tokio::test]
    async fn what_is_too_large_is_not_read_to_its_end() {
        let base = server().await;
        for path in ["huge", "endless", "cat"] {
            let error = fetcher().fetch(&format!("{base}/{path}"), 3).await.unwrap_err();
            assert!(matches!(error, FetchError::TooLarge { .. }), "{path}: {error}");
        }
    }

    #[tokio::test]
    async fn private_addresses_are_not_asked_not_even_after_a_redirect() {
        let base = server().await;
        let strict = Fetcher::new(&[]).unwrap();
        for url in [format!("{base}/cat"), base.replace("127.0.0.1", "localhost")] {
            let error = strict.fetch(&url, 100).await.unwrap_err();
            assert!(matches!(error, FetchError::Forbidden(_)), "{url}: {error}");
        }
        let error = fetcher().fetch(&format!("{base}/inside"), 100).await.unwrap_err();
        assert!(matches!(error, FetchError::Forbidden(_)), "{error}");
        let error = fetcher().fetch(&format!("{base}/loop"), 100).await.unwrap_err();
        assert!(matches!(error, FetchError::Redirects), "{error}");
    }
}
