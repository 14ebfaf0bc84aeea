//! The state of a room.

use hyper::Method;
use ruma::{OwnedEventId, RoomId};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    As, Homeserver, HomeserverError,
    answer::to_body,
    path::Path,
    send::{Sent, room_path},
};

impl Homeserver {
    /// `GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}`: the content, `None`
    /// if there is no such state.
    pub async fn state(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        event_type: &str,
        state_key: &str,
    ) -> Result<Option<Value>, HomeserverError> {
        self.find("state", state_path(room_id, event_type, state_key).acting(as_user)).await
    }

    /// `GET /_matrix/client/v3/rooms/{roomId}/state`: all state events.
    pub async fn whole_state(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
    ) -> Result<Vec<Box<RawValue>>, HomeserverError> {
        let path = room_path(room_id).segment("state").acting(as_user);
        self.json("whole_state", Method::GET, path, None).await
    }

    /// [`Homeserver::state`] with `format=event`: the whole event. A homeserver that does not know the format
    /// answers with the content.
    pub async fn state_event(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        event_type: &str,
        state_key: &str,
    ) -> Result<Option<Value>, HomeserverError> {
        let path = state_path(room_id, event_type, state_key).query("format", "event");
        self.find("state", path.acting(as_user)).await
    }

    /// `PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}`.
    ///
    /// `ts` is the time of the event in milliseconds since the Unix epoch, if it is not now.
    pub async fn set_state(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        event_type: &str,
        state_key: &str,
        content: &(impl Serialize + Sync + ?Sized),
        ts: Option<u64>,
    ) -> Result<OwnedEventId, HomeserverError> {
        let endpoint = "set_state";
        let path = state_path(room_id, event_type, state_key).stamped(ts).acting(as_user);
        let body = to_body(endpoint, content)?;
        Ok(self.json::<Sent>(endpoint, Method::PUT, path, Some(body)).await?.event_id)
    }
}

fn state_path(room_id: &RoomId, event_type: &str, state_key: &str) -> Path {
    room_path(room_id).segment("state").segment(event_type).segment(state_key)
}
