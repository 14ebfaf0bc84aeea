//! `rooms apply`: makes the links of a list true.
//!
//! Each row is one request, and a link is made or it is not. So an attempt that was interrupted
//! is repeated as it is: what is done already comes out as `unchanged`.

use std::{
    collections::{HashMap, HashSet},
    io::{IsTerminal, Write},
    sync::Arc,
};

use anyhow::anyhow;
use hyper::Method;
use serde::Serialize;
use tokio::{sync::Semaphore, task::JoinSet};

use super::list::{self, Wanted};
use crate::{
    admin::api::{ErrorBody, Link, LinkAnswer, LinkRequest, UnlinkRequest},
    cli::{
        Failure,
        admin::print_json,
        args::ApplyArgs,
        client::{Client, Refusal},
    },
};

/// How many links are made at a time.
const AT_ONCE: usize = 8;

/// What became of a row.
#[derive(Debug, Serialize)]
struct Outcome {
    /// `linked`, `moved`, `unchanged`, `unlinked` or `failed`.
    #[serde(rename = "outcome")]
    word: &'static str,
    /// The channel, as the list names it.
    remote: String,
    /// The room, as the list names it.
    room: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<String>,
    /// The kind of failure.
    #[serde(skip)]
    code: Option<String>,
    /// The channel's key.
    #[serde(skip)]
    key: Option<String>,
}

/// Makes the links of a list true, and says for each row what became of it.
pub(in crate::cli) async fn apply(
    client: &Client,
    apply: &ApplyArgs,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let wanted = list::read(&apply.file)?;
    let before: Vec<Link> = client.get("/links", &[]).await?;
    let mut progress = Progress::new(wanted.len(), apply.json);
    let mut left = wanted;
    loop {
        let tried = left.len();
        left = one_round(client, left, &mut progress, out).await?;
        if left.is_empty() {
            break;
        }
        // Rooms that are linked to a channel which is to move come free in a later round, or in
        // none if channels change places.
        if left.len() == tried && !free_one(client, &before, &mut left).await? {
            for wanted in left {
                let what = "the room is linked to another channel; unlink it first".to_owned();
                progress.tell(failure(wanted, ErrorBody { error: "taken".into(), what }), out)?;
            }
            break;
        }
    }
    if apply.prune {
        prune(client, &mut progress, out).await?;
    }
    progress.end(out)
}

/// Asks for each link; returns those whose rooms are taken.
async fn one_round(
    client: &Client,
    wanted: Vec<Wanted>,
    progress: &mut Progress,
    out: &mut dyn Write,
) -> Result<Vec<Wanted>, Failure> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut asked = JoinSet::new();
    for wanted in wanted {
        let (client, places) = (client.clone(), places.clone());
        asked.spawn(async move {
            // The semaphore is never closed.
            let _place = places.acquire().await;
            ask(&client, wanted).await
        });
    }
    let mut taken = Vec::new();
    while let Some(answered) = asked.join_next().await {
        let outcome = answered.map_err(|error| Failure::Other(error.into()))??;
        if outcome.code.as_deref() == Some("taken") {
            taken.push(Wanted { remote: outcome.remote, room: outcome.room });
        } else {
            progress.tell(outcome, out)?;
        }
    }
    Ok(taken)
}

async fn ask(client: &Client, wanted: Wanted) -> Result<Outcome, Failure> {
    let request =
        LinkRequest { remote: wanted.remote.clone(), room: wanted.room.clone(), asker: None };
    match client.ask::<LinkAnswer>(Method::PUT, "/links", &request).await {
        Ok(answer) => Ok(Outcome {
            word: answer.outcome.word(),
            remote: wanted.remote,
            room: wanted.room,
            what: None,
            code: None,
            key: Some(answer.remote),
        }),
        Err(Refusal::Said(body)) => Ok(failure(wanted, body)),
        Err(Refusal::Failed(error)) => Err(error.into()),
    }
}

