use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};
use bridge_tests::{
    irc::IrcUser,
    rig::{NgIrcd, Process, Ready, Scratch},
    wait::{self, PATIENCE},
};

#[tokio::test]
async fn a_server_that_ends_at_once_is_reported_with_its_last_words() -> Result<()> {
    let scratch = Scratch::new("broken")?;
    let mut command = Command::new("sh");
    command.args(["-c", "echo no such module >&2; exit 3"]);
    let ready = Ready::Irc("127.0.0.1:1".to_owned());
    let error = Process::start("broken", command, scratch.file("log"), ready)
        .await
        .expect_err("it has ended");
    let words = format!("{error:#}");
    assert!(words.contains("no such module") && words.contains("exit status: 3"), "{words}");
    Ok(())
}

#[tokio::test]
async fn a_server_ends_with_the_value_that_stands_for_it() -> Result<()> {
    let server = NgIrcd::builder().start().await?;
    let process = format!("/proc/{}", server.process.id());
    let address = server.address().to_owned();
    assert!(Path::new(&process).exists());
    drop(server);
    assert!(!Path::new(&process).exists());
    assert!(IrcUser::connect(&address, "ann").await.is_err());
    Ok(())
}

/// This test program kills itself with a server running, in a copy of itself.
#[tokio::test]
async fn a_server_ends_when_the_test_is_killed() -> Result<()> {
    const PID_FILE: &str = "BRIDGEWORK_TEST_PID_FILE";
    if let Some(file) = std::env::var_os(PID_FILE) {
        let server = NgIrcd::builder().start().await?;
        fs::write(file, server.process.id().to_string())?;
        std::process::abort();
    }
    let scratch = Scratch::new("killed")?;
    let file = scratch.file("pid");
    let status = tokio::process::Command::new(std::env::current_exe()?)
        .args(["--exact", "rig::process::a_server_ends_when_the_test_is_killed"])
        .env(PID_FILE, &file)
        // Nobody is left to remove the server's folder.
        .env("TMPDIR", scratch.path())
        .output()
        .await?
        .status;
    assert!(!status.success());
    let process = format!("/proc/{}/cmdline", fs::read_to_string(&file).context("it started")?);
    wait::until("the orphan ends", PATIENCE, async || {
        // An orphan that nobody has waited for yet has an empty command line.
        let gone =
            fs::read(&process).is_ok_and(|line| line.is_empty()) || !Path::new(&process).exists();
        Ok(gone.then_some(()))
    })
    .await
}
