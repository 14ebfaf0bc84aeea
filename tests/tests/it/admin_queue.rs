//! What an admin does with messages: finds, retries, drops, traces and forgets them, and keeps a
//! copy of the store.

use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use bridge_tests::{irc::IrcUser, matrix::MatrixUser, stack::Stack, wait};
use serde_json::Value;

/// A channel in which nobody may speak, and what was said there.
struct Muted {
    stack: Stack,
    ann: MatrixUser,
    bob: IrcUser,
    room: String,
}

impl Muted {
    async fn new() -> Result<Self> {
        let stack = Stack::irc().start().await?;
        let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
        bob.join("#muted").await?;
        let room = ann.join(&stack.alias("#muted")).await?;
        bob.mode("#muted", "+m").await?;
        bob.wait_for("the mode", |line| line.command == "MODE" && line.param(1) == "+m").await?;
        Ok(Self { stack, ann, bob, room })
    }

    /// Says something that is given up, and waits for that.
    async fn lose(&self, text: &str) -> Result<String> {
        let event = self.ann.send_text(&self.room, text).await?;
        wait::until("it is given up", wait::PATIENCE, async || {
            let queue = json(&self.stack, &["queue", "list", "--json"]).await?;
            Ok(item(&queue, &event).map(drop))
        })
        .await?;
        Ok(event)
    }

    async fn unmute(&self) -> Result<()> {
        self.bob.mode("#muted", "-m").await?;
        let is_mode = |line: &bridge_tests::irc::Line| line.param(1) == "-m";
        self.bob.wait_for("the mode", is_mode).await?;
        Ok(())
    }
}

#[tokio::test]
async fn what_was_given_up_is_retried_or_dropped_and_traced() -> Result<()> {
    let muted = Muted::new().await?;
    let stack = &muted.stack;
    let first = muted.lose("first").await?;
    let second = muted.lose("second").await?;

    let queue = json(stack, &["queue", "list", "--json"]).await?;
    let found = item(&queue, &first).context("the first")?;
    assert_eq!(found["state"], "dead");
    assert_eq!(found["sender"], muted.ann.id());
    assert_eq!(found["remote"], "local/#muted");
    assert!(found["why"].as_str().context("a reason")?.contains("404"), "{found}");
    let (one, two) = (id(&queue, &first)?, id(&queue, &second)?);
    for (args, count) in [
        (&["queue", "list", "--json", "--state", "uncertain"][..], 0),
        (&["queue", "list", "--json", "--room", &muted.room], 2),
    ] {
        let list = json(stack, args).await?;
        assert_eq!(list.as_array().map(Vec::len), Some(count), "{args:?}: {list}");
    }

    muted.unmute().await?;
    run(stack, &["queue", "drop", &two]).await?;
    run(stack, &["queue", "retry", &one]).await?;
    muted.bob.wait_for("the first", |line| line.is_message("#muted", "first")).await?;
    muted.ann.send_text(&muted.room, "third").await?;
    muted.bob.wait_for("the third", |line| line.is_message("#muted", "third")).await?;
    let heard: Vec<String> =
        muted.bob.said_in("#muted").into_iter().map(|(_, words)| words).collect();
    assert_eq!(heard, ["first", "third"]);
    let left = json(stack, &["queue", "list", "--json"]).await?;
    assert_eq!(left, Value::Array(Vec::new()));
    let gone = stack.bridge.cli(&["queue", "retry", &two]).await?;
    assert_eq!(gone.status.code(), Some(1));

    let traces = wait::until("it is settled", wait::PATIENCE, async || {
        let traces = json(stack, &["trace", &first, "--json"]).await?;
        Ok((traces[0]["state"] == "done").then_some(traces))
    })
    .await?;
    let trace = &traces[0];
    assert_eq!(trace["direction"], "to_network");
    assert_eq!(trace["room"], muted.room.as_str());
    let steps: Vec<&str> = trace["steps"]
        .as_array()
        .context("steps")?
        .iter()
        .filter_map(|step| step["state"].as_str())
        .collect();
    assert_eq!(steps, ["new", "sending", "dead", "new", "sending", "done"]);
    assert!(trace["steps"][2]["why"].as_str().context("a reason")?.contains("404"));
    let remote_id = trace["remote_ids"][0].as_str().context("a msgid")?;
    let by_remote = json(stack, &["trace", remote_id, "--json"]).await?;
    assert_eq!(by_remote[0]["id"], trace["id"], "{by_remote}");

    // The other direction, both ways round.
    muted.bob.privmsg("#muted", "from IRC").await?;
    let event = muted.ann.wait_for("from IRC", |event| event.says(&muted.room, "from IRC")).await?;
    let traces = json(stack, &["trace", event.id(), "--json"]).await?;
    assert_eq!(traces[0]["direction"], "to_matrix", "{traces}");
    let remote_id = traces[0]["remote_ids"][0].as_str().context("a msgid")?;
    let by_remote = json(stack, &["trace", remote_id, "--json"]).await?;
    assert_eq!(by_remote[0]["events"][0], event.id(), "{by_remote}");
    let unknown = stack.bridge.cli(&["trace", "$nothing"]).await?;
    assert_eq!(unknown.status.code(), Some(1));
    Ok(())
}