fn failure(wanted: Wanted, body: ErrorBody) -> Outcome {
    Outcome {
        word: "failed",
        remote: wanted.remote,
        room: wanted.room,
        what: Some(body.what),
        code: Some(body.error),
        key: None,
    }
}

/// Ends one link whose channel is to go elsewhere, so that a circle of channels can turn.
async fn free_one(client: &Client, before: &[Link], left: &mut [Wanted]) -> Result<bool, Failure> {
    let rooms: HashMap<&str, &str> = before
        .iter()
        .filter_map(|link| Some((link.remote.as_str(), link.room.as_deref()?)))
        .collect();
    for wanted in left {
        let Some(room) = rooms.get(wanted.remote.to_lowercase().as_str()) else { continue };
        let request = UnlinkRequest { room: (*room).to_owned() };
        let answer = client.ask::<LinkAnswer>(Method::POST, "/links/unlink", &request).await;
        if answer.is_ok_and(|answer| answer.outcome.word() == "unlinked") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Ends the links that are not in the list.
async fn prune(
    client: &Client,
    progress: &mut Progress,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if progress.failures > 0 {
        // A row that failed names a channel by what may not be its key.
        eprintln!("--prune was left out, since not every row could be read");
        return Ok(());
    }
    let links: Vec<Link> = client.get("/links", &[]).await?;
    let is_extra = |link: &Link| link.kind == "plumbed" && !progress.keys.contains(&link.remote);
    let extra: Vec<Link> = links.into_iter().filter(is_extra).collect();
    for Link { remote, room, .. } in extra {
        let Some(room) = room else { continue };
        let request = UnlinkRequest { room: room.clone() };
        let outcome = match client.ask::<LinkAnswer>(Method::POST, "/links/unlink", &request).await
        {
            Ok(answer) => Outcome {
                word: answer.outcome.word(),
                remote,
                room,
                what: None,
                code: None,
                key: None,
            },
            Err(Refusal::Said(body)) => failure(Wanted { remote, room }, body),
            Err(Refusal::Failed(error)) => return Err(error.into()),
        };
        progress.total += 1;
        progress.tell(outcome, out)?;
    }
    Ok(())
}

/// What was done so far.
struct Progress {
    total: usize,
    outcomes: Vec<Outcome>,
    keys: HashSet<String>,
    failures: usize,
    json: bool,
    /// Somebody watches.
    is_watched: bool,
}

impl Progress {
    fn new(total: usize, json: bool) -> Self {
        let is_watched = std::io::stderr().is_terminal();
        let (outcomes, keys) = (Vec::with_capacity(total), HashSet::with_capacity(total));
        Self { total, outcomes, keys, failures: 0, json, is_watched }
    }

    fn tell(&mut self, outcome: Outcome, out: &mut dyn Write) -> Result<(), Failure> {
        if outcome.word == "failed" {
            self.failures += 1;
        }
        self.keys.extend(outcome.key.clone());
        if !self.json {
            let Outcome { word, remote, room, what, .. } = &outcome;
            let what = what.as_ref().map(|what| format!(": {what}")).unwrap_or_default();
            writeln!(out, "{word} {remote} {room}{what}")?;
            out.flush()?;
        }
        self.outcomes.push(outcome);
        if self.is_watched {
            eprint!("\r{}/{} rooms, {} failed ", self.outcomes.len(), self.total, self.failures);
        }
        Ok(())
    }

    fn end(self, out: &mut dyn Write) -> Result<(), Failure> {
        if self.is_watched {
            eprintln!();
        }
        if self.json {
            print_json(&self.outcomes, out)?;
        }
        let count = |word: &str| self.outcomes.iter().filter(|done| done.word == word).count();
        let counts = ["linked", "moved", "unchanged", "unlinked", "failed"]
            .map(|word| format!("{} {word}", count(word)));
        eprintln!("{}", counts.join(", "));
        match self.failures {
            0 => Ok(()),
            failures => {
                let what = anyhow!(
                    "{failures} of {} rows failed; repeat the command once the \
                                    reasons are mended",
                    self.total
                );
                Err(what.into())
            }
        }
    }
}
