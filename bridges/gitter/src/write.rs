//! What the bridge writes into the platform's database: the documents that Gitter itself would have
//! written, and no fields of the bridge's own.
//!
//! Each write is a transaction keyed on a message's `_id`: done twice, it counts once.

mod compose;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use mongodb::{
    ClientSession,
    bson::{DateTime, Document, doc, oid::ObjectId},
};

pub(crate) use self::compose::{NewMessage, Speaker, insertion};
use self::compose::{backup, mentions, revision};
use crate::{
    document::Message,
    markdown,
    platform::{Platform, PlatformError, code_of},
};

/// How long a message can be edited on Gitter.
const EDITABLE_MS: i64 = 600_000;

/// What became of a removal or an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// It is done.
    Done,
    /// There is no such message (any more).
    Gone,
    /// The message is too old to be edited.
    TooLate,
    /// The message is somebody else's.
    NotTheirs,
}

/// Writes a message, and the count of its thread; a message that is there is left alone.
pub(crate) async fn insert(platform: &Platform, message: &NewMessage) -> Result<(), PlatformError> {
    let rendered = markdown::render(&message.text);
    let mentions = mentions_of(platform, &rendered).await?;
    let document = insertion(message, &rendered, mentions);
    let mut session = platform.client.start_session().await?;
    session.start_transaction().await?;
    let written = insert_in(platform, &mut session, document, message.parent).await;
    bridge_core::failpoint::hit("gitter.before_commit");
    match conclude(&mut session, written).await {
        // It was written before, and the answer was lost.
        Err(PlatformError::Database(error)) if is_duplicate(&error) => {}
        outcome => outcome?,
    }
    bridge_core::failpoint::hit("gitter.written");
    Ok(())
}

async fn insert_in(
    platform: &Platform,
    session: &mut ClientSession,
    document: Document,
    parent: Option<ObjectId>,
) -> Result<(), PlatformError> {
    platform.messages().insert_one(document).session(&mut *session).await?;
    if let Some(parent) = parent {
        let update = doc! { "$inc": { "_tv": 1, "threadMessageCount": 1 } };
        platform.messages().update_one(doc! { "_id": parent }, update).session(session).await?;
    }
    Ok(())
}

/// Changes the text of a message that was said on Matrix by the same person.
pub(crate) async fn edit(
    platform: &Platform,
    id: ObjectId,
    by: &str,
    text: &str,
    now: DateTime,
) -> Result<Changed, PlatformError> {
    let Some(document) = platform.messages().find_one(doc! { "_id": id }).await? else {
        return Ok(Changed::Gone);
    };
    let Some(message) = Message::read(&document) else { return Ok(Changed::Gone) };
    if message.virtual_user.as_ref().is_none_or(|user| user.external_id != by) {
        return Ok(Changed::NotTheirs);
    }
    if message.text == text {
        return Ok(Changed::Done);
    }
    if now.timestamp_millis() - message.sent.timestamp_millis() > EDITABLE_MS {
        return Ok(Changed::TooLate);
    }
    let rendered = markdown::render(text);
    let mentions = mentions_of(platform, &rendered).await?;
    let update = revision(&document, text, &rendered, mentions, now);
    platform.messages().update_one(doc! { "_id": id }, update).await?;
    Ok(Changed::Done)
}

/// Removes a message as Gitter does: one that has replies is blanked, any other goes to the
/// backups.
///
/// The bridge's own note of it keeps the change stream from removing it on Matrix once more.
pub(crate) async fn remove(
    platform: &Platform,
    id: ObjectId,
    now: DateTime,
) -> Result<Changed, PlatformError> {
    let Some(document) = platform.messages().find_one(doc! { "_id": id }).await? else {
        return Ok(Changed::Gone);
    };
    let Some(message) = Message::read(&document) else { return Ok(Changed::Gone) };
    if message.replies > 0 && message.text.is_empty() {
        return Ok(Changed::Gone);
    }
    let mut session = platform.client.start_session().await?;
    session.start_transaction().await?;
    let removed = remove_in(platform, &mut session, &message, document, now).await;
    conclude(&mut session, removed).await?;
    Ok(Changed::Done)
}

async fn remove_in(
    platform: &Platform,
    session: &mut ClientSession,
    message: &Message,
    document: Document,
    now: DateTime,
) -> Result<(), PlatformError> {
    let itself = doc! { "_id": message.id };
    let note = doc! { "$set": { "at": now } };
    platform
        .removals()
        .update_one(itself.clone(), note)
        .upsert(true)
        .session(&mut *session)
        .await?;
    if message.replies > 0 {
        let blank = doc! { "$inc": { "_tv": 1 }, "$set": { "html": "", "text": "" } };
        platform.messages().update_one(itself, blank).session(session).await?;
        return Ok(());
    }
    platform
        .backups()
        .update_one(itself.clone(), backup(document))
        .upsert(true)
        .session(&mut *session)
        .await?;
    platform.messages().delete_one(itself).session(&mut *session).await?;
    if let Some(parent) = message.parent {
        let counted = doc! { "_id": parent, "threadMessageCount": { "$gt": 0 } };
        let update = doc! { "$inc": { "_tv": 1, "threadMessageCount": -1 } };
        platform.messages().update_one(counted, update).session(session).await?;
    }
    Ok(())
}

/// Commits what was written, or takes it back.
async fn conclude(
    session: &mut ClientSession,
    written: Result<(), PlatformError>,
) -> Result<(), PlatformError> {
    if let Err(error) = written {
        // The server takes it back by itself if this does not reach it.
        drop(session.abort_transaction().await);
        return Err(error);
    }
    session.commit_transaction().await?;
    Ok(())
}

/// The mentions of a text, with the people whom the platform knows by these names.
async fn mentions_of(
    platform: &Platform,
    rendered: &markdown::Rendered,
) -> Result<Vec<Document>, PlatformError> {
    let mut known = HashMap::new();
    for mention in rendered.mentions.iter().filter(|mention| !mention.is_group) {
        if let Some(user) = platform.user_by_name(&mention.screen_name).await? {
            known.insert(mention.screen_name.clone(), user.id);
        }
    }
    Ok(mentions(rendered, &known))
}

fn is_duplicate(error: &mongodb::error::Error) -> bool {
    const DUPLICATE_KEY: i32 = 11_000;
    let of_write = match &*error.kind {
        mongodb::error::ErrorKind::Write(mongodb::error::WriteFailure::WriteError(error)) => {
            Some(error.code)
        }
        _ => None,
    };
    of_write.or_else(|| code_of(error)) == Some(DUPLICATE_KEY)
}
