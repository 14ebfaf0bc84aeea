//! Where the things lie that the rig starts.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Environment variable naming the folder of what `cargo xtask setup` installs, in place of `target/rig`.
pub const RIG_DIR: &str = "BRIDGEWORK_RIG_DIR";

/// Environment variable naming the folder of the bridges' binaries, in place of the one beside the running program.
pub const BIN_DIR: &str = "BRIDGE_BIN_DIR";

/// The folder of the bridges' binaries: `target/debug`, wherever the target folder is.
pub fn binary_dir() -> Result<PathBuf> {
    if let Some(dir) = env::var_os(BIN_DIR) {
        return Ok(dir.into());
    }
    let exe = env::current_exe().context("the path of this program is not known")?;
    let dir = exe.parent().context("this program lies in no folder")?;
    // Test programs lie in `debug/deps`, the others in `debug`.
    let dir = if dir.ends_with("deps") { dir.parent().unwrap_or(dir) } else { dir };
    Ok(dir.to_owned())
}

/// The folder of what is installed for the rig: `target/rig`, or `$BRIDGEWORK_RIG_DIR`.
pub fn rig_dir() -> Result<PathBuf> {
    if let Some(dir) = env::var_os(RIG_DIR) {
        return Ok(dir.into());
    }
    let profile = binary_dir()?;
    Ok(profile.parent().unwrap_or(&profile).join("rig"))
}

/// The Python interpreter that has Synapse and matrix-nio.
pub fn python() -> Result<PathBuf> {
    let python = rig_dir()?.join("venv/bin/python");
    if !python.exists() {
        bail!("there is no {}; `cargo xtask setup` makes it", python.display());
    }
    Ok(python)
}

/// MongoDB's server: the one on the path, else the one that `cargo xtask setup` fetched.
pub fn mongod() -> Result<PathBuf> {
    if let Ok(installed) = find_program("mongod") {
        return Ok(installed);
    }
    let fetched = rig_dir()?.join("mongod/mongod");
    if !fetched.is_file() {
        bail!("there is no mongod; `cargo xtask setup` fetches one");
    }
    Ok(fetched)
}

/// Finds a program on the path or where Debian puts servers.
pub fn find_program(name: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin"].map(|dir| Path::new(dir).to_owned()))
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .with_context(|| format!("there is no program `{name}`; `cargo xtask setup` installs it"))
}

/// Whether this process belongs to root, who may install packages.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
