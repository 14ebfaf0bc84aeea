//! The commands that ask the running bridge.

use std::{io::Write, path::Path};

use anyhow::Context;
use hyper::Method;
use serde::Serialize;

use super::{
    Failure, Program,
    args::{AdminCommand, QueueVerb, QueueWhich, RoomsVerb},
    client::Client,
    rooms,
};
use crate::admin::api::{ForgetRequest, Forgotten, QueueAnswer, QueueItem, QueueRequest, Trace};

/// Does what a command says, through the admin API.
pub(super) fn run(
    program: &Program,
    config: &Path,
    command: AdminCommand,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let loaded = program.load(config)?;
    let client = Client::new(&loaded.config, program.name())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        match command {
            AdminCommand::Rooms(RoomsVerb::List { json }) => rooms::list(&client, json, out).await,
            AdminCommand::Rooms(RoomsVerb::Link { remote, room, asker, json }) => {
                rooms::link(&client, remote, room, asker, json, out).await
            }
            AdminCommand::Rooms(RoomsVerb::Unlink { room, json }) => {
                rooms::unlink(&client, room, json, out).await
            }
            AdminCommand::Rooms(RoomsVerb::Apply(apply)) => {
                rooms::apply(&client, &apply, out).await
            }
            AdminCommand::Queue(verb) => queue(&client, verb, out).await,
            AdminCommand::Trace { id, json } => trace(&client, &id, json, out).await,
            AdminCommand::Forget { user, json } => forget(&client, user, json, out).await,
        }
    })
}

async fn queue(client: &Client, verb: QueueVerb, out: &mut dyn Write) -> Result<(), Failure> {
    match verb {
        QueueVerb::List { state, room, json } => {
            let mut query = Vec::new();
            query.extend(state.as_deref().map(|state| ("state", state)));
            query.extend(room.as_deref().map(|room| ("room", room)));
            let items: Vec<QueueItem> = client.get("/queue", &query).await?;
            if json {
                return print_json(&items, out);
            }
            for item in &items {
                writeln!(
                    out,
                    "{:<8} {:<9} {:<10} {} {} {} {}",
                    item.id,
                    item.state,
                    item.direction,
                    item.since,
                    item.remote.as_deref().unwrap_or("-"),
                    item.sender.as_deref().unwrap_or("-"),
                    item.why.as_deref().unwrap_or(""),
                )?;
            }
            Ok(())
        }
        QueueVerb::Retry(which) => settle(client, "/queue/retry", which, out).await,
        QueueVerb::Drop(which) => settle(client, "/queue/drop", which, out).await,
    }
}

async fn settle(
    client: &Client,
    path: &str,
    which: QueueWhich,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let QueueWhich { ids, all, state, room, json } = which;
    let request = QueueRequest { ids, all, state, room };
    let answer: QueueAnswer = client.ask(Method::POST, path, &request).await?;
    let failures = answer.messages.iter().filter(|message| message.outcome == "failed").count();
    if json {
        print_json(&answer.messages, out)?;
    } else {
        for message in &answer.messages {
            let what = message.what.as_deref().unwrap_or("");
            writeln!(out, "{:<8} {} {what}", message.id, message.outcome)?;
        }
    }
    match failures {
        0 => Ok(()),
        _ => Err(anyhow::anyhow!("{failures} of {} failed", answer.messages.len()).into()),
    }
}

async fn trace(client: &Client, id: &str, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let traces: Vec<Trace> = client.get("/trace", &[("id", id)]).await?;
    if json {
        return print_json(&traces, out);
    }
    for trace in &traces {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        writeln!(
            out,
            "{} {} <> {}, from {}",
            or_none(&trace.direction),
            or_none(&trace.room),
            or_none(&trace.remote),
            or_none(&trace.sender),
        )?;
        for step in &trace.steps {
            writeln!(out, "  {} {} {}", step.at, step.state, step.why.as_deref().unwrap_or(""))?;
        }
        writeln!(out, "  on Matrix: {}", trace.events.join(" "))?;
        writeln!(out, "  on the network: {}", trace.remote_ids.join(" "))?;
    }
    Ok(())
}

async fn forget(
    client: &Client,
    user: String,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let request = ForgetRequest { user };
    let gone: Forgotten = client.ask(Method::POST, "/forget", &request).await?;
    if json {
        return print_json(&gone, out);
    }
    writeln!(
        out,
        "Forgot {}: {} kept messages, {} facts, {} rooms left.",
        gone.user, gone.messages, gone.facts, gone.rooms
    )?;
    Ok(())
}

/// Prints a value as one line of JSON.
pub(super) fn print_json(
    value: &(impl Serialize + ?Sized),
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let text = serde_json::to_string(value).context("cannot print the answer")?;
    Ok(writeln!(out, "{text}")?)
}
