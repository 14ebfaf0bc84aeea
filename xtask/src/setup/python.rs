//! Synapse and the clients from PyPI.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};
use bridge_tests::rig;

use crate::run::{root, run};

/// Makes the virtual environment if there is none that works, and installs what is missing in it.
pub(super) fn install() -> Result<()> {
    let file = root().join("tests/requirements.txt");
    let requirements = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let wanted: Vec<&str> =
        requirements.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let venv = rig::rig_dir()?.join("venv");
    if rig::python().is_err() {
        println!("setup: making a virtual environment in {}", venv.display());
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    let missing: Vec<&str> =
        wanted.into_iter().filter(|requirement| !is_installed(&venv, requirement)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("setup: installing {} into {}", missing.join(", "), venv.display());
    let mut pip = Command::new(rig::python()?);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    run(pip.arg(&file))
}

/// Whether the environment has `name==version`. Pip writes a package's folder of this name last,
/// after those of what it needs.
fn is_installed(venv: &Path, requirement: &str) -> bool {
    let Some((name, version)) = requirement.split_once("==") else { return false };
    let info = format!("{}-{version}.dist-info", name.replace('-', "_"));
    fs::read_dir(venv.join("lib")).is_ok_and(|pythons| {
        pythons.flatten().any(|python| python.path().join("site-packages").join(&info).is_dir())
    })
}
