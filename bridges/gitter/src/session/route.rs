//! From a change to the events that it means.

use bridge_core::{
    id::Timestamp,
    network::{ChannelInfo, Remote, RemoteAction, RemoteEvent, RemoteSignal, RemoteUser, Signal},
};
use mongodb::{
    bson::{DateTime, Document, doc, oid::ObjectId},
    change_stream::event::{ChangeStreamEvent, OperationType},
};

use crate::{
    config::{Config, Membership},
    document::{Message, Room},
    id,
    platform::{Platform, PlatformError},
    to_matrix,
};

/// Knows rooms and people, and what the bridge wrote itself.
pub(super) struct Router<'a> {
    pub(super) platform: &'a Platform,
    pub(super) config: &'a Config,
    pub(super) remote: &'a Remote,
}

impl Router<'_> {
    /// What a change means.
    pub(super) async fn route(
        &self,
        change: ChangeStreamEvent<Document>,
    ) -> Result<Vec<RemoteEvent>, PlatformError> {
        let Some(id) = change.document_key.as_ref().and_then(|key| key.get_object_id("_id").ok())
        else {
            return Ok(Vec::new());
        };
        let collection = change.ns.as_ref().and_then(|ns| ns.coll.as_deref()).unwrap_or_default();
        match (collection, &change.operation_type) {
            ("chatmessages", OperationType::Insert) => {
                let Some(message) = change.full_document.as_ref().and_then(Message::read) else {
                    tracing::debug!(message = %id, "a message that nobody wrote is left out");
                    return Ok(Vec::new());
                };
                self.message(&message).await
            }
            ("chatmessages", OperationType::Update | OperationType::Replace) => {
                if is_count_only(&change) {
                    return Ok(Vec::new());
                }
                match change.full_document.as_ref().and_then(Message::read) {
                    Some(message) => self.change_of(&message).await,
                    None => Ok(Vec::new()), // removed since
                }
            }
            ("chatmessages", OperationType::Delete) => self.removal(id).await,
            ("troupes", _) => {
                self.platform.forget_room(id).await;
                self.room(id).await
            }
            ("troupeusers", OperationType::Insert) => {
                self.member(change.full_document.as_ref(), RemoteAction::Join).await
            }
            ("trouperemovedusers", _) => {
                let leave = RemoteAction::Leave { reason: None };
                self.member(change.full_document.as_ref(), leave).await
            }
            ("usertroupelastaccesses", _) => {
                self.read(&change).await?;
                Ok(Vec::new())
            }
            ("users", _) => {
                self.platform.forget_user(id).await;
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// A new message.
    pub(super) async fn message(
        &self,
        message: &Message,
    ) -> Result<Vec<RemoteEvent>, PlatformError> {
        if message.is_from_matrix() || message.text.is_empty() {
            return Ok(Vec::new());
        }
        if !self.open(message.room).await? {
            return Ok(Vec::new());
        }
        self.name_mentioned(message).await?;
        let sender = self.sender(message).await?;
        Ok(vec![to_matrix::message(message, sender)])
    }

    /// An edit, or a message that was blanked.
    pub(super) async fn change_of(
        &self,
        message: &Message,
    ) -> Result<Vec<RemoteEvent>, PlatformError> {
        if message.text.is_empty() && message.html.is_empty() {
            return self.removal_from(message.id, message.room).await;
        }
        if message.is_from_matrix() || !self.open(message.room).await? {
            return Ok(Vec::new());
        }
        self.name_mentioned(message).await?;
        let sender = self.sender(message).await?;
        Ok(to_matrix::edit(message, sender).into_iter().collect())
    }

    /// A message that is not there any more. The change names nothing but its id; its room stands
    /// in the backup that Gitter makes, or in one of our portals.
    pub(super) async fn removal(&self, id: ObjectId) -> Result<Vec<RemoteEvent>, PlatformError> {
        let backup = self.platform.backups().find_one(doc! { "_id": id }).await?;
        let room = backup.as_ref().and_then(|backup| backup.get_object_id("toTroupeId").ok());
        match room {
            Some(room) => self.removal_from(id, room).await,
            None => match self.remote.portal_of(&id::remote_id(id)).await? {
                Some(portal) => match id::room_of(&portal) {
                    Some(room) => self.removal_from(id, room).await,
                    None => Ok(Vec::new()),
                },
                None => Ok(Vec::new()),
            },
        }
    }

    async fn removal_from(
        &self,
        id: ObjectId,
        room: ObjectId,
    ) -> Result<Vec<RemoteEvent>, PlatformError> {
        let ours = self.platform.removals().find_one(doc! { "_id": id }).await?;
        if ours.is_some() {
            return Ok(Vec::new());
        }
        let now = to_matrix::time(DateTime::now());
        Ok(vec![to_matrix::removal(id::portal_key(room), id, now)])
    }

    /// Somebody who came into a room, or went.
    async fn member(
        &self,
        document: Option<&Document>,
        action: RemoteAction,
    ) -> Result<Vec<RemoteEvent>, PlatformError> {
        if action == RemoteAction::Join && self.config.membership != Membership::Full {
            return Ok(Vec::new());
        }
        let id = |key| document.and_then(|document| document.get_object_id(key).ok());
        let (Some(room), Some(user)) = (id("troupeId"), id("userId")) else {
            return Ok(Vec::new());
        };
        if !self.remote.has_portal(&id::portal_key(room)).await? {
            return Ok(Vec::new());
        }
        let sender = self.person(user).await?;
        let at = to_matrix::time(DateTime::now());
        Ok(vec![RemoteEvent { sender: Some(sender), ..room_event(room, at, action) }])
    }

    /// Up to when somebody has read in rooms. It is shown at the newest message of that time.
    async fn read(&self, change: &ChangeStreamEvent<Document>) -> Result<(), PlatformError> {
        let Some(user) = change.full_document.as_ref() else { return Ok(()) };
        let Ok(user) = user.get_object_id("userId") else { return Ok(()) };
        for (room, at) in to_matrix::reading(change) {
            let portal = id::portal_key(room);
            if !self.remote.has_portal(&portal).await? {
                continue;
            }
            let Some(newest) = self.platform.newest_before(room, at).await? else { continue };
            let sender = self.person(user).await?;
            let signal = Signal::Read { up_to: id::remote_id(newest) };
            self.remote.signal(RemoteSignal { portal, sender, signal });
        }
        Ok(())
    }

    /// A room that changed.
    async fn room(&self, id: ObjectId) -> Result<Vec<RemoteEvent>, PlatformError> {
        let Some(room) = self.platform.room(id).await? else { return Ok(Vec::new()) };
        let Some(uri) = &room.uri else { return Ok(Vec::new()) };
        let at = to_matrix::time(DateTime::now());
        let event = |action| room_event(id, at, action);
        Ok(vec![
            event(RemoteAction::Name(uri.clone())),
            event(RemoteAction::Topic(room.topic.clone())),
        ])
    }

    /// Makes sure that a room has a portal, if it is one that is to have one; `false` if it is not.
    async fn open(&self, room: ObjectId) -> Result<bool, PlatformError> {
        let Some(room) = self.platform.room(room).await? else {
            return Ok(false); // deleted, or the message hangs in the air
        };
        let admitted = room.uri.as_ref().is_some_and(|uri| self.config.rooms.admit(uri));
        if admitted && room.is_public {
            self.remote.ensure_channel(&id::portal_key(room.id), &channel_info(&room)).await?;
        }
        // Other rooms are carried where somebody has linked them.
        Ok(true)
    }

    /// Who wrote a message; their Matrix id is fixed at first sight.
    async fn sender(&self, message: &Message) -> Result<RemoteUser, PlatformError> {
        self.person(message.from_user).await
    }

    async fn person(&self, id: ObjectId) -> Result<RemoteUser, PlatformError> {
        let key = id::ghost_key(id);
        let Some(user) = self.platform.user(id).await? else {
            let fields = id::ghost_fields("ghost", id);
            self.remote.name_ghost(&key, &fields).await?;
            return Ok(RemoteUser { key, name: "ghost".to_owned() });
        };
        self.remote.name_ghost(&key, &id::ghost_fields(&user.username, user.id)).await?;
        Ok(to_matrix::remote_user(&user))
    }

    /// Fixes the ids of those who are mentioned, so that they can be linked to.
    async fn name_mentioned(&self, message: &Message) -> Result<(), PlatformError> {
        for mention in &message.mentions {
            let Some(user) = mention.user else { continue };
            if let Some(user) = self.platform.user(user).await? {
                let fields = id::ghost_fields(&user.username, user.id);
                self.remote.name_ghost(&id::ghost_key(user.id), &fields).await?;
            }
        }
        Ok(())
    }
}

/// What a room is like.
pub(crate) fn channel_info(room: &Room) -> ChannelInfo {
    ChannelInfo {
        name: room.uri.clone(),
        topic: (!room.topic.is_empty()).then(|| room.topic.clone()),
    }
}

fn room_event(room: ObjectId, at: Timestamp, action: RemoteAction) -> RemoteEvent {
    RemoteEvent {
        portal: id::portal_key(room),
        sender: None,
        id: None,
        also: Vec::new(),
        at,
        action,
    }
}

/// Whether an update only counts: replies, readers, versions.
fn is_count_only(change: &ChangeStreamEvent<Document>) -> bool {
    let Some(update) = &change.update_description else { return false };
    let counts = |field: &String| {
        let field = field.split('.').next().unwrap_or_default();
        matches!(field, "threadMessageCount" | "readBy" | "_tv" | "__v")
    };
    update.updated_fields.keys().all(counts) && update.removed_fields.is_empty()
}
