//! Everything that the homeserver knows.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use ruma::{
    OwnedRoomAliasId, OwnedRoomId, OwnedServerName, OwnedUserId, RoomId, RoomVersionId, UserId,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    fault::Faults,
    gate::Doors,
    outcall::Outcalls,
    profile::User,
    push,
    refusal::Refusal,
    room::Room,
    service::{Appservice, RegistrationError, Service},
};

pub(super) struct World {
    pub(super) domain: OwnedServerName,
    pub(super) room_version: RoomVersionId,
    pub(super) faults: Faults,
    pub(super) doors: Arc<Doors>,
    pub(super) outcalls: Outcalls,
    pub(super) rooms: RwLock<HashMap<OwnedRoomId, Arc<Room>>>,
    pub(super) aliases: RwLock<HashMap<OwnedRoomAliasId, OwnedRoomId>>,
    pub(super) media: RwLock<HashMap<String, (String, bytes::Bytes)>>,
    users: RwLock<HashMap<OwnedUserId, Arc<User>>>,
    services: RwLock<Arc<[Arc<Service>]>>,
    principals: RwLock<HashMap<String, Principal>>,
    /// How many events there are in all rooms; for those who wait.
    position: watch::Sender<u64>,
    stop: CancellationToken,
}

/// Whom a token belongs to.
#[derive(Clone)]
pub(super) enum Principal {
    Service(Arc<Service>),
    User(OwnedUserId),
}

impl World {
    pub(super) fn new(options: Options, stop: CancellationToken) -> Self {
        Self {
            domain: options.domain,
            room_version: options.room_version,
            faults: Faults::default(),
            doors: Arc::new(Doors::new()),
            outcalls: Outcalls::new(),
            rooms: RwLock::default(),
            aliases: RwLock::default(),
            media: RwLock::default(),
            users: RwLock::default(),
            services: RwLock::new(Arc::default()),
            principals: RwLock::default(),
            position: watch::Sender::new(0),
            stop,
        }
    }

    pub(super) fn services(&self) -> Arc<[Arc<Service>]> {
        Arc::clone(&read(&self.services))
    }

    pub(super) fn service(&self, id: &str) -> Option<Arc<Service>> {
        self.services().iter().find(|service| service.id == id).cloned()
    }

    pub(super) fn add_service(
        self: &Arc<Self>,
        appservice: &Appservice,
    ) -> Result<(), RegistrationError> {
        let service = {
            let mut services = write(&self.services);
            let service = Arc::new(Service::new(services.len(), appservice, &self.domain)?);
            *services = services.iter().cloned().chain([Arc::clone(&service)]).collect();
            service
        };
        self.add_user(&service.bot);
        write(&self.principals)
            .insert(service.as_token.clone(), Principal::Service(Arc::clone(&service)));
        let pushing = push::run(Arc::downgrade(self), service);
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(pushing));
        Ok(())
    }

    pub(super) fn principal(&self, token: &str) -> Option<Principal> {
        read(&self.principals).get(token).cloned()
    }

    /// Makes a user; answers whether there was none before.
    pub(super) fn add_user(&self, user_id: &UserId) -> bool {
        let mut users = write(&self.users);
        let is_new = !users.contains_key(user_id);
        if is_new {
            users.insert(user_id.to_owned(), Arc::new(User::new(user_id.to_owned())));
        }
        is_new
    }

    pub(super) fn add_token(&self, token: String, user_id: OwnedUserId) {
        write(&self.principals).insert(token, Principal::User(user_id));
    }

    pub(super) fn find_user(&self, user_id: &UserId) -> Option<Arc<User>> {
        read(&self.users).get(user_id).cloned()
    }

    pub(super) fn find_room(&self, room_id: &RoomId) -> Option<Arc<Room>> {
        read(&self.rooms).get(room_id).cloned()
    }

    /// A room, as those see it who may not know whether it exists.
    pub(super) fn room(&self, room_id: &str) -> Result<Arc<Room>, Refusal> {
        <&RoomId>::try_from(room_id)
            .ok()
            .and_then(|room_id| self.find_room(room_id))
            .ok_or_else(|| Refusal::forbidden(format!("You are not in room {room_id}")))
    }

    /// The place of the next event.
    pub(super) fn next_position(&self) -> u64 {
        let mut position = 0;
        self.position.send_modify(|last| {
            *last += 1;
            position = *last;
        });
        position
    }

    pub(super) fn position(&self) -> watch::Receiver<u64> {
        self.position.subscribe()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("domain", &self.domain).finish_non_exhaustive()
    }
}

pub(super) fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
