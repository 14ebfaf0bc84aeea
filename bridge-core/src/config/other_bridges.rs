//! `other_bridges`: people who are ghosts of other bridges in the same room.

use serde::Serialize;

use super::{
    context::Context,
    node::Node,
    section::{Section, wrong},
};

/// Other bridges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherBridges {
    /// What becomes of their ghosts' words.
    pub ghosts: OtherGhosts,
    /// Ids of ghosts of bridges that mark nothing; `*` stands for any text.
    pub users: Vec<String>,
}

/// What becomes of the words of other bridges' ghosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherGhosts {
    /// They are people like any other.
    #[default]
    Allow,
    /// The bot says them.
    Relay,
    /// They are left out.
    Block,
}

pub(super) fn read(root: &Node, context: &Context) -> OtherBridges {
    let mut section = Section::open(root, "other_bridges", context);
    let ghosts = section.choice(
        "ghosts",
        &[
            ("allow", OtherGhosts::Allow),
            ("relay", OtherGhosts::Relay),
            ("block", OtherGhosts::Block),
        ],
    );
    let users = section.list("users", |text| {
        if text.starts_with('@') && text.contains(':') {
            Ok(text.to_owned())
        } else {
            Err(wrong("this is no pattern of user ids", "write such as `@_xmpp_*:example.org`"))
        }
    });
    section.finish();
    OtherBridges { ghosts, users }
}
