//! Servers from Debian.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};
use bridge_tests::rig::find_program;

use crate::run::{run, succeeds};

/// Installs the packages that are missing.
pub(super) fn install() -> Result<()> {
    let mut missing = Vec::new();
    for server in ["inspircd", "ngircd", "prosody"] {
        if find_program(server).is_err() {
            missing.push(server);
        }
    }
    if !Path::new("/usr/lib/prosody/modules/mod_muc_moderation").exists()
        && !Path::new("/usr/share/prosody-modules").exists()
    {
        missing.push("prosody-modules");
    }
    if !succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        missing.push("python3-venv");
    }
    if missing.is_empty() {
        return Ok(());
    }
    println!("setup: installing Debian's {}", missing.join(", "));
    let Some(apt) = apt() else {
        let packages = missing.join(" ");
        bail!("{packages} missing; have an administrator run `apt-get install {packages}`");
    };
    run(apt.command().arg("update"))?;
    run(apt.command().args(["install", "--yes", "--no-install-recommends"]).args(&missing))?;
    if Path::new("/run/systemd/system").exists() {
        println!(
            "setup: Debian starts such servers as services; the rig starts its own. To end \
             Debian's: systemctl disable --now inspircd ngircd"
        );
    }
    Ok(())
}

enum Apt {
    AsRoot,
    WithSudo,
}

/// How apt can be used here, if at all.
fn apt() -> Option<Apt> {
    find_program("apt-get").ok()?;
    if bridge_tests::rig::is_root() {
        return Some(Apt::AsRoot);
    }
    find_program("sudo").ok().map(|_| Apt::WithSudo)
}

impl Apt {
    fn command(&self) -> Command {
        let mut command = match self {
            Self::AsRoot => Command::new("env"),
            Self::WithSudo => {
                let mut command = Command::new("sudo");
                command.arg("env");
                command
            }
        };
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    }
}
