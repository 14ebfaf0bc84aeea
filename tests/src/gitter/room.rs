//! Rooms.

use std::{fmt, time::Duration};

use anyhow::Result;
use mongodb::bson::{Document, doc, oid::ObjectId};

use super::Gitter;
use crate::wait;

/// A room of the platform.
#[derive(Clone, Debug)]
pub struct GitterRoom {
    gitter: Gitter,
    /// Its `_id`.
    pub id: ObjectId,
    /// Its uri, as `acme/rockets`.
    pub uri: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Public,
    Private,
}

pub(super) async fn make(gitter: &Gitter, uri: &str, access: Access) -> Result<GitterRoom> {
    let (id, group) = (ObjectId::new(), ObjectId::new());
    let is_public = access == Access::Public;
    let owner = uri.split('/').next().unwrap_or_default().to_lowercase();
    let room = doc! {
        "tags": [], "oneToOneUsers": [], "providers": [], "renamedLcUris": [], "bans": [],
        "topic": "", "status": "ACTIVE", "oneToOne": false, "githubId": null, "noindex": false,
        "userCount": 1, "_tv": 1, "__v": 0, "_id": id, "uri": uri, "lcUri": uri.to_lowercase(),
        "lcOwner": owner, "groupId": group,
        "sd": {
            "_id": ObjectId::new(), "type": "GROUP",
            "members": if is_public { "PUBLIC" } else { "INVITE" }, "admins": "GROUP_ADMIN",
            "public": is_public, "internalId": group, "extraMembers": [], "extraAdmins": [],
        },
    };
    gitter.collection("troupes").insert_one(room).await?;
    Ok(GitterRoom { gitter: gitter.clone(), id, uri: uri.to_owned() })
}

impl GitterRoom {
    /// The messages, in the order in which the application shows them.
    pub async fn messages(&self) -> Result<Vec<Document>> {
        let messages = self.gitter.collection("chatmessages");
        let mut found = messages
            .find(doc! { "toTroupeId": self.id })
            .sort(doc! { "sent": 1, "_id": 1 })
            .await?;
        let mut all = Vec::new();
        while found.advance().await? {
            all.push(found.deserialize_current()?);
        }
        Ok(all)
    }

    /// What Matrix users have said: external ids and texts, in order.
    pub async fn said_on_matrix(&self) -> Result<Vec<(String, String)>> {
        let said = |message: &Document| {
            let user = message.get_document("virtualUser").ok()?;
            Some((user.get_str("externalId").ok()?.to_owned(), text(message)))
        };
        Ok(self.messages().await?.iter().filter_map(said).collect())
    }

    /// Waits for a message that fits.
    pub async fn wait_for(
        &self,
        what: impl fmt::Display,
        fits: impl Fn(&Document) -> bool,
    ) -> Result<Document> {
        self.wait_for_within(what, wait::PATIENCE, fits).await
    }

    /// [`GitterRoom::wait_for`] with a deadline of one's own.
    pub async fn wait_for_within(
        &self,
        what: impl fmt::Display,
        deadline: Duration,
        fits: impl Fn(&Document) -> bool,
    ) -> Result<Document> {
        let what = format!("{what} (in {})", self.uri);
        wait::until(what, deadline, async || {
            Ok(self.messages().await?.into_iter().find(|message| fits(message)))
        })
        .await
    }

    /// Waits for a message with this text.
    pub async fn wait_for_text(&self, words: &str) -> Result<Document> {
        self.wait_for(words, |message| text(message) == words).await
    }

    /// Gives it another uri, as the application does for its owner.
    pub async fn rename(&mut self, uri: &str) -> Result<()> {
        let former = self.uri.to_lowercase();
        let update = doc! {
            "$inc": { "_tv": 1 },
            "$set": { "uri": uri, "lcUri": uri.to_lowercase() },
            "$push": { "renamedLcUris": former },
        };
        self.gitter.collection("troupes").update_one(doc! { "_id": self.id }, update).await?;
        uri.clone_into(&mut self.uri);
        Ok(())
    }

    /// Changes the topic.
    pub async fn set_topic(&self, topic: &str) -> Result<()> {
        let update = doc! { "$inc": { "_tv": 1 }, "$set": { "topic": topic } };
        self.gitter.collection("troupes").update_one(doc! { "_id": self.id }, update).await?;
        Ok(())
    }

    /// Bans somebody on Matrix. (The application sends `$pushAll`, which this server has not.)
    pub async fn ban(&self, external_id: &str, by: ObjectId) -> Result<()> {
        let ban = doc! {
            "_id": ObjectId::new(), "bannedBy": by, "dateBanned": super::now(),
            "virtualUser": { "type": "matrix", "externalId": external_id, "_id": ObjectId::new() },
        };
        let update = doc! { "$inc": { "_tv": 1 }, "$push": { "bans": ban } };
        self.gitter.collection("troupes").update_one(doc! { "_id": self.id }, update).await?;
        Ok(())
    }
}

fn text(message: &Document) -> String {
    message.get_str("text").unwrap_or_default().to_owned()
}
