//! Rooms made from a request that is put together as JSON.

use hyper::Method;
use ruma::OwnedRoomId;
use serde::{Deserialize, Serialize};

use super::{As, Homeserver, HomeserverError, answer::to_body, path::Path};

impl Homeserver {
    /// Makes a room: `POST /_matrix/client/v3/createRoom`.
    ///
    /// # Errors
    /// `M_ROOM_IN_USE` if the alias is taken. Not idempotent otherwise.
    pub async fn create_room_raw(
        &self,
        as_user: As<'_>,
        request: &(impl Serialize + Sync + ?Sized),
    ) -> Result<OwnedRoomId, HomeserverError> {
        #[derive(Deserialize)]
        struct Created {
            room_id: OwnedRoomId,
        }
        let endpoint = "create_room";
        let path = Path::new("/_matrix/client/v3/createRoom").acting(as_user);
        let body = to_body(endpoint, request)?;
        Ok(self.json::<Created>(endpoint, Method::POST, path, Some(body)).await?.room_id)
    }

    /// The rooms that a user is joined to: `GET /_matrix/client/v3/joined_rooms`.
    pub async fn joined_rooms(&self, as_user: As<'_>) -> Result<Vec<OwnedRoomId>, HomeserverError> {
        #[derive(Deserialize)]
        struct Joined {
            joined_rooms: Vec<OwnedRoomId>,
        }
        let path = Path::new("/_matrix/client/v3/joined_rooms").acting(as_user);
        Ok(self.json::<Joined>("joined_rooms", Method::GET, path, None).await?.joined_rooms)
    }
}
