//! How a bridge starts, waits, stops, and what it keeps.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::Result;
use bridge_tests::{rig::Mode, stack::Stack, wait};
use rusqlite::Connection;
use serde_json::json;

use crate::bad_input::{Homeserver, counted, message};

const END: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_refused_token_ends_the_program_with_3() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    stack.bridge.stop().await?;
    let token = stack.bridge.token("as_token")?;
    let file = stack.bridge.dir().join("registration.yaml");
    fs::write(&file, fs::read_to_string(&file)?.replace(&token, "another-token"))?;
    stack.bridge.process.spawn_again()?;
    let status = stack.bridge.process.wait_end(END).await?;
    assert_eq!(status.code(), Some(3));
    let log = stack.bridge.process.log();
    assert!(log.contains("the homeserver refuses the bridge"), "{log}");
    Ok(())
}

#[tokio::test]
async fn networks_that_all_refuse_end_the_program_with_4() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    let oper = stack.irc_user("oper").await?;
    oper.ask("OPER oper oper", |line| line.command == "381").await?;
    // Refused later: it stays, and says that it is not ready.
    oper.raw("KLINE bridge@127.0.0.1 1d :bridges may not enter").await?;
    wait::until("the bridge is not ready", wait::PATIENCE, async || {
        let (status, reasons) = stack.bridge.health().await?;
        let banned = reasons.to_string().contains("bridges may not enter");
        Ok((status == 503 && banned).then_some(()))
    })
    .await?;
    stack.bridge.process.ensure_running()?;
    // Refused at first: there is nothing to wait for.
    stack.bridge.stop().await?;
    stack.bridge.process.spawn_again()?;
    let status = stack.bridge.process.wait_end(END).await?;
    assert_eq!(status.code(), Some(4));
    let log = stack.bridge.process.log();
    assert!(log.contains("the network refuses the bridge: local: the server banned us"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_in_words() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    stack.bridge.stop().await?;
    let store = Connection::open(store_of(&stack))?;
    store.execute("UPDATE meta SET value = '99' WHERE name IN ('schema', 'compatible')", ())?;
    drop(store);
    stack.bridge.process.spawn_again()?;
    let status = stack.bridge.process.wait_end(END).await?;
    assert_eq!(status.code(), Some(1));
    let log = stack.bridge.process.log();
    assert!(log.contains("was written by a newer version of the bridge (schema 99"), "{log}");
    Ok(())
}

#[tokio::test]
async fn while_a_side_is_away_the_rest_goes_on() -> Result<()> {
    let stack = Stack::irc().proxied().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#away").await?;
    let room = ann.join(&stack.alias("#away")).await?;
    ann.send_text(&room, "hello").await?;
    bob.wait_for("hello", |line| line.is_message("#away", "hello")).await?;
    let proxies = stack.proxies()?;

    // The homeserver is away, and yet something of it comes in.
    proxies.to_homeserver.set(Mode::Refuse);
    bob.privmsg("#away", "into the dark").await?;
    not_ready(&stack, "homeserver_down").await?;
    let token = stack.bridge.token("hs_token")?;
    let hs = Homeserver { url: stack.bridge.appservice_url(), token: &token };
    let event = json!({ "events": [message(&room, ann.id(), "$dark", "out of the dark")] });
    assert_eq!(hs.put("dark", &event.to_string()).await?.0, 200);
    live(&stack).await?;
    bob.wait_for("words", |line| line.is_message("#away", "out of the dark")).await?;
    proxies.to_homeserver.set(Mode::Pass);
    ann.wait_for("bob's words", |event| event.says(&room, "into the dark")).await?;
    ready(&stack).await?;

    // The network is away.
    proxies.irc.set(Mode::Refuse);
    not_ready(&stack, "network_down").await?;
    let before =
        stack.bridge.metric("bridge_received_total", &[("direction", "to_network")]).await?;
    ann.send_text(&room, "still here").await?;
    wait::until("it is taken in", wait::PATIENCE, async || {
        let labels = [("direction", "to_network")];
        let now = stack.bridge.metric("bridge_received_total", &labels).await?;
        Ok((now > before).then_some(()))
    })
    .await?;
    live(&stack).await?;
    proxies.irc.set(Mode::Pass);
    bob.wait_for("the words", |line| line.is_message("#away", "still here")).await?;
    ready(&stack).await?;
    let again = stack.bridge.metric("bridge_network_reconnects_total", &[("network", "local")]);
    assert_eq!(again.await?.to_string(), "1");
    Ok(())
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_arrive() -> Result<()> {
    let mut stack = Stack::irc()
        .proxied()
        .set("irc.networks.local.flood", json!({"burst": 1, "per_second": 8}))
        .start()
        .await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#drain").await?;
    let room = ann.join(&stack.alias("#drain")).await?;
    ann.send_text(&room, "line 0").await?;
    bob.wait_for("the first", |line| line.is_message("#drain", "line 0")).await?;
    let labels = [("direction", "to_network")];
    let before = stack.bridge.metric("bridge_received_total", &labels).await?;
    for n in 1..=40 {
        ann.send_text(&room, &format!("line {n}")).await?;
    }
    wait::until("all are taken in", wait::PATIENCE, async || {
        let now = stack.bridge.metric("bridge_received_total", &labels).await?;
        Ok((now >= before + 40.0).then_some(()))
    })
    .await?;
    assert!(stack.bridge.stop().await?.success());
    bob.wait_for("the last", |line| line.is_message("#drain", "line 40")).await?;

    // What cannot arrive does not keep it.
    stack.bridge.start_again().await?;
    ann.send_text(&room, "line 41").await?;
    bob.wait_for("the next", |line| line.is_message("#drain", "line 41")).await?;
    stack.proxies()?.irc.set(Mode::Stall);
    let taken = stack.bridge.metric("bridge_received_total", &labels).await?;
    ann.send_text(&room, "line 42").await?;
    wait::until("it is taken in", wait::PATIENCE, async || {
        let now = stack.bridge.metric("bridge_received_total", &labels).await?;
        Ok((now > taken).then_some(()))
    })
    .await?;
    assert!(stack.bridge.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn redacted_words_leave_the_store_at_once_and_settled_rows_in_time() -> Result<()> {
    let mut stack = Stack::irc().proxied().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#store").await?;
    let room = ann.join(&stack.alias("#store")).await?;
    ann.send_text(&room, "delivered words").await?;
    bob.wait_for("words", |line| line.is_message("#store", "delivered words")).await?;
    rows_with(&stack, "delivered words", 0).await?;

    stack.proxies()?.irc.set(Mode::Refuse);
    not_ready(&stack, "network_down").await?;
    let event = ann.send_text(&room, "regretted words").await?;
    ann.send_text(&room, "kept words").await?;
    rows_with(&stack, "regretted words", 1).await?;
    rows_with(&stack, "kept words", 1).await?;
    ann.redact(&room, &event, "no").await?;
    rows_with(&stack, "regretted words", 0).await?;
    rows_with(&stack, "kept words", 1).await?;
    stack.proxies()?.irc.set(Mode::Pass);
    bob.wait_for("what was kept", |line| line.is_message("#store", "kept words")).await?;
    let said: Vec<_> = bob.said_in("#store").into_iter().map(|(_, words)| words).collect();
    assert_eq!(said, ["delivered words", "kept words"]);

    let all = "SELECT count(*) FROM rows";
    assert!(count(&stack, all)? > 0, "settled rows are kept for a while");
    stack.bridge.set("store.keep", "4s")?;
    stack.bridge.restart().await?;
    wait::until("no row is left", wait::PATIENCE, async || {
        Ok((count(&stack, all)? == 0).then_some(()))
    })
    .await?;
    counted(&stack.bridge, "bridge_dead_total", &[], 0).await
}

fn store_of(stack: &Stack) -> PathBuf {
    stack.bridge.dir().join("bridge.db")
}

fn count(stack: &Stack, query: &str) -> Result<i64> {
    let store = Connection::open(store_of(stack))?;
    Ok(store.query_row(query, (), |row| row.get(0))?)
}

/// Waits until so many rows of the store hold these words.
async fn rows_with(stack: &Stack, words: &str, wanted: i64) -> Result<()> {
    let query = format!(
        "SELECT count(*) FROM rows
         WHERE instr(coalesce(body, ''), '{words}') OR instr(coalesce(progress, ''), '{words}')"
    );
    wait::until(format_args!("{wanted} rows with {words:?}"), wait::PATIENCE, async || {
        Ok((count(stack, &query)? == wanted).then_some(()))
    })
    .await
}

async fn not_ready(stack: &Stack, code: &str) -> Result<()> {
    wait::until(code, wait::PATIENCE, async || {
        let (status, body) = stack.bridge.health().await?;
        let told =
            body["reasons"].as_array().is_some_and(|it| it.iter().any(|r| r["code"] == code));
        Ok((status == 503 && told).then_some(()))
    })
    .await
}

async fn ready(stack: &Stack) -> Result<()> {
    wait::until("ready again", wait::PATIENCE, async || {
        Ok((stack.bridge.health().await?.0 == 200).then_some(()))
    })
    .await
}

async fn live(stack: &Stack) -> Result<()> {
    assert!(stack.bridge.is_live().await?);
    assert!(stack.bridge.metrics().await?.has("bridge_received_total"));
    Ok(())
}
