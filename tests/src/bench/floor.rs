//! What there is at least to do: commit events, and send requests.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bridge_core::{
    clock::Clock,
    homeserver::{As, Homeserver, HomeserverConfig},
    id::{Direction, LaneId, Timestamp},
    ruma::{OwnedRoomId, OwnedUserId},
    store::{Batch, NewRow, Op, RowState, Store, sqlite::SqliteStore},
};
use serde_json::{json, value::RawValue};
use tempfile::TempDir;

use super::world::{PATIENCE, room_id};
use crate::{
    rig::free_port,
    stub::{
        Ledger, StubHomeserver, homeserver,
        http::{Reply, Request, Server, Service},
        push::Pusher,
    },
};

/// Events a second of a handler that only commits them, with the durability of the inbox.
pub(super) async fn out(events: u64, transaction: usize) -> Result<f64> {
    let folder = TempDir::new()?;
    let (store, _feed) = SqliteStore::open(folder.path().join("floor.db"))?;
    let port = free_port();
    let _server = Server::start(port, Arc::new(Commits(store))).await?;
    let pusher = Pusher::start(port, "token", transaction);
    let begin = Instant::now();
    for number in 0..events {
        let text = "r00 n0000 t0000000000 and the rest of what somebody had to say about it";
        let room = room_id(usize::try_from(number % 50)?);
        pusher.push(homeserver::said(number, &room, "@u1:localhost", text));
    }
    until(|| pusher.sent() >= events).await?;
    Ok(rate(events, begin.elapsed()))
}

/// Commits the events of transactions as they are.
struct Commits(SqliteStore);

impl Service for Commits {
    async fn answer(&self, request: Request<'_>) -> Reply {
        match self.commit(request.body).await {
            Ok(()) => Reply::ok("{}"),
            Err(error) => Reply { status: 503, body: format!("{error:#}") },
        }
    }
}

impl Commits {
    async fn commit(&self, body: &[u8]) -> Result<()> {
        #[derive(serde::Deserialize)]
        struct Transaction<'a> {
            #[serde(borrow)]
            events: Vec<&'a RawValue>,
        }
        let transaction: Transaction<'_> = serde_json::from_slice(body)?;
        let append = |event: &RawValue| {
            Op::Append(NewRow {
                lane: LaneId(1),
                direction: Direction::ToNetwork,
                key: None,
                body: event.get().into(),
                created: Timestamp(0),
                state: RowState::New,
            })
        };
        let ops = transaction.events.into_iter().map(append).collect();
        self.0.commit(Batch::durable(ops)).await?;
        Ok(())
    }
}

/// Sends a second of the bridge's client alone, one at a time in each room.
pub(super) async fn inwards(sends: u64, rooms: usize) -> Result<f64> {
    let ledger = Arc::new(Ledger::new(rooms));
    let stub = StubHomeserver::start(ledger.clone()).await?;
    let port = free_port();
    let _appservice = Server::start(port, Arc::new(Ignores)).await?;
    stub.push_to(port, "token", homeserver::TRANSACTION);
    let bot: OwnedUserId = "@_ircbot:localhost".try_into()?;
    let config =
        HomeserverConfig::new(stub.url(), "localhost".try_into()?, "irc", "token", bot.clone());
    let client = Homeserver::new(&config, Clock::system())?;
    let each = sends / rooms as u64;
    let begin = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for room in 0..rooms {
        let (client, ledger) = (client.clone(), ledger.clone());
        tasks.spawn(async move {
            let room_id: OwnedRoomId = room_id(room).as_str().try_into()?;
            let ghost: OwnedUserId = "@_irc_local_somebody:localhost".try_into()?;
            for number in 0..each {
                let content = json!({
                    "msgtype": "m.text",
                    "body": ledger.say(room, Instant::now()),
                    "io.bridgework.marker": "0123456789012345678901",
                });
                let txn = format!("0123456789-{number:011}");
                let as_ghost = As::User(&ghost);
                client.send(&room_id, as_ghost, "m.room.message", &txn, &content, None).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let took = begin.elapsed();
    ledger.tally(0..rooms).ensure_exact()?;
    until(|| stub.pushed() >= each * rooms as u64).await?;
    Ok(rate(each * rooms as u64, took))
}

/// Takes transactions without looking at them.
struct Ignores;

impl Service for Ignores {
    async fn answer(&self, _request: Request<'_>) -> Reply {
        Reply::ok("{}")
    }
}

async fn until(mut done: impl FnMut() -> bool) -> Result<()> {
    let wait = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE * 5, wait).await.context("the floor is not reached")
}

/// How many a second.
#[expect(clippy::cast_precision_loss, reason = "counts of messages stay far below 2^52")]
pub(super) fn rate(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
