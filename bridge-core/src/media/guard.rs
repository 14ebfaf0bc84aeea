//! Which addresses files may be fetched from: none within our own network.
//!
//! A name is resolved once, and the connection goes to one of the addresses that were looked at:
//! a name that changes in between gains nothing.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use crate::config::AllowHost;

/// The rules of one bridge.
#[derive(Clone)]
pub(super) struct Guard {
    allowed: Arc<[AllowHost]>,
}

/// Why an address is not asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Forbidden {
    #[error("{0} is an address of a private network; list it in media.allow_hosts if it is meant")]
    Private(String),
    #[error("only `http:` and `https:` addresses are fetched")]
    Scheme,
}

impl Guard {
    pub(super) fn new(allowed: &[AllowHost]) -> Self {
        Self { allowed: allowed.into() }
    }

    /// Looks at an address before it is asked. Names are looked at when they are resolved.
    pub(super) fn check(&self, url: &Url) -> Result<(), Forbidden> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Forbidden::Scheme);
        }
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) if !self.allows(bare, address) => Err(Forbidden::Private(host.to_owned())),
            _ => Ok(()),
        }
    }

    fn allows(&self, host: &str, address: IpAddr) -> bool {
        is_public(address) || self.allowed.iter().any(|rule| rule.allows(host, address))
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let open: Vec<SocketAddr> =
                found.filter(|address| guard.allows(&host, address.ip())).collect();
            if open.is_empty() {
                return Err(Forbidden::Private(host).into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The special-purpose addresses of RFC 6890 and its successors are not public.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !special
}

/// Only what is routed at all (2000::/3), and not what hides an address of another kind.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, benchmarks, ORCHID and documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_asked() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn addresses_in_every_spelling_are_looked_at() {
        let guard = Guard::new(&[]);
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]:8008/",
            "http://[::ffff:10.0.0.1]/",
            "file:///etc/passwd",
            "gopher://1.1.1.1/",
        ] {
            assert!(guard.check(&url.parse().unwrap()).is_err(), "{url}");
        }
        assert!(guard.check(&"https://1.1.1.1/a".parse().unwrap()).is_ok());
        let address = "127.0.0.1".parse().unwrap();
        let allowed = Guard::new(&[AllowHost::Network { address, bits: 8 }]);
        assert!(allowed.check(&"http://127.0.0.1:1/".parse().unwrap()).is_ok());
    }
}
