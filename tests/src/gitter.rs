//! Gitter's side: its database, written and read as its own web application does.
//!
//! The application itself cannot run any more. What it writes for each deed of a user is known field
//! for field, and written here in the same order with the driver alone: nothing of the bridge's code
//! is used.

mod room;
mod stack;
mod user;

use anyhow::Result;
use mongodb::{
    Client, Collection, Database,
    bson::{DateTime, Document, doc, oid::ObjectId},
};

pub use self::{
    room::GitterRoom,
    stack::{GitterStack, GitterStackBuilder},
    user::GitterUser,
};
use crate::rig::Mongod;

/// The user that owns what is said on Matrix.
pub const BACKING_USER: &str = "matrixbot";

/// The name of the database.
pub const DATABASE: &str = "gitter";

/// The platform.
#[derive(Clone, Debug)]
pub struct Gitter {
    client: Client,
    database: Database,
}

impl Gitter {
    /// A platform without rooms and with one user, the bridge's.
    pub async fn new(mongod: &Mongod) -> Result<Self> {
        let client = mongod.client().await?;
        let gitter = Self { database: client.database(DATABASE), client };
        // Transactions of old servers make no collections, and the application has them all.
        for name in ["chatmessages", "chatmessagebackups", "troupes", "users", "groups"] {
            gitter.database.create_collection(name).await?;
        }
        gitter.user(BACKING_USER, "Matrix bot").await?;
        Ok(gitter)
    }

    /// A new user.
    pub async fn user(&self, username: &str, display_name: &str) -> Result<GitterUser> {
        let id = ObjectId::new();
        let user = doc! {
            "_id": id, "username": username, "displayName": display_name, "_tv": 1, "__v": 0,
            "emails": [], "identities": [],
        };
        self.collection("users").insert_one(user).await?;
        Ok(GitterUser { gitter: self.clone(), id, username: username.to_owned() })
    }

    /// A new public room.
    pub async fn room(&self, uri: &str) -> Result<GitterRoom> {
        room::make(self, uri, room::Access::Public).await
    }

    /// A new room that only its members may read.
    pub async fn private_room(&self, uri: &str) -> Result<GitterRoom> {
        room::make(self, uri, room::Access::Private).await
    }

    /// A collection of the platform.
    pub fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }

    /// The driver's client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Makes the log of changes another one, as when the data are restored into a new set.
    pub async fn forget_changes(&self, mongod: &mut Mongod) -> Result<()> {
        mongod.begin_anew().await
    }

    /// A message as it stands.
    pub async fn message(&self, id: ObjectId) -> Result<Option<Document>> {
        Ok(self.collection("chatmessages").find_one(doc! { "_id": id }).await?)
    }
}

/// The present time, as the application takes it.
fn now() -> DateTime {
    DateTime::now()
}
