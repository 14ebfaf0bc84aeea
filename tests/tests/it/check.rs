//! What the doctor finds, on real servers: each test breaks one thing.

use std::{fs, path::PathBuf, process::Output};

use anyhow::{Context, Result};
use bridge_tests::{
    bridge::Bridge,
    rig::{Mode, Rule, free_port},
    stack::Stack,
};
use serde_json::Value;

#[tokio::test]
async fn a_sound_bridge_has_nothing_wrong_running_or_not() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    for state in ["running", "stopped"] {
        let (code, found) = check(&stack.bridge, &["check", "--json"]).await?;
        assert_eq!((code, &found), (0, &Value::Array(Vec::new())), "{state}");
        if state == "running" {
            stack.bridge.stop().await?;
        }
    }
    let output = stack.bridge.cli(&["check", "--offline"]).await?;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Nothing is wrong.\n");
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_the_homeserver_is_named() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    stack.bridge.stop().await?;
    let registration = stack.bridge.dir().join("registration.yaml");
    let right = fs::read_to_string(&registration)?;

    // Another address, then one where something else answers.
    let url = stack.synapse.url();
    let nobody = free_port();
    stack.bridge.set("homeserver.url", format!("http://127.0.0.1:{nobody}"))?;
    finds(&stack.bridge, "L1", "homeserver.url", "no Matrix homeserver that answers").await?;
    stack.bridge.set("homeserver.url", format!("{url}/elsewhere"))?;
    finds(&stack.bridge, "L1", "homeserver.url", "no Matrix homeserver that answers").await?;
    stack.bridge.set("homeserver.url", url)?;

    // Synapse has the old tokens.
    let as_token = stack.bridge.token("as_token")?;
    let other = as_token.chars().rev().collect::<String>();
    write(&registration, &right.replace(&as_token, &other))?;
    finds(&stack.bridge, "L2", "as_token", "with another as_token").await?;
    let hs_token = stack.bridge.token("hs_token")?;
    let other = hs_token.chars().rev().collect::<String>();
    write(&registration, &right.replace(&hs_token, &other))?;
    finds(&stack.bridge, "L4", "hs_token", "another hs_token").await?;
    write(&registration, &right)?;
    Ok(())
}

#[tokio::test]
async fn a_registration_that_is_not_loaded_is_told_from_a_wrong_token() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    stack.bridge.stop().await?;
    // A second bridge, of which this homeserver has never heard.
    let dir = stack.bridge.dir().to_owned();
    let text = fs::read_to_string(dir.join("registration.yaml"))?;
    let (as_token, hs_token) = (stack.bridge.token("as_token")?, stack.bridge.token("hs_token")?);
    let turned = |token: &str| token.chars().rev().collect::<String>();
    let text = text
        .replace(&as_token, &turned(&as_token))
        .replace(&hs_token, &turned(&hs_token))
        .replace("_irc_", "_other_")
        .replace("id: irc", "id: other");
    write(&dir.join("registration.yaml"), &text)?;
    stack.bridge.set("appservice.id", "other")?;
    stack.bridge.set("appservice.ghosts", "_other_{network}_{nick}")?;
    stack.bridge.set("appservice.aliases", "_other_{network}_{channel}")?;
    finds(&stack.bridge, "L2", "as_token", "has not loaded").await
}

#[tokio::test]
async fn a_url_that_does_not_lead_to_the_bridge_is_named() -> Result<()> {
    let mut stack = Stack::irc().proxied().start().await?;
    stack.bridge.stop().await?;
    stack.proxies()?.from_homeserver.set(Mode::Refuse);
    finds(&stack.bridge, "L4", "appservice.url", "does not reach the bridge").await
}

#[tokio::test]
async fn a_proxy_with_a_low_limit_is_named() -> Result<()> {
    let mut stack = Stack::irc().proxied().start().await?;
    stack.bridge.stop().await?;
    stack.proxies()?.from_homeserver.add(Rule::LimitBody(1024 * 1024));
    finds(&stack.bridge, "L8", "appservice.url", "refuses requests of 8 MiB").await
}

