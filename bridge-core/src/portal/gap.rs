//! Events that the homeserver should have sent and did not: it forgets what it had queued for an
//! appservice when it is restarted.
//!
//! Before the first event of a room is delivered after a start or an outage, the room is read
//! forward from the last event that was seen before. Rooms in which nothing is said get a visit
//! too, see [`sweep`](super::sweep).

use std::{sync::Arc, time::Duration};

use ruma::api::Direction as Dir;
use serde_json::value::RawValue;

use crate::{
    core::Core,
    homeserver::{As, HomeserverError, Link},
    id::{Direction, LaneId, Seq, Timestamp},
    inbox::{Head, Inbox, Missed},
    portal::from_network::PerformError,
    store::{Portal, PortalBy, RowState, StoreError},
};

/// How many events are read at most; older ones would be past their `max_age` anyway.
const PAGES: usize = 50;
const PAGE: u32 = 100;

/// How long a homeserver that is down is waited for before the events at hand go on without those
/// that were missed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a room is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// An event of it is about to be delivered.
    Event,
    /// A sweep of the quiet rooms.
    Sweep,
}

/// Fetches what was missed in a portal's room and puts it in front of what came after it.
///
/// Answers the rows that have got new places. A gap that cannot be read is logged and left open:
/// the events at hand must not wait for it.
pub(crate) async fn close(core: &Arc<Core>, lane: LaneId, occasion: Occasion) -> Vec<Seq> {
    let mut link = core.homeserver.link();
    // The sender lives as long as the homeserver's client.
    drop(tokio::time::timeout(PATIENCE, link.wait_for(Link::is_up)).await);
    match attempt(core, lane, occasion).await {
        Ok(moved) => moved,
        Err(error) => {
            tracing::warn!(%error, lane = lane.0, "what a room said meanwhile cannot be read");
            Vec::new()
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum GapError {
    #[error(transparent)]
    Homeserver(#[from] HomeserverError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes what was said in a portal's room from a time on, while the bot was not in it yet.
pub(crate) async fn since(
    core: &Arc<Core>,
    portal: &Portal,
    start: Timestamp,
) -> Result<(), PerformError> {
    let Some(room) = &portal.room_id else { return Ok(()) };
    let mut from: Option<String> = None;
    let mut missed = Vec::new();
    'pages: for _ in 0..PAGES {
        let page = core
            .homeserver
            .messages(room, As::Bot, from.as_deref(), Dir::Backward, PAGE, None)
            .await?;
        for raw in page.chunk.into_iter().map(ruma::serde::Raw::into_json) {
            let Ok(head) = Head::parse(&raw) else { continue };
            if head.origin_server_ts < start {
                break 'pages;
            }
            // State of before is no news.
            if head.state_key.is_none() && !core.names.is_ours(&head.sender) {
                missed.push(Missed::Unseen(raw));
            }
        }
        match page.end {
            Some(end) => from = Some(end),
            None => break,
        }
    }
    missed.reverse();
    Inbox::take_missed(core, portal, &missed).await?;
    Ok(())
}

async fn attempt(core: &Arc<Core>, lane: LaneId, occasion: Occasion) -> Result<Vec<Seq>, GapError> {
    let Some(portal) = core.store.portal(PortalBy::Lane(lane)).await? else {
        return Ok(Vec::new());
    };
    let Some(room) = &portal.room_id else { return Ok(Vec::new()) };
    let reader = core.intents.reader(&portal).await;
    let as_reader = As::User(&reader);
    let seen = portal.gap_from.as_ref().or(match occasion {
        Occasion::Event => None,
        Occasion::Sweep => portal.last_event.as_ref(),
    });
    let mut from = match seen {
        Some(seen) => match core.homeserver.context(room, as_reader, seen, 0).await {
            Ok(context) => context.and_then(|context| context.end),
            Err(error) if error.is_retryable() => return Err(error.into()),
            Err(_) => None, // the event is gone, or of the room before an upgrade
        },
        None => return Ok(Vec::new()),
    };
    let mut events: Vec<Box<RawValue>> = Vec::new();
    for _ in 0..PAGES {
        let Some(token) = from else { break };
        let page = core
            .homeserver
            .messages(room, as_reader, Some(&token), Dir::Forward, PAGE, None)
            .await?;
        from = if page.chunk.is_empty() { None } else { page.end };
        events.extend(page.chunk.into_iter().map(ruma::serde::Raw::into_json));
    }
    let mut missed = Vec::new();
    let mut moved = Vec::new();
    for raw in events {
        let Ok(head) = Head::parse(&raw) else { continue };
        if core.names.is_ours(&head.sender) {
            continue;
        }
        match core.store.row_by_key(Direction::ToNetwork, head.event_id.as_str()).await? {
            Some(row) if missed.is_empty() || row.state != RowState::New => {}
            Some(row) => {
                moved.push(row.seq);
                missed.push(Missed::Known(row.seq));
            }
            None => missed.push(Missed::Unseen(raw)),
        }
    }
    let unseen = missed.iter().filter(|item| matches!(item, Missed::Unseen(_))).count();
    if unseen > 0 {
        tracing::info!(lane = lane.0, unseen, "fetched what the homeserver had not sent");
        metrics::counter!("bridge_gap_events_total").increment(unseen as u64);
    }
    Inbox::take_missed(core, &portal, &missed).await?;
    Ok(moved)
}
