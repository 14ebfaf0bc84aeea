//! Environment variables that stand above the file: `BRIDGE_HOMESERVER__URL`.

use std::{ffi::OsString, sync::Arc};

use super::{
    context::Context,
    node::{Entry, Node, Origin, Value, parse_variable},
};

const PREFIX: &str = "BRIDGE_";

/// The variables of this process, without those that are not text.
pub fn process_variables() -> Vec<(String, String)> {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// Puts the values of variables into the tree, in the order of their names.
///
/// `__` stands between the keys of a path, and the value is YAML. A name without `__` counts if
/// it is that of a section.
pub(super) fn apply(
    root: &mut Node,
    variables: impl IntoIterator<Item = (String, String)>,
    sections: &[&str],
    context: &Context,
) {
    let mut variables: Vec<_> = variables.into_iter().collect();
    variables.sort();
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let path: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
        if path.len() == 1 && !sections.contains(&path[0].as_str()) {
            continue;
        }
        let name: Arc<str> = name.as_str().into();
        match parse_variable(&text, &name) {
            Ok(node) => set(root, &path, node, &Origin::Variable(name)),
            Err(error) => {
                error.into_problems().into_iter().for_each(|problem| context.add(problem));
            }
        }
    }
}

fn set(node: &mut Node, path: &[String], value: Node, origin: &Origin) {
    let Some((key, rest)) = path.split_first() else {
        *node = value;
        return;
    };
    if !matches!(node.value, Value::Map(_)) {
        *node = Node { origin: origin.clone(), value: Value::Map(Vec::new()) };
    }
    let Value::Map(entries) = &mut node.value else { return };
    if rest.is_empty() {
        // A secret may be given inline or as a file: the variable stands above both.
        let twin = key.strip_suffix("_file").map_or_else(|| format!("{key}_file"), str::to_owned);
        entries.retain(|entry| !same(&entry.key, &twin));
    }
    let index = entries.iter().position(|entry| same(&entry.key, key)).unwrap_or_else(|| {
        entries.push(Entry {
            key: key.clone(),
            origin: origin.clone(),
            node: Node { origin: origin.clone(), value: Value::Null },
        });
        entries.len() - 1
    });
    set(&mut entries[index].node, rest, value, origin);
}

/// Names of variables have no lower case and no `-`.
fn same(key: &str, name: &str) -> bool {
    key.to_lowercase().replace('-', "_") == name
}
