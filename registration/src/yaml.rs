//! A small YAML tree that remembers lines and quoting.
//!
//! Registration files need more than a deserialiser gives: `as_token: 123` must be told from
//! `as_token: "123"` (Synapse refuses the first), every complaint names its line, and keys that we
//! do not know survive being read and written.

use std::fmt;

use thiserror::Error;

mod parse;
mod scalar;
mod write;

#[cfg(test)]
mod tests;

pub use parse::parse;
pub use scalar::{Scalar, ScalarKind, Style};
pub use write::{quoted, write_mapping, write_string};

/// A value of a YAML document and the line it starts on.
///
/// Two nodes are equal when they hold the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Node {
    /// Line in the file, from 1; that of the key for what stands below one.
    pub line: usize,
    /// What stands there.
    pub value: Value,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, a number, a boolean or null; [`Scalar::kind`] tells which.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the file. No key comes twice.
    Mapping(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Line of the key, from 1.
    pub line: usize,
    /// What the key holds.
    pub value: Node,
}

/// Why a text is not YAML that we read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct YamlError {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

impl Node {
    /// The value of `key`, if this is a mapping that has it.
    pub fn find(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of `key`, if this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key == key)
    }

    /// The entries, if this is a mapping.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if this is a string to every YAML reader.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if scalar.kind() == ScalarKind::String => Some(&scalar.text),
            _ => None,
        }
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

/// What kind of value this is, in an admin's words: "a number", "a list".
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar(scalar) => scalar.kind().describe(),
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
        })
    }
}
