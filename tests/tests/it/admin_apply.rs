//! `rooms apply`: a conference's list of rooms, made true in spite of interruptions.

use std::{collections::BTreeMap, env, fs, time::Instant};

use anyhow::{Context, Result, ensure};
use bridge_tests::{matrix::NewRoom, stack::Stack};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

/// How many rooms the list has, unless `BRIDGEWORK_APPLY_ROOMS` says another number.
const ROOMS: usize = 60;

#[tokio::test]
async fn a_list_of_rooms_is_applied_in_spite_of_interruptions() -> Result<()> {
    let count = env::var("BRIDGEWORK_APPLY_ROOMS").ok().and_then(|n| n.parse().ok());
    let count: usize = count.unwrap_or(ROOMS);
    let mut stack = Stack::irc().start().await?;
    let ann = stack.matrix_user("ann").await?;
    let mut rooms = BTreeMap::new();
    for number in 0..count {
        let room = ann.create_room(NewRoom::default().public()).await?;
        rooms.insert(format!("local/#room{number:03}"), room);
    }
    // Three rows that cannot be, each for a reason of its own.
    let closed = ann.create_room(NewRoom::default()).await?;
    let list = stack.bridge.dir().join("rooms.csv");
    let mut text = "remote,room\n".to_owned();
    for (remote, room) in &rooms {
        text += &[remote, ",", room, "\n"].concat();
    }
    let bad =
        format!("local/#closed,{closed}\nlocal/#nowhere,#nowhere:localhost\nother/#x,{closed}-x\n");
    fs::write(&list, text.clone() + &bad)?;

    // The command is killed, and then the bridge under the command.
    let apply = ["rooms", "apply", "rooms.csv"];
    read_lines(&stack, &apply, count / 6).await?;
    {
        let mut child = stack.bridge.spawn_cli(&apply)?;
        let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        for _ in 0..count / 3 {
            ensure!(lines.next_line().await?.is_some(), "it ended early");
        }
        stack.bridge.kill_9().await?;
        let status = child.wait().await?;
        assert_eq!(status.code(), Some(1), "the bridge went away");
    }
    stack.bridge.start_again().await?;

    let start = Instant::now();
    let output = stack.bridge.cli(&apply).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    eprintln!(
        "{count} rooms: the third attempt took {:?}: {}",
        start.elapsed(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    assert_eq!(output.status.code(), Some(1), "{said}");
    let outcomes: BTreeMap<&str, &str> = said
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(outcome, rest)| Some((rest.split_once(' ')?.0, outcome)))
        .collect();
    assert_eq!(outcomes.len(), count + 3, "{said}");
    for remote in rooms.keys() {
        let outcome = outcomes[remote.as_str()];
        assert!(["linked", "unchanged"].contains(&outcome), "{remote}: {outcome}");
    }
    for (remote, why) in [
        ("local/#closed", "invite it there"),
        ("local/#nowhere", "there is no room"),
        ("other/#x", "there is no network"),
    ] {
        let line = said.lines().find(|line| line.contains(remote)).context("a line")?;
        assert!(line.starts_with("failed ") && line.contains(why), "{line}");
    }
    linked(&stack, &rooms).await?;

    // Nothing is left to do; then two channels change places, one moves and one is pruned.
    fs::write(&list, text)?;
    let output = stack.bridge.cli(&apply).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.lines().all(|line| line.starts_with("unchanged ")), "{said}");

    let names: Vec<String> = rooms.keys().take(4).cloned().collect();
    let first = rooms[&names[0]].clone();
    let second = rooms[&names[1]].clone();
    rooms.insert(names[0].clone(), second);
    rooms.insert(names[1].clone(), first);
    let moved = ann.create_room(NewRoom::default().public()).await?;
    rooms.insert(names[2].clone(), moved);
    rooms.remove(&names[3]);
    let row = |(remote, room): (&String, &String)| format!("\"{remote}\": \"{room}\"");
    let yaml = rooms.iter().map(row).collect::<Vec<_>>().join("\n");
    fs::write(stack.bridge.dir().join("rooms.yaml"), yaml)?;
    let output = stack.bridge.cli(&["rooms", "apply", "rooms.yaml", "--prune"]).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(&format!("moved {} ", names[2])), "{said}");
    assert!(said.contains(&format!("unlinked {} ", names[3])), "{said}");
    linked(&stack, &rooms).await?;

    // The last link of all works.
    let bob = stack.irc_user("bob").await?;
    let (remote, room) = rooms.iter().next_back().context("a room")?;
    let channel = remote.trim_start_matches("local/");
    bob.join(channel).await?;
    ann.send_text(room, "is this on?").await?;
    bob.wait_for("the last room", |line| line.is_message(channel, "is this on?")).await?;
    Ok(())
}

/// Runs a command until it has told of so many rows, then kills it.
async fn read_lines(stack: &Stack, args: &[&str], count: usize) -> Result<()> {
    let mut child = stack.bridge.spawn_cli(args)?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    for _ in 0..count {
        let line = lines.next_line().await?.context("it ended early")?;
        ensure!(!line.is_empty(), "an empty line");
    }
    Ok(child.kill().await?)
}

/// The bridge has exactly these links.
async fn linked(stack: &Stack, wanted: &BTreeMap<String, String>) -> Result<()> {
    let output = stack.bridge.cli(&["rooms", "list", "--json"]).await?;
    let links: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    let found: BTreeMap<String, String> = links
        .iter()
        .filter(|link| link["kind"] == "plumbed")
        .filter_map(|link| {
            Some((link["remote"].as_str()?.to_owned(), link["room"].as_str()?.to_owned()))
        })
        .collect();
    assert_eq!(&found, wanted);
    Ok(())
}
