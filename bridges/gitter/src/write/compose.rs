//! The documents and updates themselves, field for field as Gitter's own. Pure.

use std::collections::HashMap;

use mongodb::bson::{Bson, DateTime, Document, doc, oid::ObjectId};

use crate::{
    document::VirtualUser,
    markdown::{NamedMention, Rendered},
};

/// The major version of Gitter's Markdown processor, whose HTML ours equals.
const PROCESSOR: i32 = 21;

/// A message to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewMessage {
    pub(crate) id: ObjectId,
    pub(crate) sent: DateTime,
    pub(crate) room: ObjectId,
    /// Whether anybody may read the room.
    pub(crate) is_public: bool,
    /// The first message of the thread.
    pub(crate) parent: Option<ObjectId>,
    pub(crate) text: String,
    /// `/me`
    pub(crate) status: bool,
    pub(crate) language: String,
    pub(crate) speaker: Speaker,
}

/// Who says it: somebody on Matrix, through a user of the platform.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Speaker {
    /// The user that owns the message.
    pub(crate) backing: ObjectId,
    /// The Matrix id without its `@`; nobody if the bridge itself speaks.
    pub(crate) external_id: Option<String>,
    pub(crate) name: String,
    pub(crate) avatar: Option<String>,
}

/// The document of a new message.
pub(crate) fn insertion(
    message: &NewMessage,
    rendered: &Rendered,
    mentions: Vec<Document>,
) -> Document {
    let mut document = doc! { "fromUserId": message.speaker.backing, "toTroupeId": message.room };
    if let Some(parent) = message.parent {
        // Absent on others, never null: Gitter looks for messages without the field.
        document.insert("parentId", parent);
    }
    document.insert("text", message.text.as_str());
    if message.status {
        document.insert("status", true);
    }
    if message.is_public {
        document.insert("pub", true);
    }
    document.insert("html", rendered.html.as_str());
    document.insert("lang", message.language.as_str());
    document.insert("_md", PROCESSOR);
    if let Some(external_id) = &message.speaker.external_id {
        let mut user = doc! {
            "type": VirtualUser::MATRIX,
            "externalId": external_id.as_str(),
            "displayName": message.speaker.name.as_str(),
        };
        if let Some(avatar) = &message.speaker.avatar {
            user.insert("avatarUrl", avatar.as_str());
        }
        user.insert("_id", ObjectId::new());
        document.insert("virtualUser", user);
    }
    document.extend(doc! {
        "_id": message.id,
        "_tv": 1,
        "readBy": Bson::Array(Vec::new()),
        "editedAt": Bson::Null,
        "sent": message.sent,
        "issues": issues(rendered),
        "mentions": mentions,
        "urls": urls(rendered),
        "__v": 0,
    });
    document
}

/// The update that gives a message a new text. Lists that stay as they are are not written.
///
/// `__v` is left alone: Gitter's own saves go by it.
pub(crate) fn revision(
    before: &Document,
    text: &str,
    rendered: &Rendered,
    mentions: Vec<Document>,
    now: DateTime,
) -> Document {
    let mut set = doc! { "editedAt": now, "html": rendered.html.as_str() };
    let issues = Bson::from(issues(rendered));
    if before.get("issues") != Some(&issues) {
        set.insert("issues", issues);
    }
    if names(before.get("mentions")) != names(Some(&Bson::from(mentions.clone()))) {
        set.insert("mentions", mentions);
    }
    set.insert("text", text);
    let urls = Bson::from(urls(rendered));
    if before.get("urls") != Some(&urls) {
        set.insert("urls", urls);
    }
    doc! { "$inc": { "_tv": 1 }, "$set": set }
}

/// The update that keeps a message before it is removed.
pub(crate) fn backup(mut message: Document) -> Document {
    message.remove("__v");
    doc! { "$setOnInsert": { "__v": 0 }, "$set": message }
}

/// The mentions of a text; `known` are the people whom the platform has by these names.
///
/// A group is addressed only by admins of the room, and people on Matrix are none.
pub(crate) fn mentions(rendered: &Rendered, known: &HashMap<String, ObjectId>) -> Vec<Document> {
    let named = rendered.mentions.iter().filter(|mention| !mention.is_group);
    let document = |mention: &NamedMention| {
        let mut document = doc! { "screenName": mention.screen_name.as_str() };
        if let Some(user) = known.get(&mention.screen_name) {
            document.insert("userId", *user);
        }
        document.insert("_id", ObjectId::new());
        document.insert("userIds", Bson::Array(Vec::new()));
        document
    };
    named.map(document).collect()
}

fn urls(rendered: &Rendered) -> Vec<Document> {
    rendered.urls.iter().map(|url| doc! { "url": url.as_str() }).collect()
}

fn issues(rendered: &Rendered) -> Vec<Document> {
    let issue = |issue: &crate::markdown::Issue| {
        let mut document = doc! { "number": issue.number.as_str() };
        if let Some(repo) = &issue.repo {
            document.insert("repo", repo.as_str());
        }
        document
    };
    rendered.issues.iter().map(issue).collect()
}

/// Who is mentioned, without the ids that every list of mentions has of its own.
fn names(mentions: Option<&Bson>) -> Vec<(String, Option<ObjectId>)> {
    let Some(Bson::Array(mentions)) = mentions else { return Vec::new() };
    let name = |mention: &Bson| {
        let mention = mention.as_document()?;
        let user = mention.get_object_id("userId").ok();
        Some((mention.get_str("screenName").ok()?.to_owned(), user))
    };
    mentions.iter().filter_map(name).collect()
}
