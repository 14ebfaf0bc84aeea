//! `cargo xtask demo` as a newcomer runs it.

use std::process::Output;

use anyhow::Result;
use bridge_tests::rig::{BIN_DIR, binary_dir};
use tokio::process::Command;

async fn demo(network: &str, variables: &[(&str, &str)]) -> Result<Output> {
    let dir = binary_dir()?;
    let mut xtask = Command::new(dir.join("xtask"));
    xtask.args(["demo", network, "--once"]).env(BIN_DIR, dir).envs(variables.iter().copied());
    Ok(xtask.kill_on_drop(true).output().await?)
}

#[tokio::test]
async fn the_demo_shows_lines_crossing_both_ways() -> Result<()> {
    let output = demo("irc", &[]).await?;
    let (said, errors) = texts(&output);
    assert!(output.status.success(), "{said}{errors}");
    for direction in ["Matrix -> IRC", "IRC    -> Matrix"] {
        assert_eq!(said.matches(direction).count(), 2, "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn the_demo_fails_when_the_bridge_stops_half_way() -> Result<()> {
    let output = demo("irc", &[("BRIDGEWORK_DEMO_STOP_BRIDGE", "1")]).await?;
    let (said, errors) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{said}{errors}");
    assert!(errors.contains("a line from IRC did not reach Matrix"), "{said}{errors}");
    Ok(())
}

#[tokio::test]
async fn the_demo_of_gitter_shows_lines_crossing_both_ways() -> Result<()> {
    let output = demo("gitter", &[]).await?;
    let (said, errors) = texts(&output);
    assert!(output.status.success(), "{said}{errors}");
    for direction in ["Matrix -> Gitter", "Gitter -> Matrix"] {
        assert_eq!(said.matches(direction).count(), 2, "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn the_demo_of_gitter_fails_when_the_bridge_stops_half_way() -> Result<()> {
    let output = demo("gitter", &[("BRIDGEWORK_DEMO_STOP_BRIDGE", "1")]).await?;
    let (said, errors) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{said}{errors}");
    assert!(errors.contains("a line from Gitter did not reach Matrix"), "{said}{errors}");
    Ok(())
}

#[tokio::test]
async fn the_demo_of_xmpp_shows_a_room_of_each_side() -> Result<()> {
    let output = demo("xmpp", &[]).await?;
    let (said, errors) = texts(&output);
    assert!(output.status.success(), "{said}{errors}");
    for direction in ["Matrix -> XMPP", "XMPP   -> Matrix"] {
        assert_eq!(said.matches(direction).count(), 2, "{said}");
    }
    let output = demo("xmpp", &[("BRIDGEWORK_DEMO_STOP_BRIDGE", "1")]).await?;
    assert_eq!(output.status.code(), Some(1));
    Ok(())
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
