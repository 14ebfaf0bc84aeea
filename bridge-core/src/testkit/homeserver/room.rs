//! One room: its events in order, and what follows from them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::Rng;
use ruma::{
    EventId, OwnedEventId, OwnedRoomId, OwnedUserId, UserId,
    events::room::member::MembershipState as Membership,
};
use tokio::sync::watch;

use super::{
    event::{Draft, Event},
    power::Power,
    refusal::Refusal,
    rules,
    service::Service,
    world::World,
};

/// A room. Its lock is never held over an await, and inside it only those of queues are taken.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) id: OwnedRoomId,
    contents: Mutex<Contents>,
    /// How many events there are; for those who wait.
    length: watch::Sender<usize>,
}

impl Room {
    pub(super) fn new(id: OwnedRoomId) -> Self {
        let contents = Mutex::new(Contents::new(id.clone()));
        Self { id, contents, length: watch::Sender::new(0) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn length(&self) -> watch::Receiver<usize> {
        self.length.subscribe()
    }

    /// Takes an event if the rules allow it, and hands it to the application services.
    ///
    /// The same transaction, and state that is there already, are answered with the first event.
    pub(super) fn append(
        self: &Arc<Self>,
        world: &World,
        draft: Draft,
    ) -> Result<OwnedEventId, Refusal> {
        let mut contents = self.lock();
        if let Some(known) = contents.known(&draft) {
            return Ok(known);
        }
        rules::check(&contents, &draft)?;
        Ok(self.take(&mut contents, world, draft, None))
    }

    /// Takes an event of the room's creation, which no rule forbids.
    pub(super) fn found(self: &Arc<Self>, world: &World, draft: Draft, id: Option<OwnedEventId>) {
        self.take(&mut self.lock(), world, draft, id);
    }

    fn take(
        self: &Arc<Self>,
        contents: &mut Contents,
        world: &World,
        draft: Draft,
        id: Option<OwnedEventId>,
    ) -> OwnedEventId {
        let (txn_key, txn_id) = draft.txn.map(|txn| (txn.key, txn.id)).unzip();
        let event = Arc::new(Event {
            event_id: id.unwrap_or_else(new_event_id),
            room_id: self.id.clone(),
            sender: draft.sender,
            kind: draft.kind,
            state_key: draft.state_key,
            content: draft.content,
            origin_server_ts: draft.ts.unwrap_or_else(now),
            redacts: draft.redacts,
            unsigned: None,
            txn_id,
            position: world.next_position(),
        });
        if let Some(key) = txn_key {
            contents.seen.insert(key, event.event_id.clone());
        }
        // A service hears of what ends its interest, too.
        let services = world.services();
        let interested = contents.interested(&services, &event);
        let place = contents.push(world, &services, Arc::clone(&event));
        for (service, was_interested) in services.iter().zip(interested) {
            if was_interested || contents.is_interesting_to(service) {
                service.pusher.push(self, place);
            }
        }
        self.length.send_replace(contents.events.len());
        event.event_id.clone()
    }
}

/// What is in a room.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) id: OwnedRoomId,
    pub(super) events: Vec<Arc<Event>>,
    pub(super) power: Power,
    pub(super) aliases: Vec<ruma::OwnedRoomAliasId>,
    places: HashMap<OwnedEventId, usize>,
    state: HashMap<String, HashMap<String, usize>>,
    members: HashMap<OwnedUserId, Membership>,
    /// How many joined members each service owns, by its number.
    owned: Vec<usize>,
    seen: HashMap<String, OwnedEventId>,
}

impl Contents {
    fn new(id: OwnedRoomId) -> Self {
        Self {
            id,
            events: Vec::new(),
            power: Power::default(),
            aliases: Vec::new(),
            places: HashMap::new(),
            state: HashMap::new(),
            members: HashMap::new(),
            owned: Vec::new(),
            seen: HashMap::new(),
        }
    }

    pub(super) fn place(&self, event_id: &EventId) -> Option<usize> {
        self.places.get(event_id).copied()
    }

    pub(super) fn event(&self, event_id: &EventId) -> Option<&Arc<Event>> {
        self.events.get(self.place(event_id)?)
    }

    pub(super) fn state(&self, kind: &str, state_key: &str) -> Option<&Arc<Event>> {
        self.events.get(*self.state.get(kind)?.get(state_key)?)
    }

    pub(super) fn all_state(&self) -> Vec<Arc<Event>> {
        let mut places: Vec<_> = self.state.values().flat_map(HashMap::values).copied().collect();
        places.sort_unstable();
        places.into_iter().map(|place| Arc::clone(&self.events[place])).collect()
    }

