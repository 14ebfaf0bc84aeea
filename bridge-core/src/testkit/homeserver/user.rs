//! People.

use std::{sync::Arc, time::Duration};

use ruma::{
    EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId,
    api::client::room::create_room::v3::Request as CreateRoom,
};
use serde_json::{Value, json};

use super::{
    Event, NotSeen, Refusal, TestHomeserver,
    event::{Draft, raw},
};

/// Somebody with an account of this homeserver, who does what people do.
#[derive(Clone, Debug)]
pub struct TestUser {
    homeserver: TestHomeserver,
    user_id: OwnedUserId,
}

impl TestUser {
    pub(super) fn new(homeserver: TestHomeserver, localpart: &str) -> Self {
        let user_id = UserId::parse_with_server_name(localpart, homeserver.domain())
            .expect("the localpart of a user id");
        let world = &homeserver.world;
        if world.add_user(&user_id) {
            world.add_token(format!("user_{localpart}"), user_id.clone());
            let name = Value::from(localpart);
            // There is the user, and no room that could refuse.
            let _ = world.set_profile(&user_id, "displayname", name);
        }
        Self { homeserver, user_id }
    }

    /// The user's id.
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// A token for the client-server API.
    pub fn access_token(&self) -> String {
        format!("user_{}", self.user_id.localpart())
    }

    /// Makes a room.
    ///
    /// # Errors
    /// As the homeserver refuses it.
    pub async fn create_room(&self, request: CreateRoom) -> Result<OwnedRoomId, Refusal> {
        self.homeserver.world.create_room(&self.user_id, None, request).await
    }

    /// Joins a room by its id or alias.
    ///
    /// # Errors
    /// As the homeserver refuses it.
    pub async fn join(&self, room: &str) -> Result<OwnedRoomId, Refusal> {
        self.homeserver.world.join(room, &self.user_id, None).await
    }

    /// Leaves a room.
    ///
    /// # Errors
    /// As the homeserver refuses it.
    pub fn leave(&self, room_id: &RoomId) -> Result<(), Refusal> {
        self.set_membership(room_id, &self.user_id, "leave")
    }

    /// Invites somebody.
    ///
    /// # Errors
    /// As the homeserver refuses it.
    pub async fn invite(&self, room_id: &RoomId, user_id: &UserId) -> Result<(), Refusal> {
        self.homeserver.world.invite(room_id.as_str(), &self.user_id, user_id, None).await
    }

    /// Removes somebody from a room.
    ///
    /// # Errors
    /// As the homeserver refuses it.
    pub fn kick(&self, room_id: &RoomId, user_id: &UserId) -> Result<(), Refusal> {
        self.set_membership(room_id, user_id, "leave")
    }

    /// Bans somebody from a room.
    ///
    /// # Errors
    /// As the homeserver refuses it.
    pub fn ban(&self, room_id: &RoomId, user_id: &UserId) -> Result<(), Refusal> {
        self.set_membership(room_id, user_id, "ban")
    }

    /// Says something.
    ///
    /// # Errors
    /// As the homeserver refuses it.
    pub fn say(&self, room_id: &RoomId, text: &str) -> Result<OwnedEventId, Refusal> {
        self.send(room_id, "m.room.message", &json!({ "msgtype": "m.text", "body": text }))
    }

    /// Sends an event of any type.
    ///
    /// # Errors
    /// As the homeserver refuses it.
    pub fn send(
        &self,
        room_id: &RoomId,
        kind: &str,
        content: &Value,
    ) -> Result<OwnedEventId, Refusal> {
        let draft = Draft::message(self.user_id.clone(), kind, raw(content));
        self.append(room_id, draft)
    }

    /// Sets state of any type.
    ///
    /// # Errors
    /// As the homeserver refuses it.
    pub fn set_state(
        &self,
        room_id: &RoomId,
        kind: &str,
        state_key: &str,
        content: &Value,
    ) -> Result<OwnedEventId, Refusal> {
        self.append(room_id, Draft::state(self.user_id.clone(), kind, state_key, content))
    }

    /// Redacts an event.
    ///
    /// # Errors
    /// As the homeserver refuses it.
    pub fn redact(&self, room_id: &RoomId, event_id: &EventId) -> Result<OwnedEventId, Refusal> {
        let content = raw(&json!({ "redacts": event_id }));
        let mut draft = Draft::message(self.user_id.clone(), "m.room.redaction", content);
        draft.redacts = Some(event_id.to_owned());
        self.append(room_id, draft)
    }

    /// Sets the display name.
    ///
    /// # Errors
    /// As a room refuses the change.
    pub fn set_display_name(&self, name: &str) -> Result<(), Refusal> {
        self.homeserver.world.set_profile(&self.user_id, "displayname", name.into())
    }

    /// Begins or ends to type.
    ///
    /// # Errors
    /// If there is no such room.
    pub fn type_in(&self, room_id: &RoomId, users: &[&UserId]) -> Result<(), Refusal> {
        let typing = json!({ "user_ids": users });
        self.homeserver.world.push_ephemeral(room_id.as_str(), "m.typing", &typing)
    }

    /// Tells others that the user has read an event.
    ///
    /// # Errors
    /// If there is no such room.
    pub fn read(&self, room_id: &RoomId, event_id: &EventId) -> Result<(), Refusal> {
        self.homeserver.world.push_receipt(room_id.as_str(), &self.user_id, event_id.as_str())
    }

    /// What the user sees of a room, in order; nothing if they never were in it.
    pub fn timeline(&self, room_id: &RoomId) -> Vec<Arc<Event>> {
        let Some(room) = self.homeserver.world.find_room(room_id) else { return Vec::new() };
        let contents = room.lock();
        if contents.is_readable_by(&self.user_id) { contents.events.clone() } else { Vec::new() }
    }

    /// Waits until the user sees the event that is wanted, past or to come.
    ///
    /// # Errors
    /// If there is none within `within`.
    pub async fn wait_for(
        &self,
        room_id: &RoomId,
        within: Duration,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Arc<Event>, NotSeen> {
        let event = self.homeserver.wait_for(room_id, within, wanted).await?;
        if self.timeline(room_id).is_empty() {
            return Err(NotSeen { within, log: Vec::new() });
        }
        Ok(event)
    }

    /// Waits until the user sees this text.
    ///
    /// # Errors
    /// If it is not there within `within`.
    pub async fn wait_for_text(
        &self,
        room_id: &RoomId,
        within: Duration,
        text: &str,
    ) -> Result<Arc<Event>, NotSeen> {
        self.wait_for(room_id, within, |event| event.body().as_deref() == Some(text)).await
    }

    fn set_membership(
        &self,
        room_id: &RoomId,
        target: &UserId,
        membership: &str,
    ) -> Result<(), Refusal> {
        let world = &self.homeserver.world;
        world.set_membership(room_id.as_str(), &self.user_id, target, membership, None)
    }

    fn append(&self, room_id: &RoomId, draft: Draft) -> Result<OwnedEventId, Refusal> {
        let world = &self.homeserver.world;
        world.room(room_id.as_str())?.append(world, draft)
    }
}
