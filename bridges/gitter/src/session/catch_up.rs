//! Closes the gap that a lost place in the change stream leaves.

use mongodb::bson::{DateTime, Document, doc, oid::ObjectId};

use super::{BATCH, Cursor, Router, SCOPE};
use crate::{document::Message, platform::PlatformError};

/// How far before the newest message that was seen the search begins: a message can be edited for
/// ten minutes, and ids of several writers are not in the order in which they arrive.
const OVERLAP_S: u32 = 1_200;

/// Looks through the messages since shortly before the newest that was seen. What is known already
/// is dropped by its id.
///
/// Found are new messages, edits, and removals of messages of that time. At the very first start
/// there is nothing to look for: what was said before is history.
pub(super) async fn run(router: &Router<'_>, cursor: &mut Cursor) -> Result<(), PlatformError> {
    let Some(newest) = cursor.newest() else {
        let newest = router.platform.messages().find_one(doc! {}).sort(doc! { "_id": -1 }).await?;
        let now = ObjectId::from_parts(seconds(DateTime::now()), [0; 5], [0; 3]);
        let newest = newest.and_then(|newest| newest.get_object_id("_id").ok());
        cursor.saw(newest.unwrap_or(now));
        return Ok(());
    };
    let since =
        ObjectId::from_parts(seconds(newest.timestamp()).saturating_sub(OVERLAP_S), [0; 5], [0; 3]);
    let filter = doc! { "_id": { "$gte": since } };
    let mut found = router.platform.messages().find(filter.clone()).sort(doc! { "_id": 1 }).await?;
    let mut events = Vec::new();
    while found.advance().await? {
        let document: Document = found.deserialize_current()?;
        let Some(message) = Message::read(&document) else { continue };
        cursor.saw(message.id);
        events.extend(router.message(&message).await?);
        events.extend(router.change_of(&message).await?);
        if events.len() >= BATCH {
            router.remote.push(&events, Some((SCOPE, &cursor.to_text()))).await?;
            events.clear();
        }
    }
    let mut removed = router.platform.backups().find(filter).sort(doc! { "_id": 1 }).await?;
    while removed.advance().await? {
        let document: Document = removed.deserialize_current()?;
        if let Some(message) = Message::read(&document) {
            events.extend(router.removal(message.id).await?);
        }
    }
    router.remote.push(&events, Some((SCOPE, &cursor.to_text()))).await?;
    Ok(())
}

fn seconds(at: DateTime) -> u32 {
    u32::try_from(at.timestamp_millis() / 1000).unwrap_or_default()
}