    pub(super) fn membership(&self, user_id: &UserId) -> Option<&Membership> {
        self.members.get(user_id)
    }

    pub(super) fn joined(&self) -> impl Iterator<Item = &OwnedUserId> {
        self.members.iter().filter(|(_, what)| **what == Membership::Join).map(|(who, _)| who)
    }

    pub(super) fn is_public(&self) -> bool {
        let rules = self.state("m.room.join_rules", "");
        rules.is_some_and(|event| event.content()["join_rule"] == "public")
    }

    /// Whether a user may read the room: whoever was ever in it, and all if it is open to the world.
    pub(super) fn is_readable_by(&self, user_id: &UserId) -> bool {
        let visibility =
            || self.state("m.room.history_visibility", "").map(|event| event.content());
        matches!(self.membership(user_id), Some(Membership::Join | Membership::Leave))
            || visibility().is_some_and(|content| content["history_visibility"] == "world_readable")
    }

    /// Forgets which transactions were seen, as a restart does.
    pub(super) fn forget_transactions(&mut self) {
        self.seen.clear();
    }

    /// Whether a service hears of what happens here.
    pub(super) fn is_interesting_to(&self, service: &Service) -> bool {
        self.owned.get(service.number).is_some_and(|owned| *owned > 0)
            || self.aliases.iter().any(|alias| service.owns_alias(alias))
    }

    /// The event that says the same as `draft`.
    fn known(&self, draft: &Draft) -> Option<OwnedEventId> {
        if let Some(txn) = &draft.txn {
            return self.seen.get(&txn.key).cloned();
        }
        let present = self.state(&draft.kind, draft.state_key.as_deref()?)?;
        let content: serde_json::Value = serde_json::from_str(draft.content.get()).ok()?;
        (present.sender == draft.sender && present.content() == content)
            .then(|| present.event_id.clone())
    }

    fn interested(&mut self, services: &[Arc<Service>], event: &Event) -> Vec<bool> {
        if self.owned.len() < services.len() {
            self.count_owned(services);
        }
        let target = event
            .state_key
            .as_deref()
            .filter(|_| event.kind == "m.room.member")
            .and_then(|target| <&UserId>::try_from(target).ok());
        services
            .iter()
            .map(|service| {
                self.is_interesting_to(service)
                    || service.owns_user(&event.sender)
                    || target.is_some_and(|target| service.owns_user(target))
            })
            .collect()
    }

    fn push(&mut self, world: &World, services: &[Arc<Service>], event: Arc<Event>) -> usize {
        let place = self.events.len();
        self.places.insert(event.event_id.clone(), place);
        if let Some(target) = event.redacts.as_ref().and_then(|event_id| self.place(event_id)) {
            self.events[target] = Arc::new(self.events[target].pruned(&event));
        }
        if let Some(state_key) = &event.state_key {
            self.state.entry(event.kind.clone()).or_default().insert(state_key.clone(), place);
            self.apply(world, services, &event, state_key);
        }
        self.events.push(event);
        place
    }

    fn apply(&mut self, world: &World, services: &[Arc<Service>], event: &Event, state_key: &str) {
        match &*event.kind {
            "m.room.power_levels" => self.power.set(&event.content()),
            "m.room.member" => {
                let (Ok(user_id), Some(membership)) =
                    (UserId::parse(state_key), event.membership())
                else {
                    return;
                };
                let membership = Membership::from(membership);
                if let Some(user) = world.find_user(&user_id) {
                    user.note_membership(&self.id, &membership);
                }
                let now_joined = membership == Membership::Join;
                let before = self.members.insert(user_id.clone(), membership);
                let was_joined = before == Some(Membership::Join);
                for service in services.iter().filter(|service| service.owns_user(&user_id)) {
                    let owned = &mut self.owned[service.number];
                    match (was_joined, now_joined) {
                        (false, true) => *owned += 1,
                        (true, false) => *owned = owned.saturating_sub(1),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn count_owned(&mut self, services: &[Arc<Service>]) {
        let count = |service: &Arc<Service>| {
            self.joined().filter(|user_id| service.owns_user(user_id)).count()
        };
        self.owned = services.iter().map(count).collect();
    }
}

fn new_event_id() -> OwnedEventId {
    let text = format!("${}", random_name());
    OwnedEventId::try_from(text).expect("the alphabet of base64 makes an event id")
}

/// 43 characters, as a hash would give.
pub(super) fn random_name() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>())
}

/// Milliseconds since the Unix epoch.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
