//! What is wrong with a configuration, said so that it can be mended without a manual.

use std::{fmt, path::Path, sync::Arc};

use super::node::Origin;

/// Everything that is wrong with a configuration; at least one [`Problem`].
///
/// Shown as one line a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where the value comes from; `None` until [`Source::locate`](super::Source::locate).
    pub place: Option<Place>,
    /// The key, as a path from the top: `irc.networks.local.nick`. Empty for the whole file.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub fix: String,
}

/// Where a value of the configuration was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a file; no line where the whole file is meant.
    File {
        /// The file.
        file: Arc<Path>,
        /// The line, counted from 1.
        line: Option<u64>,
    },
    /// An environment variable.
    Variable(Arc<str>),
}

impl ConfigError {
    /// A problem with the value of one key, such as a network finds in its section.
    ///
    /// The key is a path from the top. File and line are added by whoever loaded the
    /// configuration.
    pub fn new(key: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Problem { place: None, key: key.into(), what: what.into(), fix: fix.into() }.into()
    }

    /// Joins several problems, sorted by place; `None` if there are none.
    pub(super) fn of(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort_by_key(Problem::line);
        (!problems.is_empty()).then_some(Self { problems })
    }

    /// A problem with a file as a whole.
    pub(crate) fn file(file: &Path, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::in_file(file, None, "", what, fix)
    }

    /// A problem with a key of a file, at a line if that is known.
    pub(crate) fn in_file(
        file: &Path,
        line: Option<u64>,
        key: impl Into<String>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let place = Some(Place::File { file: file.into(), line });
        Problem { place, key: key.into(), what: what.into(), fix: fix.into() }.into()
    }

    /// All problems, in the order of their lines.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl Problem {
    /// The file, if the value stands in one.
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            Some(Place::File { file, .. }) => Some(file),
            _ => None,
        }
    }

    /// The line, counted from 1, if it is known.
    pub fn line(&self) -> Option<u64> {
        match &self.place {
            Some(Place::File { line, .. }) => *line,
            _ => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)?;
        if !self.fix.is_empty() {
            write!(f, "; {}", self.fix)?;
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line: Some(line) } => write!(f, "{}:{line}", file.display()),
            Self::File { file, line: None } => write!(f, "{}", file.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// Turns the origin of a value into a place for people.
pub(super) fn place_of(origin: &Origin, file: &Arc<Path>) -> Place {
    match origin {
        Origin::Line(line) => Place::File { file: Arc::clone(file), line: Some(*line) },
        Origin::Variable(name) => Place::Variable(Arc::clone(name)),
        Origin::Nowhere => Place::File { file: Arc::clone(file), line: None },
    }
}
