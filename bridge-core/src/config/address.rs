//! Addresses: where others are reached, and where we listen.

use std::{fmt, net::SocketAddr};

use axum::http::Uri;
use serde::{Serialize, Serializer};

use super::section::{Wrong, wrong};

/// An `http` or `https` address that paths are put behind; it does not end in `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl(String);

impl HttpUrl {
    /// The address as text, without a `/` at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        const FIX: &str = "write it as `http://host:port` or `https://host`";
        let uri: Uri = text.parse().map_err(|_| wrong("this is not an address", FIX))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("the address must start with `http://` or `https://`", FIX));
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(wrong("the address names no host", FIX));
        }
        if uri.query().is_some() || uri.authority().is_some_and(|part| part.as_str().contains('@'))
        {
            return Err(wrong("the address must be free of `?` and of user names", FIX));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The address of a listener on this machine.
    pub(super) fn of_listener(listen: SocketAddr) -> Self {
        Self(format!("http://{listen}"))
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for HttpUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Reads an address to listen on.
pub(super) fn listener(text: &str) -> Result<SocketAddr, Wrong> {
    text.parse().map_err(|_| {
        wrong(
            "this is not an address to listen on",
            "write an IP address and a port, such as `127.0.0.1:29331` or `[::]:29331`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_only_the_slash_at_its_end() {
        for (text, kept) in [
            ("http://127.0.0.1:8008", "http://127.0.0.1:8008"),
            ("https://matrix.example.org/", "https://matrix.example.org"),
            ("https://example.org/matrix/", "https://example.org/matrix"),
            ("http://[::1]:8008", "http://[::1]:8008"),
        ] {
            let url = HttpUrl::parse(text).map_err(|wrong| wrong.what).unwrap();
            assert_eq!(url.as_str(), kept);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_form() {
        for text in
            ["", "localhost", "localhost:8008", "ftp://x", "http://", "http://a?b", "http://u:p@h"]
        {
            let refused = HttpUrl::parse(text).map(|url| url.to_string());
            assert!(refused.is_err_and(|wrong| wrong.fix.contains("http://host:port")), "{text}");
        }
    }
}
