//! A registration file on disk, right or wrong.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::{
    dialect::NamespaceKind,
    model::{
        Problem, Registration,
        draft::{self, Draft, DraftNamespace},
    },
    yaml,
};

/// A registration file, read as far as it can be.
#[derive(Debug)]
pub struct File {
    /// Where it is, as it was named.
    pub path: PathBuf,
    pub(crate) draft: Draft,
    pub(crate) problems: Vec<Problem>,
    pub(crate) access: Access,
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody on the machine.
    Everybody,
    /// Owner and group at most, or unknown.
    Limited,
}

/// A file could not be read at all.
#[derive(Debug, Error)]
#[error("cannot read {}", path.display())]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl File {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If the file system does not give the text. A text that is no registration is no error here.
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        let unreadable = |source| Unreadable { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let metadata = fs::metadata(path).map_err(unreadable)?;
        Ok(Self { access: access(&metadata), ..Self::of_text(path, &text) })
    }

    /// Takes `text` for the content of a file named `path`.
    pub fn of_text(path: &Path, text: &str) -> Self {
        let (draft, problems) = match yaml::parse(text) {
            Ok(root) => draft::read(&root),
            Err(error) => (Draft::default(), vec![error.into()]),
        };
        Self { path: path.to_owned(), draft, problems, access: Access::Limited }
    }

    /// The registration in the file.
    ///
    /// # Errors
    /// The first thing that is wrong with the file's shape.
    pub fn registration(&self) -> Result<Registration, Problem> {
        match self.problems.first() {
            Some(problem) => Err(problem.clone()),
            None => self.draft.clone().finish().ok_or_else(|| Problem::required(1, "id")),
        }
    }

    /// The file's name as it is shown.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(crate) fn entries(&self, kind: NamespaceKind) -> &[DraftNamespace] {
        let namespaces = &self.draft.namespaces;
        match kind {
            NamespaceKind::Users => &namespaces.users,
            NamespaceKind::Aliases => &namespaces.aliases,
            NamespaceKind::Rooms => &namespaces.rooms,
        }
    }

    /// The id of the application service, or the file's name where there is none.
    pub(crate) fn service(&self) -> String {
        self.draft.id.as_ref().map_or_else(|| self.name(), |id| id.value.clone())
    }
}

#[cfg(unix)]
fn access(metadata: &fs::Metadata) -> Access {
    use std::os::unix::fs::PermissionsExt;

    if metadata.permissions().mode() & 0o004 == 0 { Access::Limited } else { Access::Everybody }
}

#[cfg(not(unix))]
fn access(_metadata: &fs::Metadata) -> Access {
    Access::Limited
}
