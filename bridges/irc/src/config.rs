//! The `irc` section of the configuration.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use crate::format::Colours;

/// The `irc` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The networks, by the names that ids carry: `[a-z0-9-]{1,16}`.
    pub networks: BTreeMap<String, NetworkConfig>,
}

/// One network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// `irc://host[:6667]` or `ircs://host[:6697]`; tried one after the other.
    pub servers: Vec<String>,
    /// The nick of the bot.
    #[serde(default = "default_nick")]
    pub nick: String,
    /// The template of the puppets' nicks: `{name}`, `{localpart}`, `{domain}`, `{hash4}`.
    #[serde(default = "default_puppet_nick")]
    pub puppet_nick: String,
    /// How many lines a connection may send.
    #[serde(default)]
    pub flood: Rate,
    /// How many connections may be opened.
    #[serde(default = "default_connect")]
    pub connect: Rate,
    /// TLS.
    #[serde(default)]
    pub tls: Tls,
    /// How many puppets are connected at most; the rest are relayed.
    #[serde(default = "default_max_puppets")]
    pub max_puppets: usize,
    /// Anyone may open a portal by joining an alias.
    #[serde(default = "yes")]
    pub dynamic_channels: bool,
    /// Whether an operator of a channel must say yes before an admin links it. `false` where the
    /// network is the admin's own.
    #[serde(default = "yes")]
    pub ask_operators: bool,
    /// Channels and the rooms they are linked to.
    #[serde(default)]
    pub rooms: BTreeMap<String, String>,
    /// The password of the server (`PASS`).
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// How the bot logs in.
    #[serde(default)]
    pub sasl: Option<SaslConfig>,
    /// Whose joins Matrix sees.
    #[serde(default)]
    pub membership: Membership,
    /// How colours are written: `basic` (16), `extended` (99), `rgb` or `none`.
    #[serde(default)]
    pub colours: Colours,
}

/// How the bot logs in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaslConfig {
    /// `PLAIN` or `EXTERNAL`.
    pub mechanism: String,
    /// The account.
    #[serde(default)]
    pub account: Option<String>,
    /// The file with the password, for `PLAIN`.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// A rate: a number at once, and so many a second from then on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// No limit: `none`.
    None,
    /// `{burst, per_second}`
    Limit {
        /// How many at once.
        burst: u32,
        /// How many a second from then on.
        per_second: f64,
    },
}

impl Default for Rate {
    /// What most networks allow a connection: five lines, then one a second.
    fn default() -> Self {
        Self::Limit { burst: 5, per_second: 1.0 }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Word(String),
            Limit { burst: u32, per_second: f64 },
        }
        const FORMS: &str = "write `none`, or `{burst: 5, per_second: 1}` with numbers above zero";
        match Form::deserialize(deserializer) {
            Ok(Form::Word(word)) if word == "none" => Ok(Self::None),
            Ok(Form::Limit { burst, per_second })
                if burst > 0 && per_second > 0.0 && per_second.is_finite() =>
            {
                Ok(Self::Limit { burst, per_second })
            }
            _ => Err(serde::de::Error::custom(FORMS)),
        }
    }
}

/// TLS of a network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// One more root certificate, beside the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Whether the server's certificate is checked.
    #[serde(default = "yes")]
    pub verify: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self { ca_file: None, verify: true }
    }
}

/// Whose joins Matrix sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Membership {
    /// Who speaks comes in, and goes when they leave the channel.
    #[default]
    Active,
    /// Who joins the channel comes in at once.
    Full,
}

fn default_nick() -> String {
    "bridge".to_owned()
}

fn default_puppet_nick() -> String {
    "{name}[m]".to_owned()
}

fn default_connect() -> Rate {
    Rate::Limit { burst: 5, per_second: 1.0 }
}

const fn default_max_puppets() -> usize {
    500
}

const fn yes() -> bool {
    true
}
