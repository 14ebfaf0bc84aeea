//! `admin`: health, metrics and the admin API.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use serde::{Serialize, Serializer};

use super::{address::listener, context::Context, node::Node, section::Section};

/// The admin listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Admin {
    /// Where health, metrics, admin API and dashboard are served.
    pub listen: SocketAddr,
    /// The file that holds the token of the admin API.
    pub token_file: PathBuf,
    /// The backlog up to which the bridge counts as ready.
    pub ready_backlog: ReadyBacklog,
}

/// The backlog up to which the bridge counts as ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReadyBacklog {
    /// How many rows may wait.
    pub rows: u64,
    /// How old the oldest of them may be, in whole seconds.
    #[serde(rename = "age_s", serialize_with = "seconds")]
    pub age: Duration,
}

pub(super) fn read(root: &Node, context: &Context) -> Admin {
    let mut section = Section::open(root, "admin", context);
    let listen = section
        .parsed("listen", listener)
        .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 29332)));
    let token_file = section.path("token_file", "admin.token");
    let mut backlog = section.inner("ready_backlog");
    let ready_backlog = ReadyBacklog {
        rows: backlog.or("rows", 10_000),
        age: Duration::from_secs(backlog.or("age_s", 60)),
    };
    backlog.finish();
    section.finish();
    Admin { listen, token_file, ready_backlog }
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}
