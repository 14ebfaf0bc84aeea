//! `media`: files on their way through the bridge.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde::{Serialize, Serializer};

use super::{
    address::{HttpUrl, listener},
    context::Context,
    duration,
    node::Node,
    section::{Section, Wrong, wrong},
};

/// Media.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Media {
    /// The base of signed links to media.
    pub public_url: HttpUrl,
    /// Where these links are served.
    pub listen: SocketAddr,
    /// Hosts that files may be fetched from although their addresses are private.
    pub allow_hosts: Vec<AllowHost>,
    /// How long a link works; `None` is until its event is redacted.
    #[serde(serialize_with = "duration::serialize_option")]
    pub link_lifetime: Option<Duration>,
}

/// A host or network that is exempt from the refusal of private addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowHost {
    /// A host by its name, in lower case.
    Name(String),
    /// All addresses with the same first bits.
    Network {
        /// The first address.
        address: IpAddr,
        /// How many bits count.
        bits: u8,
    },
}

impl AllowHost {
    /// Whether a host, or the address that its name stands for, is exempt.
    pub fn allows(&self, host: &str, found: IpAddr) -> bool {
        match self {
            Self::Name(name) => host.eq_ignore_ascii_case(name),
            Self::Network { address, bits } => match (address, found.to_canonical()) {
                (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                    let differs = ours.to_bits() ^ theirs.to_bits();
                    differs.leading_zeros() >= u32::from(*bits)
                }
                (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                    let differs = ours.to_bits() ^ theirs.to_bits();
                    differs.leading_zeros() >= u32::from(*bits)
                }
                _ => false,
            },
        }
    }
}

impl Serialize for AllowHost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Name(name) => serializer.serialize_str(name),
            Self::Network { address, bits } => {
                serializer.collect_str(&format_args!("{address}/{bits}"))
            }
        }
    }
}

pub(super) fn read(root: &Node, context: &Context) -> Media {
    let mut section = Section::open(root, "media", context);
    let listen = section
        .parsed("listen", listener)
        .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 29333)));
    let public_url = section
        .parsed("public_url", HttpUrl::parse)
        .unwrap_or_else(|| HttpUrl::of_listener(listen));
    let allow_hosts = section.list("allow_hosts", parse_host);
    let link_lifetime = section.optional_duration("link_lifetime");
    section.finish();
    Media { public_url, listen, allow_hosts, link_lifetime }
}

fn parse_host(text: &str) -> Result<AllowHost, Wrong> {
    const FIX: &str = "write a host name, an address, or a network such as `10.0.0.0/8`";
    let (host, bits) = match text.split_once('/') {
        Some((host, bits)) => (host, Some(bits)),
        None => (text, None),
    };
    if let Ok(address) = host.parse::<IpAddr>() {
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => width,
            Some(bits) => bits
                .parse()
                .ok()
                .filter(|bits| *bits <= width)
                .ok_or_else(|| wrong(format!("a network has 0 to {width} bits"), FIX))?,
        };
        return Ok(AllowHost::Network { address, bits });
    }
    let good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if bits.is_some() || host.is_empty() || !host.chars().all(good) {
        return Err(wrong("this is neither a host nor a network", FIX));
    }
    Ok(AllowHost::Name(host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(rule: &str, host: &str, found: &str) -> bool {
        let rule = parse_host(rule).map_err(|wrong| wrong.what).unwrap();
        rule.allows(host, found.parse().unwrap())
    }

    #[test]
    fn names_and_networks_are_told_apart() {
        assert!(allows("Media.Local", "media.local", "10.0.0.1"));
        assert!(!allows("media.local", "other.local", "10.0.0.1"));
        assert!(allows("10.0.0.0/8", "x", "10.200.0.1"));
        assert!(allows("10.0.0.0/8", "x", "::ffff:10.200.0.1"));
        assert!(!allows("10.0.0.0/8", "x", "11.0.0.1"));
        assert!(allows("0.0.0.0/0", "x", "11.0.0.1"));
        assert!(allows("127.0.0.1", "x", "127.0.0.1"));
        assert!(allows("fd00::/8", "x", "fd12::1"));
        assert!(!allows("fd00::/8", "x", "127.0.0.1"));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "10.0.0.0/33", "host/8", "http://host", "a b"] {
            assert!(parse_host(text).is_err(), "{text}");
        }
    }
}
