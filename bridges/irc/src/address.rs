//! Where IRC servers are: `irc://host[:6667]`, `ircs://host[:6697]`, several for failover.

use std::{fmt, str::FromStr};

#[cfg(test)]
mod tests;

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `irc://`: in the clear.
    Plain,
    /// `ircs://`: TLS from the first byte.
    Tls,
}

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerAddress {
    /// Encrypted or not.
    pub scheme: Scheme,
    /// A name or an IP address, an IPv6 address without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A text is no address of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The scheme is missing or another.
    #[error("`{0}` must begin with irc:// or, for TLS, ircs://")]
    Scheme(String),
    /// There is something behind the port.
    #[error(
        "`{0}` must end with the host or port; channels belong under `rooms`, passwords in their own keys"
    )]
    Trailing(String),
    /// The host is missing or broken.
    #[error("`{0}` has no host that can be read; IPv6 addresses stand in brackets")]
    Host(String),
    /// The port is no port.
    #[error("the port of `{0}` is not a number from 1 to 65535")]
    Port(String),
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = match text.split_once("://") {
            Some(("irc", rest)) => (Scheme::Plain, rest),
            Some(("ircs", rest)) => (Scheme::Tls, rest),
            _ => return Err(AddressError::Scheme(text.to_owned())),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err(AddressError::Trailing(text.to_owned()));
        }
        let bad_host = || AddressError::Host(text.to_owned());
        let (host, port) = match rest.strip_prefix('[') {
            Some(bracketed) => {
                let (host, after) = bracketed.split_once(']').ok_or_else(bad_host)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| bad_host())?;
                let port = after.strip_prefix(':');
                if port.is_none() && !after.is_empty() {
                    return Err(bad_host());
                }
                (host, port)
            }
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(bad_host());
        }
        let port = match port {
            Some(port) if port.contains(':') => return Err(bad_host()),
            Some(port) => port.parse().ok().filter(|&port| port != 0),
            None => Some(scheme.default_port()),
        };
        let port = port.ok_or_else(|| AddressError::Port(text.to_owned()))?;
        Ok(Self { scheme, host: host.to_owned(), port })
    }
}

impl Scheme {
    const fn default_port(self) -> u16 {
        match self {
            Self::Plain => 6667,
            Self::Tls => 6697,
        }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Plain => "irc",
            Scheme::Tls => "ircs",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// The servers of a network in the order in which they are to be tried.
#[derive(Clone, Debug)]
pub struct Failover {
    servers: Vec<ServerAddress>,
    first: usize,
}

impl Failover {
    /// Begins with the first of `servers`.
    pub fn new(servers: Vec<ServerAddress>) -> Self {
        Self { servers, first: 0 }
    }

    /// All servers, the preferred one first.
    pub fn order(&self) -> Vec<ServerAddress> {
        let (later, sooner) = self.servers.split_at(self.first.min(self.servers.len()));
        [sooner, later].concat()
    }

    /// Prefers another server than this one, which turned a connection away or lost it.
    pub fn avoid(&mut self, server: &ServerAddress) {
        if self.servers.get(self.first) == Some(server) {
            self.first = (self.first + 1) % self.servers.len();
        }
    }
}
