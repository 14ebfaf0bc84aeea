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
        let word = match &entry.node.value {
            Value::Text(text) => text.as_str(),
            _ => "",
        };
        if let Some(level) = Level::parse(word) {
            permissions.set(subject, level);
            continue;
        }
        let near = nearest(word, Level::ALL.map(Level::as_str))
            .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        let fix = format!("{near}levels are `admin`, `user`, `relay` and `block`");
        section.report(entry, wrong("this is not a level", fix));
    }
    if !given {
        permissions.set(Subject::Everyone, Level::Relay);
    }
    permissions
}
