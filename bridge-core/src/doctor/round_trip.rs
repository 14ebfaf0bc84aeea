//! L6 and L9: an event goes round, and its time is compared with ours.

use std::time::Duration;

use ruma::{OwnedEventId, OwnedRoomId};
use serde::Deserialize;
use serde_json::json;

use super::{Diagnosis, Patient};
use crate::{
    clock::Clock,
    homeserver::{As, HomeserverError},
};

/// How far the clocks may be apart: what is said would stand in the wrong place in clients.
const SKEW_MS: u64 = 30_000;

/// How long an event may take to come round.
const ROUND: Duration = Duration::from_secs(10);

/// An event of a room that exists for the check alone.
struct Sent {
    room: OwnedRoomId,
    event: OwnedEventId,
    /// Our time around the send.
    before: u64,
    after: u64,
    /// The homeserver's time of the event.
    at: u64,
}

pub(super) async fn examine(patient: &Patient<'_>) -> Vec<Diagnosis> {
    let sent = match send(patient).await {
        Ok(sent) => sent,
        Err(error) => {
            let what = format!("the bridge cannot make a room and speak in it: {error}");
            let fix = "see the homeserver's log: may the bot make rooms, and is it rate limited?";
            return vec![Diagnosis::error("L6", "", what, fix)];
        }
    };
    let mut found = Vec::new();
    found.extend(came_round(patient, &sent).await);
    found.extend(skew(&sent));
    leave(patient, &sent.room).await;
    found
}

async fn send(patient: &Patient<'_>) -> Result<Sent, HomeserverError> {
    #[derive(Deserialize)]
    struct Event {
        origin_server_ts: u64,
    }
    let homeserver = &patient.homeserver;
    let request = json!({
        "preset": "private_chat",
        "name": "bridge check",
        "creation_content": { "m.federate": false },
    });
    let room = homeserver.create_room_raw(As::Bot, &request).await?;
    let clock = Clock::system();
    let before = clock.now().0;
    let content = json!({ "msgtype": "m.notice", "body": "checking the bridge" });
    let txn = format!("check-{:x}", rand::random::<u64>());
    let event = homeserver.send(&room, As::Bot, "m.room.message", &txn, &content, None).await?;
    let after = clock.now().0;
    let seen = homeserver.event(&room, As::Bot, &event).await?;
    let at = seen.and_then(|event| event.deserialize_as_unchecked::<Event>().ok());
    let at = at.map_or(before, |event| event.origin_server_ts);
    Ok(Sent { room, event, before, after, at })
}

/// L6.
async fn came_round(patient: &Patient<'_>, sent: &Sent) -> Option<Diagnosis> {
    let listener = patient.listener.as_ref()?;
    // What waits from before comes first, and shows the same.
    if listener.hears(ROUND, |heard| !heard.events.is_empty()).await {
        return None;
    }
    let what = format!("an event ({}) was not handed to the bridge within 10 s", sent.event);
    let fix = "see the homeserver's log for `appservice`: it may be waiting since the bridge was \
               away (`run` wakes it), or have no worker for it (notify_appservices_from_worker)";
    Some(Diagnosis::warning("L6", "appservice.url", what, fix))
}

/// L9.
fn skew(sent: &Sent) -> Option<Diagnosis> {
    let (ahead, what) = if sent.at > sent.after {
        (sent.at - sent.after, "ahead of")
    } else {
        (sent.before.saturating_sub(sent.at), "behind")
    };
    (ahead > SKEW_MS).then(|| {
        let what = format!("the homeserver's clock is {} s {what} ours", ahead / 1000);
        let fix = "set both clocks by NTP (`timedatectl set-ntp true`)";
        Diagnosis::error("L9", "", what, fix)
    })
}

async fn leave(patient: &Patient<'_>, room: &OwnedRoomId) {
    if let Err(error) = patient.homeserver.leave(room, As::Bot, None).await {
        tracing::debug!(%error, "the room of a check stays");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(before: u64, at: u64, after: u64) -> Sent {
        let room = "!r:s".try_into().unwrap();
        Sent { room, event: "$e".try_into().unwrap(), before, after, at }
    }

    #[test]
    fn clocks_may_differ_a_little_and_slow_sends_are_no_skew() {
        for (before, at, after) in [(100_000, 100_500, 101_000), (100_000, 170_000, 180_000)] {
            assert_eq!(skew(&sent(before, at, after)), None);
        }
        let ahead = skew(&sent(100_000, 200_000, 101_000)).unwrap();
        assert!(ahead.what.contains("99 s ahead of ours"), "{}", ahead.what);
        let behind = skew(&sent(100_000, 60_000, 101_000)).unwrap();
        assert!(behind.what.contains("40 s behind ours"), "{}", behind.what);
    }
}
