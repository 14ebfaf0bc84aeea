//! What can be wrong with the shape of a registration file.

use thiserror::Error;

use crate::yaml::YamlError;

/// Something about the shape of a registration file that a homeserver refuses or misreads.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {what}: {fix}")]
pub struct Problem {
    /// Line in the file, from 1.
    pub line: usize,
    /// The key at fault, such as `namespaces.users[0].exclusive`; empty for the whole file.
    pub key: String,
    /// What sort of problem it is.
    pub kind: ProblemKind,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub fix: String,
}

/// The sorts of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The text is not YAML, or not one mapping.
    Syntax,
    /// A key that must be there is missing.
    Missing,
    /// A value has the wrong type.
    Type,
    /// `url` is missing or no URL.
    Url,
    /// A value must be `true` or `false` and is not.
    NotBool,
}

impl Problem {
    pub(crate) fn required(line: usize, key: &str) -> Self {
        Self {
            line,
            key: key.to_owned(),
            kind: ProblemKind::Missing,
            what: format!("`{key}` is missing"),
            fix: format!("add `{key}`; homeservers refuse a registration without it"),
        }
    }
}

impl From<YamlError> for Problem {
    fn from(error: YamlError) -> Self {
        Self {
            line: error.line,
            key: String::new(),
            kind: ProblemKind::Syntax,
            what: error.what,
            fix: "mend the YAML at this line".to_owned(),
        }
    }
}