#[tokio::test]
async fn a_homeserver_of_another_time_is_named() -> Result<()> {
    let mut stack = Stack::irc().synapse(|synapse| synapse.ahead_by_seconds(3600)).start().await?;
    for _ in 0..2 {
        let found = finds_any(&stack.bridge, "L9").await?;
        let what = found["what"].as_str().unwrap_or_default();
        assert!(what.contains("ahead of ours"), "{what}");
        stack.bridge.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_and_a_second_instance_are_named() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    // The same store and ports, but under another address of the admin: not our own instance.
    let admin = stack.bridge.admin_url().replace("http://", "");
    let other = free_port();
    stack.bridge.set("admin.listen", format!("127.0.0.1:{other}"))?;
    let (code, found) = check(&stack.bridge, &["check", "--json"]).await?;
    assert_eq!(code, 1);
    let codes: Vec<&str> = codes(&found);
    assert!(codes.contains(&"L11") && codes.contains(&"L5"), "{found}");

    stack.bridge.set("admin.listen", admin.clone())?;
    stack.bridge.stop().await?;
    let _squatter = tokio::net::TcpListener::bind(&admin).await?;
    finds(&stack.bridge, "L5", "admin.listen", "cannot be listened on").await
}

#[tokio::test]
async fn another_instance_that_answers_is_named() -> Result<()> {
    let mut stack = Stack::irc().proxied().start().await?;
    // The running one stays where the homeserver calls; the checked one has other ports and
    // another store.
    for key in ["appservice", "admin", "media"] {
        let port = free_port();
        stack.bridge.set(&format!("{key}.listen"), format!("127.0.0.1:{port}"))?;
    }
    stack.bridge.set("store.url", "sqlite:second.db")?;
    finds(&stack.bridge, "L5", "appservice.url", "another instance").await
}

#[tokio::test]
async fn a_network_that_is_down_or_refuses_is_named() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    let server = format!("irc://{}", stack.irc.address());
    let nobody = free_port();
    let down = format!("irc://127.0.0.1:{nobody}");
    stack.bridge.set("irc.networks.local.servers", vec![down])?;
    let key = "irc.networks.local.servers";
    finds(&stack.bridge, "N1", key, "cannot connect").await?;

    stack.bridge.set("irc.networks.local.servers", vec![server.clone()])?;
    stack.bridge.set("irc.networks.local.nick", "not a nick")?;
    finds_any(&stack.bridge, "N1").await?;
    stack.bridge.set("irc.networks.local.nick", "bridge")?;

    // A plain port that TLS is spoken to waits for more, and says nothing.
    let tls = server.replace("irc://", "ircs://");
    stack.bridge.set("irc.networks.local.servers", vec![tls])?;
    let found = finds_any(&stack.bridge, "N1").await?;
    assert_eq!(found["key"], key, "{found}");
    assert!(found["fix"].as_str().unwrap_or_default().contains("6697 is TLS"), "{found}");
    Ok(())
}

#[tokio::test]
async fn a_check_that_cannot_be_made_says_so() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    stack.bridge.set("homeserver.nonsense", 1)?;
    let output = stack.bridge.cli(&["check"]).await?;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nonsense"), "{output:?}");
    Ok(())
}

/// Checks that this is found, with a fix, and makes the exit code 1.
async fn finds(bridge: &Bridge, code: &str, key: &str, what: &str) -> Result<()> {
    let found = finds_any(bridge, code).await?;
    assert_eq!(found["key"], key, "{found}");
    let said = found["what"].as_str().unwrap_or_default();
    assert!(said.contains(what), "{found}");
    Ok(())
}

async fn finds_any(bridge: &Bridge, code: &str) -> Result<Value> {
    let (exit, found) = check(bridge, &["check", "--json"]).await?;
    assert_eq!(exit, 1, "{found}");
    let list = found.as_array().context("a list")?;
    let found = list.iter().find(|it| it["code"] == code).with_context(|| format!("{list:?}"))?;
    assert!(!found["fix"].as_str().unwrap_or_default().is_empty(), "{found}");
    Ok(found.clone())
}

fn codes(found: &Value) -> Vec<&str> {
    let list = found.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|it| it["code"].as_str()).collect()
}

async fn check(bridge: &Bridge, args: &[&str]) -> Result<(i32, Value)> {
    let Output { status, stdout, stderr } = bridge.cli(args).await?;
    let found = serde_json::from_slice(&stdout)
        .with_context(|| String::from_utf8_lossy(&stderr).into_owned())?;
    Ok((status.code().context("an exit code")?, found))
}

fn write(file: &PathBuf, text: &str) -> Result<()> {
    Ok(fs::write(file, text)?)
}
