//! Where the values of a loaded configuration come from, and how it is shown.

use std::{path::Path, sync::Arc};

use serde::Serialize;

use super::{
    ConfigError, Loaded, Problem,
    error::place_of,
    fault::join,
    node::{Entry, Node, Origin, Value},
    secret::{REDACTED, redact_url},
};

/// Remembers where each value was written.
#[derive(Clone, Debug)]
pub struct Source {
    file: Arc<Path>,
    root: Arc<Node>,
    kind: &'static str,
    /// The paths of the keys whose values are secrets.
    secrets: Arc<[String]>,
}

impl Source {
    pub(super) fn new(
        file: Arc<Path>,
        root: Node,
        kind: &'static str,
        secrets: Vec<String>,
    ) -> Self {
        Self { file, root: Arc::new(root), kind, secrets: secrets.into() }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Adds file and line to the problems that lack them, by their keys.
    #[must_use]
    pub fn locate(&self, error: ConfigError) -> ConfigError {
        let located = error
            .into_problems()
            .into_iter()
            .map(|problem| {
                let place = problem
                    .place
                    .unwrap_or_else(|| place_of(&origin_of(&self.root, &problem.key), &self.file));
                Problem { place: Some(place), ..problem }
            })
            .collect();
        ConfigError::of(located)
            .unwrap_or_else(|| ConfigError::file(&self.file, "is refused", "see the log"))
    }

    /// The network's section as it was given, secrets redacted.
    fn network(&self) -> Node {
        match self.root.find(self.kind) {
            Some(entry) => self.redacted(&entry.node, self.kind, self.kind),
            None => Node { origin: Origin::Nowhere, value: Value::Null },
        }
    }

    fn redacted(&self, node: &Node, path: &str, key: &str) -> Node {
        let hidden = self.secrets.iter().any(|secret| secret == path) || sounds_secret(key);
        let value = match &node.value {
            Value::Text(text) => Value::Text(match redact_url(text) {
                Some(redacted) => redacted,
                None if hidden => REDACTED.to_owned(),
                None => text.clone(),
            }),
            Value::Int(_) | Value::Uint(_) | Value::Float(_) if hidden => {
                Value::Text(REDACTED.to_owned())
            }
            Value::List(items) => Value::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.redacted(item, &format!("{path}[{index}]"), key))
                    .collect(),
            ),
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|entry| {
                        let path = join(path, &entry.key);
                        Entry {
                            node: self.redacted(&entry.node, &path, &entry.key),
                            ..entry.clone()
                        }
                    })
                    .collect(),
            ),
            other => other.clone(),
        };
        Node { origin: node.origin.clone(), value }
    }
}

impl<C> Loaded<C> {
    /// The effective configuration as YAML: file, variables and defaults; secrets redacted.
    ///
    /// Of the network's section only what is given; its defaults are the network's own.
    pub fn dump(&self) -> String {
        dump(&self.config) + &dump(&NetworkSection { source: &self.source })
    }
}

/// The network's section under its name.
struct NetworkSection<'a> {
    source: &'a Source,
}

impl Serialize for NetworkSection<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.source.kind, self.source.network())])
    }
}

fn dump(value: &impl Serialize) -> String {
    let text = serde_saphyr::to_string(value).unwrap_or_else(|error| format!("# {error}"));
    if text.ends_with('\n') { text } else { text + "\n" }
}

/// Whether a key's name alone says that nobody should read its value.
fn sounds_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    !key.ends_with("_file")
        && ["password", "passwd", "secret", "token"].iter().any(|word| key.contains(word))
}

/// Where the value of a key was written, or else the nearest map around it.
fn origin_of(node: &Node, path: &str) -> Origin {
    let below = match &node.value {
        Value::Map(entries) => entries
            .iter()
            .filter_map(|entry| Some((entry, path.strip_prefix(entry.key.as_str())?)))
            .filter(|(_, rest)| rest.is_empty() || rest.starts_with(['.', '[']))
            .max_by_key(|(entry, _)| entry.key.len())
            .map(|(entry, rest)| match rest.strip_prefix('.').unwrap_or(rest) {
                "" => entry.origin.clone(),
                rest => match origin_of(&entry.node, rest) {
                    Origin::Nowhere => entry.origin.clone(),
                    origin => origin,
                },
            }),
        Value::List(items) => path
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .and_then(|(index, rest)| Some((items.get(index.parse::<usize>().ok()?)?, rest)))
            .map(|(item, rest)| match rest.strip_prefix('.').unwrap_or(rest) {
                "" => item.origin.clone(),
                rest => match origin_of(item, rest) {
                    Origin::Nowhere => item.origin.clone(),
                    origin => origin,
                },
            }),
        _ => None,
    };
    below.unwrap_or_default()
}
