//! The sync loop.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Event, api::Api};
use crate::Inbox;

/// Longer than any burst of a test, so that no timeline has a gap.
const TIMELINE: u32 = 10_000;

/// Pause between requests, so that a burst comes in a few batches: on two cores, a sync for each
/// event would halve what the homeserver can take. A homeserver that restarts is asked as often.
const PAUSE: Duration = Duration::from_millis(50);

/// Syncs until it is dropped. Failures are not reported: whoever awaits an event sees that it does
/// not come.
pub(super) async fn run(api: Api, events: Arc<Inbox<Event>>) {
    let mut since = String::new();
    loop {
        if let Ok((next, batch)) = once(&api, &since).await {
            for event in batch {
                events.push(event);
            }
            since = next;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn once(api: &Api, since: &str) -> Result<(String, Vec<Event>)> {
    let filter = json!({"room": {"timeline": {"limit": TIMELINE}}}).to_string();
    let mut call = api.request(Method::GET, &["sync"])?.query("filter", &filter);
    if !since.is_empty() {
        call = call.query("since", since).query("timeout", "20000");
    }
    let mut answer = call.send().await?;
    let next = answer["next_batch"].as_str().context("a sync has a next batch")?.to_owned();
    let mut batch = Vec::new();
    let lists: [(&str, &[&str]); 3] = [
        ("join", &["timeline", "ephemeral"]),
        ("leave", &["timeline"]),
        ("invite", &["invite_state"]),
    ];
    for (kind, lists) in lists {
        for (room, mut data) in object(answer["rooms"][kind].take()) {
            for list in lists {
                let Value::Array(events) = data[*list]["events"].take() else { continue };
                let of_room = |json| Event { room: room.clone(), json };
                batch.extend(events.into_iter().map(of_room));
            }
        }
    }
    Ok((next, batch))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
