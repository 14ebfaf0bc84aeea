//! What the readers of a configuration share.

use std::{cell::RefCell, path::Path, sync::Arc};

use super::{
    error::{Problem, place_of},
    node::Origin,
};

/// Collects what is found while a configuration is read.
#[derive(Debug)]
pub(super) struct Context {
    file: Arc<Path>,
    folder: Arc<Path>,
    problems: RefCell<Vec<Problem>>,
    secrets: RefCell<Vec<String>>,
}

impl Context {
    /// For a file, and the folder in which relative paths start.
    pub(super) fn new(file: Arc<Path>, folder: Arc<Path>) -> Self {
        Self { file, folder, problems: RefCell::default(), secrets: RefCell::default() }
    }

    /// Where relative paths start.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Records a problem with the value that comes from `origin`.
    pub(super) fn report(
        &self,
        origin: &Origin,
        key: impl Into<String>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.add(Problem {
            place: Some(place_of(origin, &self.file)),
            key: key.into(),
            what: what.into(),
            fix: fix.into(),
        });
    }

    /// Records a problem.
    pub(super) fn add(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Records that the value of a key is a secret.
    pub(super) fn secret(&self, key: &str) {
        self.secrets.borrow_mut().push(key.to_owned());
    }

    /// The problems, and the keys of secrets.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<String>) {
        (self.problems.into_inner(), self.secrets.into_inner())
    }
}
