//! Folders for the data of servers.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Result;
use tempfile::TempDir;

/// A fresh folder for a server's data and log, removed with the value. `BRIDGEWORK_KEEP=1` keeps it
/// and says where it is.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    _dir: Option<TempDir>,
}

impl Scratch {
    /// Makes a folder whose name starts with `name`.
    pub fn new(name: &str) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix(&format!("bridgework-{name}-")).tempdir()?;
        if env::var_os("BRIDGEWORK_KEEP").is_some() {
            let path = dir.keep();
            eprintln!("{name}: {}", path.display());
            return Ok(Self { path, _dir: None });
        }
        Ok(Self { path: dir.path().to_owned(), _dir: Some(dir) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
