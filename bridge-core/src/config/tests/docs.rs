//! `docs/configuration.md` says what the example holds.

use super::*;

const DOCS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md"));

/// The keys of the core that have values, with these as they are written.
fn keys() -> Vec<(String, String)> {
    let root = node::parse(&whole_example(), &Path::new("x").into()).unwrap();
    let mut keys = Vec::new();
    for section in SECTIONS.into_iter().filter(|section| *section != "permissions") {
        collect(&root.find(section).unwrap().node, section, &mut keys);
    }
    keys
}

fn collect(node: &Node, path: &str, keys: &mut Vec<(String, String)>) {
    let Value::Map(entries) = &node.value else {
        keys.push((path.to_owned(), written(&node.value)));
        return;
    };
    for entry in entries {
        collect(&entry.node, &fault::join(path, &entry.key), keys);
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(items) if items.is_empty() => "[]".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Keys and defaults of the tables.
fn documented() -> Vec<(&'static str, &'static str)> {
    DOCS.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            let key = cells.next()?.strip_suffix('`')?;
            let default = cells.next()?;
            // Words without a dot are levels, but for the one section that is a value.
            (key.contains('.') || key == "policy_rooms").then_some((key, default))
        })
        .collect()
}

#[test]
fn every_key_is_documented_with_its_default() {
    let documented = documented();
    for (key, value) in keys() {
        let Some((_, default)) = documented.iter().find(|(found, _)| *found == key) else {
            panic!("docs/configuration.md lacks `{key}`")
        };
        if let Some(default) = default.strip_prefix('`') {
            assert_eq!(default.trim_end_matches('`'), value, "the default of {key}");
        }
    }
}

#[test]
fn nothing_else_is_documented() {
    let keys = keys();
    for (key, _) in documented() {
        assert!(keys.iter().any(|(known, _)| known == key), "there is no key `{key}`");
    }
    for section in SECTIONS {
        assert!(DOCS.contains(&format!("\n### {section}\n")), "no chapter about {section}");
    }
}
