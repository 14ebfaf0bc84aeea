//! What a check found, in the form in which it is shown.

use std::fmt;

use serde::Serialize;

/// Something about a registration that an admin should mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which rule found it.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The file, as it was named.
    pub file: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// The key at fault, such as `namespaces.users[0].regex`; empty for the whole file.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub fix: String,
}

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or is open to others.
    Error,
    /// Something works today, or on some homeservers only.
    Warning,
}

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Code {
    /// The file is not YAML, a key is missing, or a value has the wrong type.
    E01,
    /// The homeserver cannot reach the address in `url`.
    E02,
    /// A secret is weak, known, shared or readable by others.
    E03,
    /// A homeserver refuses a regex or reads it differently.
    E04,
    /// A regex leaves the server name open or names another one.
    E05,
    /// A regex is not anchored.
    E06,
    /// Ghosts or the bot are outside of the namespace.
    E07,
    /// Two registrations claim the same ids.
    E08,
    /// A namespace covers ids that people have.
    E09,
    /// A wide namespace that is not exclusive.
    E10,
    /// A value that must be a boolean is none.
    E11,
    /// The id is unusable, not unique, or was changed.
    E12,
    /// The keys for ephemeral data are not both there.
    E13,
    /// The keys for encryption lack those that they stand on.
    E14,
    /// No protocol is named though the bridge answers look-ups.
    E15,
    /// The bridge has other secrets than the file.
    E16,
    /// Characters that ids may not hold.
    E17,
    /// No aliases though the bridge makes rooms on demand.
    E18,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One line: `irc.yaml:4: E03 warning: as_token: …; fix: …`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, severity, file, line, key, what, fix } = self;
        write!(f, "{file}:{line}: {code} {severity}: ")?;
        if !key.is_empty() {
            write!(f, "{key}: ")?;
        }
        write!(f, "{what}; fix: {fix}")
    }
}
