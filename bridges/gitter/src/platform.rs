//! The platform's database: what is read of it, and how it is reached.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use bridge_core::config::Secret;
use moka::future::Cache;
use mongodb::{
    Client, Collection, Database, IndexModel,
    bson::{DateTime, Document, doc, oid::ObjectId},
    options::{ClientOptions, IndexOptions, WriteConcern},
};

use crate::document::{Message, Room, User};

/// How long the driver looks for a primary before a call fails.
const SELECTION: Duration = Duration::from_secs(5);

/// How long rooms and people are remembered, unless the change stream tells that they changed.
const REMEMBERED: Duration = Duration::from_mins(10);

/// How long the bridge keeps its notes of what it removed.
const NOTED: Duration = Duration::from_hours(30 * 24);

/// How many rooms are remembered.
const ROOMS: usize = 10_000;

/// Why the platform does not do as told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlatformError {
    /// The connection string cannot be used.
    #[error("gitter.mongodb is no address of a database: {0}")]
    Address(String),
    /// The database failed, or is not there.
    #[error("the platform's database: {0}")]
    Database(#[from] mongodb::error::Error),
    /// The user that is to own what is said on Matrix.
    #[error("the platform has no user {0:?}: make one, or name another in gitter.backing_user")]
    NoBackingUser(String),
    /// The change stream ended, as it does when the database is dropped.
    #[error("the platform's changes ended: was its database dropped?")]
    Ended,
    /// The core's store failed.
    #[error(transparent)]
    Store(#[from] bridge_core::store::StoreError),
}

impl PlatformError {
    /// What an admin can do.
    pub(crate) fn fix(&self) -> String {
        const STANDALONE: i32 = 40573;
        const UNAUTHORIZED: i32 = 13;
        let code = match self {
            Self::Database(error) => code_of(error),
            _ => None,
        };
        let fix = match (self, code) {
            (_, Some(STANDALONE)) => {
                "change streams need a replica set, of one member at least: start mongod with \
                 --replSet and run rs.initiate()"
            }
            (_, Some(UNAUTHORIZED)) => {
                "give the database user of gitter.mongodb the role readWrite on the platform's \
                 database: change streams need find and changeStream"
            }
            (Self::Address(_) | Self::Database(_) | Self::Ended, _) => {
                "start the database, or correct gitter.mongodb"
            }
            (Self::NoBackingUser(_), _) => "make the user, or correct gitter.backing_user",
            (Self::Store(_), _) => "look at the bridge's store",
        };
        fix.to_owned()
    }
}

/// The server's number for an error, if the server made it.
pub(crate) fn code_of(error: &mongodb::error::Error) -> Option<i32> {
    match &*error.kind {
        mongodb::error::ErrorKind::Command(error) => Some(error.code),
        _ => None,
    }
}

/// The collections, and what is remembered of rooms and people.
pub(crate) struct Platform {
    pub(crate) client: Client,
    pub(crate) database: Database,
    rooms: Cache<ObjectId, Option<Room>>,
    users: Cache<ObjectId, Option<User>>,
    backing: Cache<(), ObjectId>,
    /// The uris of rooms that were looked up lately, for those who cannot wait.
    uris: Mutex<HashMap<ObjectId, String>>,
}

impl Platform {
    /// Reads the address; opens connections only when they are needed.
    pub(crate) async fn new(url: &Secret) -> Result<Self, PlatformError> {
        let address = |error: mongodb::error::Error| PlatformError::Address(error.to_string());
        let mut options = ClientOptions::parse(url.expose()).await.map_err(address)?;
        options.app_name.get_or_insert_with(|| "bridge-gitter".to_owned());
        options.server_selection_timeout.get_or_insert(SELECTION);
        options.connect_timeout.get_or_insert(SELECTION);
        options.write_concern.get_or_insert_with(WriteConcern::majority);
        let Some(name) = options.default_database.clone() else {
            return Err(PlatformError::Address(
                "it names no database; write mongodb://host/gitter?replicaSet=rs0".to_owned(),
            ));
        };
        let client = Client::with_options(options).map_err(address)?;
        Ok(Self {
            database: client.database(&name),
            client,
            rooms: Cache::builder().max_capacity(ROOMS as u64).time_to_live(REMEMBERED).build(),
            users: Cache::builder().max_capacity(50_000).time_to_live(REMEMBERED).build(),
            backing: Cache::builder().max_capacity(1).time_to_live(REMEMBERED).build(),
            uris: Mutex::default(),
        })
    }

    pub(crate) fn messages(&self) -> Collection<Document> {
        self.database.collection("chatmessages")
    }

    pub(crate) fn backups(&self) -> Collection<Document> {
        self.database.collection("chatmessagebackups")
    }

    fn troupes(&self) -> Collection<Document> {
        self.database.collection("troupes")
    }

    fn people(&self) -> Collection<Document> {
        self.database.collection("users")
    }

    /// The bridge's own notes of what it removed; Gitter does not know of them.
    pub(crate) fn removals(&self) -> Collection<Document> {
        self.database.collection("bridgework_removals")
    }

    /// Makes the collection of the bridge's notes, which are needed only until the change stream has
    /// passed them. Transactions of older servers make no collections.
    pub(crate) async fn prepare(&self) -> Result<(), PlatformError> {
        let lifetime = IndexOptions::builder().expire_after(NOTED).build();
        let index = IndexModel::builder().keys(doc! { "at": 1 }).options(lifetime).build();
        self.removals().create_index(index).await?;
        Ok(())
    }

    /// A room that is not deleted.
    pub(crate) async fn room(&self, id: ObjectId) -> Result<Option<Room>, PlatformError> {
        if let Some(known) = self.rooms.get(&id).await {
            return Ok(known);
        }
        let found = self.troupes().find_one(doc! { "_id": id }).await?;
        let room = found.as_ref().and_then(Room::read);
        self.remember_room(id, room.as_ref()).await;
        Ok(room)
    }

    /// The uri of a room that was looked up lately.
    pub(crate) fn remembered_uri(&self, id: ObjectId) -> Option<String> {
        self.uris.lock().ok()?.get(&id).cloned()
    }

    async fn remember_room(&self, id: ObjectId, room: Option<&Room>) {
        if let (Some(uri), Ok(mut uris)) =
            (room.and_then(|room| room.uri.clone()), self.uris.lock())
        {
            if uris.len() >= ROOMS {
                uris.clear();
            }
            uris.insert(id, uri);
        }
        self.rooms.insert(id, room.cloned()).await;
    }

    /// The first of these uris, in lower case, that is a room's, or was one's.
    pub(crate) async fn room_by_uri(&self, uris: &[String]) -> Result<Option<Room>, PlatformError> {
        for field in ["lcUri", "renamedLcUris"] {
            let filter = doc! { field: { "$in": uris } };
            let mut found = Vec::new();
            let mut cursor = self.troupes().find(filter).await?;
            while cursor.advance().await? {
                let document = cursor.deserialize_current()?;
                let Some(room) = Room::read(&document) else { continue };
                let place = place_of(uris, &document, field);
                found.push((place, room));
            }
            found.sort_by_key(|(place, _)| *place);
            if found.len() > 1 {
                tracing::info!(?uris, "an alias fits several rooms; the first is taken");
            }
            if let Some((_, room)) = found.into_iter().next() {
                self.remember_room(room.id, Some(&room)).await;
                return Ok(Some(room));
            }
        }
        Ok(None)
    }

    /// A person.
    pub(crate) async fn user(&self, id: ObjectId) -> Result<Option<User>, PlatformError> {
        if let Some(known) = self.users.get(&id).await {
            return Ok(known);
        }
        let found = self.people().find_one(doc! { "_id": id }).await?;
        let user = found.as_ref().and_then(User::read);
        self.users.insert(id, user.clone()).await;
        Ok(user)
    }

    /// A person by their username.
    pub(crate) async fn user_by_name(&self, name: &str) -> Result<Option<User>, PlatformError> {
        let found = self.people().find_one(doc! { "username": name }).await?;
        Ok(found.as_ref().and_then(User::read))
    }

    /// The user that owns what is said on Matrix.
    pub(crate) async fn backing_user(&self, name: &str) -> Result<ObjectId, PlatformError> {
        if let Some(known) = self.backing.get(&()).await {
            return Ok(known);
        }
        let user = self.user_by_name(name).await?;
        let user = user.ok_or_else(|| PlatformError::NoBackingUser(name.to_owned()))?;
        self.backing.insert((), user.id).await;
        Ok(user.id)
    }

    /// A message, as it is now.
    pub(crate) async fn message(&self, id: ObjectId) -> Result<Option<Message>, PlatformError> {
        let found = self.messages().find_one(doc! { "_id": id }).await?;
        Ok(found.as_ref().and_then(Message::read))
    }

    /// When the newest message of a room was sent.
    pub(crate) async fn newest(&self, room: ObjectId) -> Result<Option<DateTime>, PlatformError> {
        let messages = self.messages();
        let newest = messages.find_one(doc! { "toTroupeId": room }).sort(doc! { "sent": -1 });
        Ok(newest.await?.and_then(|newest| newest.get_datetime("sent").copied().ok()))
    }

    /// The newest message of a room that was sent up to then.
    pub(crate) async fn newest_before(
        &self,
        room: ObjectId,
        at: DateTime,
    ) -> Result<Option<ObjectId>, PlatformError> {
        let messages = self.messages();
        let filter = doc! { "toTroupeId": room, "sent": { "$lte": at } };
        let newest = messages.find_one(filter).sort(doc! { "sent": -1 }).await?;
        Ok(newest.and_then(|newest| newest.get_object_id("_id").ok()))
    }

    /// Forgets what is remembered of a room.
    pub(crate) async fn forget_room(&self, id: ObjectId) {
        self.rooms.invalidate(&id).await;
    }

    /// Forgets what is remembered of a person.
    pub(crate) async fn forget_user(&self, id: ObjectId) {
        self.users.invalidate(&id).await;
    }
}

/// Where in `uris` the document's uri stands.
fn place_of(uris: &[String], document: &Document, field: &str) -> usize {
    let is_it = |uri: &String| match document.get(field) {
        Some(mongodb::bson::Bson::Array(former)) => {
            former.iter().any(|former| former.as_str() == Some(uri))
        }
        value => value.and_then(|value| value.as_str()) == Some(uri),
    };
    uris.iter().position(is_it).unwrap_or(usize::MAX)
}
