//! Typing and receipts of Matrix users, on their way to the network.
//!
//! They come in transactions beside the events (`ephemeral`, and MSC2409's name for it), skip the
//! store, and are worth nothing later: what finds its way full is dropped. Presence is left alone.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    core::Core,
    network::{Author, Caps, Network, Signal, Support, Voice},
    permission::Level,
    store::{Portal, PortalBy, PortalKind, StoreError},
};

/// The keys of a transaction under which ephemeral events stand.
pub(crate) const KEYS: [&str; 2] = ["ephemeral", "de.sorunome.msc2409.ephemeral"];

/// How many ephemeral events wait at most; further ones are dropped.
const WAITING: usize = 256;

/// Of how many rooms it is known who is typing.
const TYPING_ROOMS: usize = 10_000;

/// The way in.
#[derive(Clone)]
pub(crate) struct Ephemeral(mpsc::Sender<Box<RawValue>>);

/// The way out.
pub(crate) type EphemeralFeed = mpsc::Receiver<Box<RawValue>>;

pub(crate) fn ephemeral() -> (Ephemeral, EphemeralFeed) {
    let (way, feed) = mpsc::channel(WAITING);
    (Ephemeral(way), feed)
}

impl Ephemeral {
    /// Takes what a transaction brings besides its events.
    pub(crate) fn take(&self, transaction: &HashMap<String, &RawValue>) {
        // A homeserver that knows both names may send the same under each.
        let Some(list) = KEYS.iter().find_map(|key| transaction.get(*key)) else { return };
        let Ok(events) = serde_json::from_str::<Vec<&RawValue>>(list.get()) else { return };
        for event in events {
            if self.0.try_send(event.to_owned()).is_err() {
                metrics::counter!("bridge_signals_dropped_total").increment(1);
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "content")]
enum Content {
    #[serde(rename = "m.typing")]
    Typing { user_ids: Vec<OwnedUserId> },
    #[serde(rename = "m.receipt")]
    Receipt(HashMap<OwnedEventId, Receipts>),
}

#[derive(Deserialize)]
struct Receipts {
    #[serde(rename = "m.read", default)]
    read: HashMap<OwnedUserId, serde_json::Value>,
}

#[derive(Deserialize)]
struct Place {
    room_id: OwnedRoomId,
}

/// Passes on what comes in.
pub(crate) struct Relay<N> {
    core: Arc<Core>,
    network: Arc<N>,
    /// Who was typing at last.
    typing: HashMap<OwnedRoomId, HashSet<OwnedUserId>>,
}

impl<N: Network> Relay<N> {
    pub(crate) fn new(core: Arc<Core>, network: Arc<N>) -> Self {
        Self { core, network, typing: HashMap::new() }
    }

    /// Works until `stop`.
    pub(crate) async fn run(mut self, mut feed: EphemeralFeed, stop: CancellationToken) {
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => return,
                event = feed.recv() => event,
            };
            let Some(event) = event else { return };
            if let Err(error) = self.pass(&event).await {
                tracing::debug!(%error, "an ephemeral event is dropped");
            }
        }
    }

    async fn pass(&mut self, event: &RawValue) -> Result<(), StoreError> {
        let (Ok(place), Ok(content)) = (
            serde_json::from_str::<Place>(event.get()),
            serde_json::from_str::<Content>(event.get()),
        ) else {
            return Ok(()); // presence, and whatever comes later
        };
        let by = PortalBy::Room(place.room_id.clone());
        let Some(portal) = self.core.portals.find(&by).await? else { return Ok(()) };
        if matches!(portal.kind, PortalKind::Unlinked | PortalKind::Control) {
            return Ok(());
        }
        let caps = self.network.caps(&portal.key);
        match content {
            Content::Typing { user_ids } => {
                self.typing(place.room_id, &portal, &caps, user_ids).await
            }
            Content::Receipt(receipts) => {
                self.receipts(&place.room_id, &portal, &caps, receipts).await
            }
        }
    }

    /// Tells who began and who stopped since the last time.
    async fn typing(
        &mut self,
        room: OwnedRoomId,
        portal: &Portal,
        caps: &Caps,
        users: Vec<OwnedUserId>,
    ) -> Result<(), StoreError> {
        if caps.typing != Support::Native {
            return Ok(());
        }
        let now: HashSet<OwnedUserId> =
            users.into_iter().filter(|user| !self.core.names.is_ours(user)).collect();
        let before = self.typing.remove(&room).unwrap_or_default();
        for user in now.difference(&before) {
            self.tell(&room, portal, user, &Signal::TypingStarted).await?;
        }
        for user in before.difference(&now) {
            self.tell(&room, portal, user, &Signal::TypingStopped).await?;
        }
        if !now.is_empty() && self.typing.len() < TYPING_ROOMS {
            self.typing.insert(room, now);
        }
        Ok(())
    }

    async fn receipts(
        &self,
        room: &OwnedRoomId,
        portal: &Portal,
        caps: &Caps,
        receipts: HashMap<OwnedEventId, Receipts>,
    ) -> Result<(), StoreError> {
        if caps.receipts != Support::Native {
            return Ok(());
        }
        for (event_id, receipts) in receipts {
            let mappings = self.core.store.mappings_of_event(&event_id).await?;
            // A place in our own store means nothing to the network.
            let known = mappings.into_iter().rfind(|it| !it.remote_id.as_str().starts_with('#'));
            let Some(mapping) = known else { continue };
            let signal = Signal::Read { up_to: mapping.remote_id };
            for user in receipts.read.into_keys() {
                self.tell(room, portal, &user, &signal).await?;
            }
        }
        Ok(())
    }

    async fn tell(
        &self,
        room: &OwnedRoomId,
        portal: &Portal,
        user: &OwnedUserId,
        signal: &Signal,
    ) -> Result<(), StoreError> {
        let core = &self.core;
        if core.names.is_ours(user) || core.config.permissions.level(user) < Level::User {
            return Ok(());
        }
        let display_name = core.members.display_name(core, room, user).await.ok().flatten();
        let author = Author { user_id: user.clone(), display_name, voice: Voice::Puppet };
        self.network.signal(&portal.key, &author, signal);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Content> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn typing_and_receipts_are_read_and_the_rest_is_left() {
        let typing = r#"{"type":"m.typing","room_id":"!r:s","content":{"user_ids":["@a:s"]}}"#;
        assert!(matches!(read(typing), Some(Content::Typing { user_ids }) if user_ids.len() == 1));
        let receipt = r#"{"type":"m.receipt","room_id":"!r:s","content":{"$e":{
            "m.read":{"@a:s":{"ts":1}},"m.read.private":{"@b:s":{}}}}}"#;
        let Some(Content::Receipt(receipts)) = read(receipt) else { panic!("no receipt") };
        let readers: Vec<_> = receipts.into_values().flat_map(|it| it.read.into_keys()).collect();
        assert_eq!(readers, ["@a:s"]);
        assert!(read(r#"{"type":"m.presence","sender":"@a:s","content":{}}"#).is_none());
    }

    #[test]
    fn what_finds_the_way_full_is_dropped() {
        let (way, mut feed) = ephemeral();
        let list = format!("[{}]", vec!["{}"; WAITING + 5].join(","));
        let list: Box<RawValue> = serde_json::from_str(&list).unwrap();
        way.take(&HashMap::from([(KEYS[1].to_owned(), &*list)]));
        let taken = std::iter::from_fn(|| feed.try_recv().ok()).count();
        assert_eq!(taken, WAITING);
    }
}
