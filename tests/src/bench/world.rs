//! A bridge between the stand-ins, whose rooms and people are known to it already.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use bridge_core::{
    id::{LaneId, Timestamp},
    ruma::{OwnedRoomId, OwnedUserId},
    store::{Batch, Ghost, Member, Membership, Op, Portal, PortalKind, Store, sqlite::SqliteStore},
};

use super::load::Way;
use crate::{
    bridge::Bridge,
    stub::{Ledger, StubHomeserver, StubIrc, homeserver, irc::Features},
    wait,
};

/// How many writes go into one commit while the store is filled.
const BATCH: usize = 5_000;

/// How long nothing may arrive before it counts as lost.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// How many rooms and people there are.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Rooms.
    pub rooms: usize,
    /// Matrix users, each with a connection to the IRC server.
    pub puppets: usize,
    /// How many of them, and as many IRC users, speak in one room.
    pub speakers: usize,
    /// Ghosts in the store that say nothing.
    pub silent_ghosts: usize,
    /// How many events one transaction holds at most.
    pub transaction: usize,
    /// What the IRC server can do.
    pub features: Features,
    /// Keys of the configuration beside the usual ones.
    pub settings: Vec<(String, serde_json::Value)>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            rooms: 50,
            puppets: 20,
            speakers: 4,
            silent_ghosts: 0,
            transaction: homeserver::TRANSACTION,
            features: Features::default(),
            settings: Vec::new(),
        }
    }
}

impl Shape {
    /// Rooms and no people.
    pub fn rooms(rooms: usize) -> Self {
        Self { rooms, ..Self::default() }
    }

    /// How many members the channels have together once all of the bridge is in.
    fn memberships(&self) -> usize {
        self.rooms * (1 + self.speakers.min(self.puppets))
    }

    /// The Matrix user who is a room's speaker of this number.
    fn puppet(&self, room: usize, speaker: usize) -> usize {
        (room * self.speakers + speaker) % self.puppets.max(1)
    }
}

/// A bridge at work between the stand-ins.
#[derive(Debug)]
pub struct World {
    /// The bridge.
    pub bridge: Bridge,
    /// The homeserver.
    pub homeserver: StubHomeserver,
    /// The IRC server.
    pub irc: StubIrc,
    /// What Matrix users said, and what arrived of it on IRC.
    pub outwards: Arc<Ledger>,
    /// What IRC users said, and what arrived of it on Matrix.
    pub inwards: Arc<Ledger>,
    shape: Shape,
}

impl World {
    /// Starts all of it, waits until the bridge is in all its channels, and has everybody say
    /// something once.
    pub async fn start(shape: Shape) -> Result<Self> {
        let world = Self::start_cold(shape).await?;
        world.settle().await?;
        world.warm_up().await?;
        Ok(world)
    }

    /// Starts all of it, until the bridge is ready.
    pub async fn start_cold(shape: Shape) -> Result<Self> {
        let outwards = Arc::new(Ledger::new(shape.rooms));
        let inwards = Arc::new(Ledger::new(shape.rooms));
        let homeserver = StubHomeserver::start(inwards.clone()).await?;
        let irc = StubIrc::start(outwards.clone(), shape.features.clone()).await?;
        let mut builder = Bridge::builder("bridge-irc")
            .homeserver(&homeserver.url())
            .irc_server(&irc.url())
            .set("logging.level", "warn")
            .set("irc.networks.local.flood", "none")
            .set("irc.networks.local.connect", "none")
            .set("irc.networks.local.max_puppets", 100_000);
        for (key, value) in &shape.settings {
            builder = builder.set(key, value.clone());
        }
        let prepared = builder.prepare().await?;
        fill(&prepared.folder().join("bridge.db"), &shape).await?;
        let bridge = prepared.run().await?;
        let world = Self { bridge, homeserver, irc, outwards, inwards, shape };
        let port = world.bridge.appservice_port();
        let token = world.bridge.token("hs_token")?;
        world.homeserver.push_to(port, &token, world.shape.transaction);
        Ok(world)
    }

    /// Waits until all readers and puppets are in their channels.
    pub async fn settle(&self) -> Result<()> {
        let wanted = self.shape.memberships();
        let mut seen = 0;
        let what = format!("{wanted} members of {} channels", self.shape.rooms);
        wait::until(what, Duration::from_mins(5), async || {
            seen = self.irc.memberships();
            Ok((seen >= wanted).then_some(()))
        })
        .await
        .map_err(|error| error.context(format!("{} are there", self.irc.memberships())))
    }

