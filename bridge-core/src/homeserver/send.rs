//! Events of the timeline: the hot path.

use hyper::Method;
use ruma::{EventId, OwnedEventId, RoomId};
use serde::{Deserialize, Serialize};

use super::{As, Homeserver, HomeserverError, answer::to_body, path::Path};

#[derive(Deserialize)]
pub(super) struct Sent {
    pub(super) event_id: OwnedEventId,
}

impl Homeserver {
    /// `PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}`.
    ///
    /// `txn_id` must name the sender as well: Synapse keys what it has seen by the path alone, so
    /// that two users with one transaction id in a room would be one. `ts` is the time of the
    /// event in milliseconds since the Unix epoch, if it is not now.
    pub async fn send(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        event_type: &str,
        txn_id: &str,
        content: &(impl Serialize + Sync + ?Sized),
        ts: Option<u64>,
    ) -> Result<OwnedEventId, HomeserverError> {
        let path = room_path(room_id)
            .segment("send")
            .segment(event_type)
            .segment(txn_id)
            .stamped(ts)
            .acting(as_user);
        let body = to_body("send", content)?;
        Ok(self.json::<Sent>("send", Method::PUT, path, Some(body)).await?.event_id)
    }

    /// `PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}`.
    pub async fn redact(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        event_id: &EventId,
        txn_id: &str,
        reason: Option<&str>,
    ) -> Result<OwnedEventId, HomeserverError> {
        #[derive(Serialize)]
        struct Redaction<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'a str>,
        }
        let path = room_path(room_id)
            .segment("redact")
            .segment(event_id.as_str())
            .segment(txn_id)
            .acting(as_user);
        let body = to_body("redact", &Redaction { reason })?;
        Ok(self.json::<Sent>("redact", Method::PUT, path, Some(body)).await?.event_id)
    }
}

pub(super) fn room_path(room_id: &RoomId) -> Path {
    Path::new("/_matrix/client/v3/rooms").segment(room_id.as_str())
}
