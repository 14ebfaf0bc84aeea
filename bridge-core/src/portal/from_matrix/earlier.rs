//! Earlier messages that an event refers to. They stand on the homeserver, whatever was restarted
//! since.

use ruma::{EventId, OwnedUserId, events::relation::RelationType};

use super::{Heard, mentions};
use crate::{
    content::{Doc, matrix},
    homeserver::As,
    id::{Direction, RemoteId},
    inbox::Head,
    network::Network,
    portal::from_network::PerformError,
    store::{RowState, StoreError},
};

/// An earlier message, as far as it can be read.
pub(super) struct Earlier {
    /// Its author, as the network knows them.
    pub(super) author: String,
    /// What it says.
    pub(super) doc: Option<Doc>,
}

/// Reads a message.
pub(super) async fn read<N: Network>(
    heard: Heard<'_, N>,
    event_id: &EventId,
) -> Result<Option<Earlier>, PerformError> {
    let Some(json) = fetch(heard, event_id).await? else { return Ok(None) };
    let Ok(earlier) = Head::parse_str(&json) else { return Ok(None) };
    let author = mentions::name(heard, &earlier.sender).await?;
    let doc = match matrix::read(&earlier.kind, earlier.content.get()) {
        Ok(said) => {
            let mut doc = said.doc;
            if let (true, Some(media)) = (doc.is_empty(), said.media) {
                doc = Doc::text(&media.name);
            }
            mentions::resolve(heard, &mut doc).await?;
            Some(doc)
        }
        Err(_) => None,
    };
    Ok(Some(Earlier { author, doc }))
}

/// What the message said before this edit: the edit before it, or the message itself.
pub(super) async fn text_before<N: Network>(
    heard: Heard<'_, N>,
    event_id: &EventId,
) -> Result<Option<Doc>, PerformError> {
    let reader = heard.core.intents.reader(heard.portal).await;
    let edits = heard
        .core
        .homeserver
        .relating(&heard.head.room_id, As::User(&reader), event_id, RelationType::Replacement)
        .await;
    let edits = match edits {
        Ok(edits) => edits,
        Err(error) if error.is_retryable() => return Err(error.into()),
        Err(_) => Vec::new(),
    };
    let mut heads = edits.iter().filter_map(|edit| Head::parse(edit.json()).ok());
    // The newest comes first.
    let before = heads
        .by_ref()
        .skip_while(|head| head.event_id != heard.head.event_id)
        .skip(1)
        .find(|head| head.sender == heard.head.sender);
    if let Some(edit) = before
        && let Ok(said) = matrix::read(&edit.kind, edit.content.get())
    {
        return Ok(Some(said.doc));
    }
    Ok(read(heard, event_id).await?.and_then(|earlier| earlier.doc))
}

/// The author of an event, which may be redacted, and their name on the network.
pub(super) async fn author<N: Network>(
    heard: Heard<'_, N>,
    event_id: &EventId,
) -> Result<Option<(OwnedUserId, String)>, PerformError> {
    let Some(json) = fetch(heard, event_id).await? else { return Ok(None) };
    let Ok(earlier) = Head::parse_str(&json) else { return Ok(None) };
    let name = mentions::name(heard, &earlier.sender).await?;
    Ok(Some((earlier.sender, name)))
}

/// Whether a message stands on both sides.
pub(super) async fn was_carried<N>(
    heard: Heard<'_, N>,
    event_id: &EventId,
    ids: &[RemoteId],
) -> Result<bool, StoreError> {
    let store = &heard.core.store;
    if !ids.is_empty() || !store.mappings_of_event(event_id).await?.is_empty() {
        return Ok(true);
    }
    let row = store.row_by_key(Direction::ToNetwork, event_id.as_str()).await?;
    Ok(row.is_some_and(|row| row.state == RowState::Done))
}

async fn fetch<N>(heard: Heard<'_, N>, event_id: &EventId) -> Result<Option<String>, PerformError> {
    let reader = heard.core.intents.reader(heard.portal).await;
    let room = &heard.head.room_id;
    match heard.core.homeserver.event(room, As::User(&reader), event_id).await {
        Ok(event) => Ok(event.map(|event| event.json().get().to_owned())),
        Err(error) if error.is_retryable() => Err(error.into()),
        Err(_) => Ok(None),
    }
}
