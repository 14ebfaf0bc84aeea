//! Aliases of rooms.

use hyper::Method;
use ruma::{OwnedRoomId, RoomAliasId, RoomId};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;

use super::{As, Homeserver, HomeserverError, answer::to_body, path::Path};

impl Homeserver {
    /// `GET /_matrix/client/v3/directory/room/{roomAlias}`; `None` if the alias leads nowhere.
    ///
    /// The homeserver asks us first about an alias of our namespace that it does not know.
    pub async fn resolve_alias(
        &self,
        alias: &RoomAliasId,
    ) -> Result<Option<OwnedRoomId>, HomeserverError> {
        #[derive(Deserialize)]
        struct Found {
            room_id: OwnedRoomId,
        }
        let found = self.find::<Found>("resolve_alias", alias_path(alias)).await?;
        Ok(found.map(|found| found.room_id))
    }

    /// `PUT /_matrix/client/v3/directory/room/{roomAlias}`.
    ///
    /// # Errors
    /// `M_UNKNOWN` with status 409 if the alias exists, whichever room it leads to.
    pub async fn set_alias(
        &self,
        alias: &RoomAliasId,
        room_id: &RoomId,
        as_user: As<'_>,
    ) -> Result<(), HomeserverError> {
        let endpoint = "set_alias";
        let body = to_body(endpoint, &json!({ "room_id": room_id }))?;
        let path = alias_path(alias).acting(as_user);
        self.json::<IgnoredAny>(endpoint, Method::PUT, path, Some(body)).await?;
        Ok(())
    }

    /// `DELETE /_matrix/client/v3/directory/room/{roomAlias}`. It is no error if there is none.
    pub async fn delete_alias(
        &self,
        alias: &RoomAliasId,
        as_user: As<'_>,
    ) -> Result<(), HomeserverError> {
        let path = alias_path(alias).acting(as_user);
        match self.json::<IgnoredAny>("delete_alias", Method::DELETE, path, None).await {
            Ok(_) => Ok(()),
            Err(error) if error.is("M_NOT_FOUND") => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn alias_path(alias: &RoomAliasId) -> Path {
    Path::new("/_matrix/client/v3/directory/room").segment(alias.as_str())
}
