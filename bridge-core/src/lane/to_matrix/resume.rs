//! Finds out what a former process sent without hearing the answer.
//!
//! Homeservers remember a transaction id for minutes at best, and not over a restart. The marker
//! in the content of an event stays.

use std::collections::HashMap;

use ruma::{EventId, OwnedEventId, api::Direction as Dir};
use serde::Deserialize;

use crate::{
    core::Core,
    homeserver::As,
    id::{LaneId, Seq},
    inbox::Head,
    marker::MARKER_KEY,
    patience::Patience,
    portal::from_network::{self, Task},
    store::{Mapping, PortalBy},
};

/// How many events are read back at most: more than can be under way in one room at a time.
const PAGES: usize = 10;
const PAGE: u32 = 100;

#[derive(Deserialize)]
struct Marked {
    #[serde(rename = "io.bridgework.marker")]
    marker: String,
}

/// Looks for events of these rows in the portal's room.
///
/// Reading stops at the first event of ours that was settled before, since rows are sent in order.
pub(super) async fn find_sent(core: &Core, lane: LaneId, rows: &[Seq]) -> Vec<(Seq, Vec<Mapping>)> {
    debug_assert_eq!(MARKER_KEY, "io.bridgework.marker");
    let Ok(Some(portal)) = core.portals.find(&PortalBy::Lane(lane)).await else {
        return Vec::new();
    };
    let Some(room) = portal.room_id.clone() else { return Vec::new() };
    let mut wanted: HashMap<String, Seq> =
        rows.iter().map(|seq| (core.markers.marker(*seq, ""), *seq)).collect();
    let mut found = Vec::new();
    let reader = core.intents.reader(&portal).await;
    let mut from: Option<String> = None;
    let mut patience = Patience::default();
    for _ in 0..PAGES {
        let page = loop {
            let as_reader = As::User(&reader);
            let start = from.as_deref();
            match core.homeserver.messages(&room, as_reader, start, Dir::Backward, PAGE, None).await
            {
                Ok(page) => break page,
                Err(error) if error.is_retryable() => patience.wait(core, &error).await,
                Err(error) => {
                    tracing::warn!(%error, %room, "what was sent before cannot be read back");
                    return found;
                }
            }
        };
        for raw in &page.chunk {
            let Ok(head) = Head::parse(raw.json()) else { continue };
            if !core.names.is_ours(&head.sender) {
                continue;
            }
            let Ok(marked) = serde_json::from_str::<Marked>(head.content.get()) else { continue };
            if let Some(seq) = wanted.remove(&marked.marker) {
                let mappings = mappings(core, lane, seq, &head.event_id, &head.sender).await;
                if let Some(mappings) = mappings {
                    found.push((seq, mappings));
                }
            } else if settled(core, &head.event_id).await {
                return found;
            }
        }
        from = page.end;
        if from.is_none() || wanted.is_empty() {
            break;
        }
    }
    found
}

async fn settled(core: &Core, event_id: &OwnedEventId) -> bool {
    core.store.mappings_of_event(event_id).await.is_ok_and(|known| !known.is_empty())
}

async fn mappings(
    core: &Core,
    lane: LaneId,
    seq: Seq,
    event_id: &EventId,
    sender: &ruma::UserId,
) -> Option<Vec<Mapping>> {
    let row = core.store.row(seq).await.ok()??;
    let task = Task::from_body(&row.body).ok()?;
    Some(from_network::mappings_of(&task, lane, seq, event_id, sender))
}
