//! The `xmpp` section of the configuration.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

/// The `xmpp` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The bridge's place on the XMPP server.
    pub component: Component,
    /// Rooms of XMPP on Matrix.
    #[serde(default)]
    pub mucs: Mucs,
    /// Rooms of Matrix on XMPP.
    #[serde(default)]
    pub gateway: Gateway,
    /// Rooms of XMPP and the Matrix rooms they are linked to.
    #[serde(default)]
    pub rooms: BTreeMap<String, String>,
}

/// The bridge's place on the XMPP server (XEP-0114).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The domain that the server has set aside for the bridge.
    pub jid: String,
    /// `host:port` where the server listens for components.
    #[serde(default = "default_server")]
    pub server: String,
    /// The secret shared with the server, in the file itself.
    #[serde(default)]
    pub secret: Option<String>,
    /// The file with the secret.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
}

/// Rooms of XMPP on Matrix.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mucs {
    /// Anyone may open a portal by joining an alias.
    pub dynamic: bool,
    /// The nick of the occupant that reads rooms.
    pub nick: String,
    /// Whose joins Matrix sees.
    pub membership: Membership,
}

impl Default for Mucs {
    fn default() -> Self {
        Self { dynamic: true, nick: "Matrix bridge".to_owned(), membership: Membership::default() }
    }
}

/// Whose joins Matrix sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Membership {
    /// Who speaks comes in, and goes when they leave the room.
    #[default]
    Active,
    /// Who joins the room comes in at once.
    Full,
}

/// Rooms of Matrix on XMPP.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// XMPP users may join Matrix rooms.
    pub enabled: bool,
}

impl Default for Gateway {
    fn default() -> Self {
        Self { enabled: true }
    }
}

fn default_server() -> String {
    "127.0.0.1:5347".to_owned()
}
