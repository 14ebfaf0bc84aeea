//! Users, and what the application writes when they do something.

use anyhow::{Context, Result};
use mongodb::bson::{Bson, Document, doc, oid::ObjectId};

use super::{Gitter, GitterRoom, now};

/// A user of the platform.
#[derive(Clone, Debug)]
pub struct GitterUser {
    pub(super) gitter: Gitter,
    /// Their `_id`.
    pub id: ObjectId,
    /// Their name of the day.
    pub username: String,
}

impl GitterUser {
    /// Says something plain.
    pub async fn say(&self, room: &GitterRoom, text: &str) -> Result<ObjectId> {
        self.post(room, text, &escaped(text), Document::new()).await
    }

    /// Says something of which the application made this HTML; `extra` are more fields.
    pub async fn post(
        &self,
        room: &GitterRoom,
        text: &str,
        html: &str,
        extra: Document,
    ) -> Result<ObjectId> {
        let id = ObjectId::new();
        let mut message = doc! {
            "fromUserId": self.id, "toTroupeId": room.id, "text": text, "pub": true,
            "html": html, "lang": "en", "_md": 21, "_id": id, "_tv": 1,
            "readBy": Bson::Array(Vec::new()), "editedAt": null, "sent": now(),
            "issues": Bson::Array(Vec::new()), "mentions": Bson::Array(Vec::new()),
            "urls": Bson::Array(Vec::new()), "__v": 0,
        };
        message.extend(extra);
        self.gitter.collection("chatmessages").insert_one(message).await?;
        Ok(id)
    }

    /// Answers in the thread of a message: its count goes up first.
    pub async fn reply(&self, room: &GitterRoom, to: ObjectId, text: &str) -> Result<ObjectId> {
        let parent = self.gitter.message(to).await?.context("nothing to reply to")?;
        let count = parent.get_i32("threadMessageCount").unwrap_or_default() + 1;
        let update = doc! { "$inc": { "_tv": 1 }, "$set": { "threadMessageCount": count } };
        self.messages().update_one(doc! { "_id": to }, update).await?;
        self.post(room, text, &escaped(text), doc! { "parentId": to }).await
    }

    /// `/me waves`
    pub async fn emote(&self, room: &GitterRoom, text: &str) -> Result<ObjectId> {
        let mention = self.mention_html();
        let (text, html) =
            (format!("@{} {text}", self.username), format!("{mention} {}", escaped(text)));
        self.post(room, &text, &html, doc! { "status": true }).await
    }

    /// Says something to a user, whose name comes first.
    pub async fn address(
        &self,
        room: &GitterRoom,
        whom: &GitterUser,
        text: &str,
    ) -> Result<ObjectId> {
        let html = format!("{} {}", whom.mention_html(), escaped(text));
        let mention = doc! {
            "screenName": whom.username.as_str(), "userId": whom.id, "_id": ObjectId::new(),
            "userIds": Bson::Array(Vec::new()),
        };
        let text = format!("@{} {text}", whom.username);
        self.post(room, &text, &html, doc! { "mentions": [mention] }).await
    }

    /// Changes a message.
    pub async fn edit(&self, message: ObjectId, text: &str) -> Result<()> {
        let update = doc! {
            "$inc": { "_tv": 1 },
            "$set": { "editedAt": now(), "html": escaped(text), "text": text },
        };
        self.messages().update_one(doc! { "_id": message }, update).await?;
        Ok(())
    }

    /// Removes a message: one with replies is blanked, any other goes to the backups.
    pub async fn remove(&self, message: ObjectId) -> Result<()> {
        let mut document = self.gitter.message(message).await?.context("nothing to remove")?;
        let itself = doc! { "_id": message };
        if document.get_i32("threadMessageCount").unwrap_or_default() > 0 {
            let blank = doc! { "$inc": { "_tv": 1 }, "$set": { "html": "", "text": "" } };
            self.messages().update_one(itself, blank).await?;
            return Ok(());
        }
        document.remove("__v");
        let backup = doc! { "$setOnInsert": { "__v": 0 }, "$set": document };
        let backups = self.gitter.collection("chatmessagebackups");
        backups.update_one(itself.clone(), backup).upsert(true).await?;
        self.messages().delete_one(itself).await?;
        Ok(())
    }

    /// Comes into a room.
    pub async fn join(&self, room: &GitterRoom) -> Result<()> {
        let membership = doc! { "userId": self.id, "troupeId": room.id };
        let insert = doc! { "$setOnInsert": {
            "flags": 125, "userId": self.id, "troupeId": room.id, "__v": 0,
        } };
        let members = self.gitter.collection("troupeusers");
        members.update_one(membership, insert).upsert(true).await?;
        Ok(())
    }

    /// Leaves a room.
    pub async fn leave(&self, room: &GitterRoom) -> Result<()> {
        let membership = doc! { "userId": self.id, "troupeId": room.id };
        self.gitter.collection("troupeusers").delete_one(membership.clone()).await?;
        let removed = doc! {
            "$set": { "date": now() }, "$setOnInsert": { "__v": 0 },
        };
        let former = self.gitter.collection("trouperemovedusers");
        former.update_one(membership, removed).upsert(true).await?;
        Ok(())
    }

    /// Looks at a room: what was said so far is read.
    pub async fn look(&self, room: &GitterRoom) -> Result<()> {
        let (troupes, last) = (format!("troupes.{}", room.id), format!("last.{}", room.id));
        let update = doc! { "$max": { troupes: now(), last: now() }, "$setOnInsert": { "__v": 0 } };
        let accesses = self.gitter.collection("usertroupelastaccesses");
        accesses.update_one(doc! { "userId": self.id }, update).upsert(true).await?;
        Ok(())
    }

    /// Takes another name.
    pub async fn rename(&mut self, username: &str) -> Result<()> {
        let update = doc! { "$inc": { "_tv": 1 }, "$set": { "username": username } };
        self.gitter.collection("users").update_one(doc! { "_id": self.id }, update).await?;
        username.clone_into(&mut self.username);
        Ok(())
    }

    fn mention_html(&self) -> String {
        let name = &self.username;
        format!(
            "<span data-link-type=\"mention\" data-screen-name=\"{name}\" class=\"mention\">@{name}</span>"
        )
    }

    fn messages(&self) -> mongodb::Collection<Document> {
        self.gitter.collection("chatmessages")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>")
}