    /// Has everybody say something once in each of their rooms, both ways.
    pub async fn warm_up(&self) -> Result<()> {
        for room in 0..self.shape.rooms {
            for speaker in 0..self.shape.speakers {
                if self.shape.puppets > 0 {
                    self.say(Way::Out, room, speaker, Instant::now());
                }
                self.say(Way::In, room, speaker, Instant::now());
            }
        }
        self.complete(Way::Out).await?;
        self.complete(Way::In).await
    }

    /// A speaker of a room says something.
    pub(super) fn say(&self, way: Way, room: usize, speaker: usize, due: Instant) {
        match way {
            Way::Out => self.say_on_matrix(room, speaker, due),
            Way::In => self.say_on_irc(room, speaker, due),
        }
    }

    /// A Matrix user of a room says something that was due at this time.
    pub fn say_on_matrix(&self, room: usize, speaker: usize, due: Instant) {
        let text = self.outwards.say(room, due);
        let sender = user(self.shape.puppet(room, speaker));
        self.homeserver.say(&room_id(room), &sender, &text);
    }

    /// An IRC user of a room says something that was due at this time.
    pub fn say_on_irc(&self, room: usize, speaker: usize, due: Instant) {
        let text = self.inwards.say(room, due);
        self.irc.say(&channel(room), &format!("g{}", (room + speaker) % 100), &text);
    }

    /// Waits until all that was said has arrived, and fails unless it did so once and in order.
    pub(super) async fn complete(&self, way: Way) -> Result<()> {
        let ledger = self.ledger(way);
        ledger.complete(0..ledger.rooms(), PATIENCE).await?.ensure_exact()
    }

    pub(super) fn ledger(&self, way: Way) -> &Ledger {
        match way {
            Way::Out => &self.outwards,
            Way::In => &self.inwards,
        }
    }

    /// How many rooms and people there are.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }
}

/// The channel of a room.
pub fn channel(room: usize) -> String {
    format!("#b{room}")
}

/// The id of a room.
pub fn room_id(room: usize) -> String {
    format!("!b{room}:{}", homeserver::DOMAIN)
}

fn user(number: usize) -> String {
    format!("@u{number}:{}", homeserver::DOMAIN)
}

/// Writes rooms, members and ghosts into a new store.
async fn fill(path: &std::path::Path, shape: &Shape) -> Result<()> {
    let (store, _feed) = SqliteStore::open(path)?;
    let mut ops = Vec::new();
    let bot: OwnedUserId = "@_ircbot:localhost".try_into()?;
    for room in 0..shape.rooms {
        let room_id: OwnedRoomId = room_id(room).as_str().try_into()?;
        ops.push(Op::Portal(Portal {
            lane: LaneId(0),
            key: format!("local/{}", channel(room)).into(),
            kind: PortalKind::Channel,
            room_id: Some(room_id.clone()),
            alias: Some(format!("_irc_local_{}", channel(room))),
            name: Some(channel(room)),
            topic: None,
            last_event: None,
            gap_from: None,
            used: Timestamp(0),
        }));
        ops.push(member(&room_id, bot.clone(), None));
        for speaker in 0..shape.speakers.min(shape.puppets) {
            let number = shape.puppet(room, speaker);
            let name = Some(format!("u{number}"));
            ops.push(member(&room_id, user(number).as_str().try_into()?, name));
        }
    }
    for ghost in 0..shape.silent_ghosts {
        ops.push(Op::Ghost(Ghost {
            key: format!("local/silent{ghost}").into(),
            user_id: format!("@_irc_local_silent{ghost}:localhost").as_str().try_into()?,
            registered: true,
            display_name: Some(format!("silent{ghost}")),
        }));
    }
    while !ops.is_empty() {
        let rest = ops.split_off(BATCH.min(ops.len()));
        store.commit(Batch::settled(std::mem::replace(&mut ops, rest))).await?;
    }
    Ok(())
}

fn member(room_id: &OwnedRoomId, user_id: OwnedUserId, display_name: Option<String>) -> Op {
    let (room_id, membership) = (room_id.clone(), Membership::Join);
    Op::Member(Member { room_id, user_id, membership, display_name })
}
