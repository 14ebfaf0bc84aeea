//! `homeserver`: whom the bridge serves.

use ruma::{OwnedServerName, ServerName};
use serde::Serialize;

use super::{
    address::HttpUrl,
    context::Context,
    node::Node,
    section::{Section, wrong},
};

/// The homeserver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Homeserver {
    /// How we reach it.
    pub url: HttpUrl,
    /// Its name in ids.
    pub domain: OwnedServerName,
}

pub(super) fn read(root: &Node, context: &Context) -> Option<Homeserver> {
    let mut section = Section::open(root, "homeserver", context);
    let url = section.required_parsed("url", "http://127.0.0.1:8008", HttpUrl::parse);
    let domain = section.required_parsed("domain", "example.org", |text| {
        ServerName::parse(text).map_err(|_| {
            wrong(
                "this is not a server name",
                "write what stands behind the `:` of user ids, without `https://`",
            )
        })
    });
    section.finish();
    Some(Homeserver { url: url?, domain: domain? })
}
