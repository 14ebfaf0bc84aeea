//! `permissions`: who may do what; the most specific key wins.

use super::{
    context::Context,
    node::{Node, Value},
    section::{Section, wrong},
    suggest::nearest,
};
use crate::permission::{Level, Permissions, Subject};

pub(super) fn read(root: &Node, context: &Context) -> Permissions {
    let section = Section::open(root, "permissions", context);
    let mut permissions = Permissions::default();
    let mut given = false;
    for entry in section.entries() {
        given = true;
        let Some(subject) = Subject::parse(&entry.key) else {
            section.report(
                entry,
                wrong(
                    "this names nobody",
                    "write a user id such as `\"@admin:example.org\"`, a server name, or `\"*\"`",
                ),
            );
            continue;
        };
        let level = match &entry.node.value {
            Value::Text(text) => Level::parse(text),
            _ => None,
        };
        match level {
            Some(level) => permissions.set(subject, level),
            None => {
                let near = match &entry.node.value {
                    Value::Text(text) => nearest(text, Level::ALL.map(Level::as_str)),
                    _ => None,
                };
                let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
                section.report(
                    entry,
                    wrong(
                        "this is not a level",
                        format!("{near}levels are `admin`, `user`, `relay` and `block`"),
                    ),
                );
            }
        }
    }
    if !given {
        permissions.set(Subject::Everyone, Level::Relay);
    }
    permissions
}