#[tokio::test]
async fn a_person_is_forgotten() -> Result<()> {
    let muted = Muted::new().await?;
    let stack = &muted.stack;
    muted.lose("a secret word").await?;
    muted.bob.privmsg("#muted", "words of bob").await?;
    let said = muted.ann.wait_for("bob", |event| event.says(&muted.room, "words of bob")).await?;

    run(stack, &["forget", muted.ann.id()]).await?;
    let left = json(stack, &["queue", "list", "--json"]).await?;
    assert_eq!(left, Value::Array(Vec::new()));
    let ghost = stack.ghost("bob");
    run(stack, &["forget", "local/bob"]).await?;
    let leaves =
        |event: &bridge_tests::matrix::Event| event.is_membership(&muted.room, &ghost, "leave");
    muted.ann.wait_for("the ghost's end", leaves).await?;
    let traced = stack.bridge.cli(&["trace", said.id()]).await?;
    assert_eq!(traced.status.code(), Some(1), "its ids are gone: {traced:?}");
    let dump = dump(&stack.bridge.dir().join("bridge.db").display().to_string())?;
    for text in ["a secret word", muted.ann.id()] {
        assert!(!dump.contains(text), "{text} is still in the store");
    }
    assert!(!dump.contains(&format!("'{ghost}'")), "the ghost is still in the store");

    // Whoever comes again is met anew.
    muted.bob.privmsg("#muted", "bob again").await?;
    let again = muted.ann.wait_for("bob", |event| event.says(&muted.room, "bob again")).await?;
    assert_eq!(again.sender(), ghost);
    Ok(())
}

#[tokio::test]
async fn the_store_is_copied_while_the_bridge_runs() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#busy").await?;
    let room = ann.join(&stack.alias("#busy")).await?;
    let copy = stack.bridge.dir().join("copy.db").display().to_string();
    let speak = async {
        for number in 0..40 {
            ann.send_text(&room, &format!("line {number}")).await?;
        }
        anyhow::Ok(())
    };
    let script = "import sqlite3, sys
source, target = sqlite3.connect(sys.argv[1]), sqlite3.connect(sys.argv[2])
source.backup(target, pages=5, sleep=0.001)
print(target.execute('PRAGMA integrity_check').fetchone()[0])
print(target.execute('SELECT count(*) FROM portals WHERE key = \"local/#busy\"').fetchone()[0])";
    let store = stack.bridge.dir().join("bridge.db");
    let python = bridge_tests::rig::python()?;
    let target = copy.clone();
    let backup = tokio::task::spawn_blocking(move || {
        Command::new(python).args(["-c", script]).arg(store).arg(target).output()
    });
    let (spoken, copied) = tokio::join!(speak, backup);
    spoken?;
    let copied = copied??;
    assert_eq!(text(&copied.stdout), "ok\n1\n", "{}", text(&copied.stderr));
    bob.wait_for("the last line", |line| line.is_message("#busy", "line 39")).await?;

    // A bridge opens it: it says that the copy, not the store, is whole.
    let mut stack = stack;
    stack.bridge.stop().await?;
    stack.bridge.set("store.url", "sqlite:copy.db")?;
    stack.bridge.start_again().await?;
    ann.send_text(&room, "after").await?;
    bob.wait_for("what came after", |line| line.is_message("#busy", "after")).await?;
    Ok(())
}

fn item<'a>(queue: &'a Value, event: &str) -> Option<&'a Value> {
    queue.as_array()?.iter().find(|item| item["message"] == event)
}

fn id(queue: &Value, event: &str) -> Result<String> {
    Ok(item(queue, event).context("a message")?["id"].to_string())
}

async fn json(stack: &Stack, args: &[&str]) -> Result<Value> {
    Ok(serde_json::from_str(&run(stack, args).await?)?)
}

async fn run(stack: &Stack, args: &[&str]) -> Result<String> {
    let Output { status, stdout, stderr } = stack.bridge.cli(args).await?;
    ensure!(status.success(), "{args:?}: {status}: {}{}", text(&stdout), text(&stderr));
    Ok(text(&stdout))
}

/// Everything in a store, as SQL.
fn dump(path: &str) -> Result<String> {
    let script = "import sqlite3, sys
for line in sqlite3.connect(sys.argv[1]).iterdump(): print(line)";
    let output = Command::new(bridge_tests::rig::python()?).args(["-c", script, path]).output()?;
    ensure!(output.status.success(), "{}", text(&output.stderr));
    Ok(text(&output.stdout))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
