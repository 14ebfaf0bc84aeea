//! Synapse and matrix-nio from PyPI.

use std::{fs, process::Command};

use anyhow::{Context, Result};
use bridge_tests::rig;

use crate::run::{root, run};

/// Makes the virtual environment anew, unless the one that is there was made from these
/// requirements and works.
pub(super) fn install() -> Result<()> {
    let file = root().join("tests/requirements.txt");
    let requirements = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let venv = rig::rig_dir()?.join("venv");
    // Written last, so that an installation cut short is not taken for a finished one.
    let stamp = venv.join("requirements.txt");
    let finished = fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements);
    if finished && rig::python().is_ok() {
        return Ok(());
    }
    let wanted = requirements.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>();
    println!("setup: installing {} into {}", wanted.join(", "), venv.display());
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let python = rig::python()?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    run(pip.arg(&file))?;
    fs::write(&stamp, requirements).with_context(|| stamp.display().to_string())
}
