//! The state of a room as a whole.

use hyper::Method;
use ruma::RoomId;
use serde_json::value::RawValue;

use super::{Homeserver, HomeserverError, send::room_path};

impl Homeserver {
    /// `GET /_matrix/client/v3/rooms/{roomId}/state`, as the bot.
    pub(crate) async fn whole_state(
        &self,
        room_id: &RoomId,
    ) -> Result<Vec<Box<RawValue>>, HomeserverError> {
        self.json("whole_state", Method::GET, room_path(room_id).segment("state"), None).await
    }
}
