//! New rooms.

use ruma::{OwnedRoomId, api::client::room::create_room::v3::Request as CreateRoom};

use super::{As, Homeserver, HomeserverError};

impl Homeserver {
    /// `POST /_matrix/client/v3/createRoom`.
    ///
    /// It makes a new room each time; only an alias in the request keeps a second try from doing
    /// so.
    ///
    /// # Errors
    /// `M_ROOM_IN_USE` if the alias is taken: resolve it.
    pub async fn create_room(
        &self,
        request: CreateRoom,
        as_user: As<'_>,
    ) -> Result<OwnedRoomId, HomeserverError> {
        Ok(self.call("create_room", as_user, request).await?.room_id)
    }
}
