//! `limits`: how fast people may speak.

use serde::{Deserialize, Serialize};

use super::{context::Context, node::Node, section::Section};

/// Limits of what goes to the network; `None` is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// For each Matrix user.
    pub sender: Option<Limit>,
    /// For all users of a homeserver together.
    pub homeserver: Option<Limit>,
    /// For all.
    pub network: Option<Limit>,
}

/// So many at once, and so many a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many messages may come at once.
    pub burst: u32,
    /// How many a minute after that.
    pub per_minute: u32,
}

pub(super) fn read(root: &Node, context: &Context) -> Limits {
    let mut section = Section::open(root, "limits", context);
    let limits = Limits {
        sender: section.optional("sender"),
        homeserver: section.optional("homeserver"),
        network: section.optional("network"),
    };
    section.finish();
    limits
}
