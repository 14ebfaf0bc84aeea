//! Who is in a room.

use std::collections::BTreeMap;

use hyper::Method;
use ruma::{
    OwnedRoomId, OwnedServerName, OwnedUserId, RoomId, RoomOrAliasId, UserId,
    api::client::membership::{
        invite_user::v3::{InviteUserId, Request as Invite},
        joined_members::v3::{Request as JoinedMembers, RoomMember},
        kick_user::v3::Request as Kick,
        leave_room::v3::Request as Leave,
    },
};
use serde::Deserialize;

use super::{As, Homeserver, HomeserverError, answer::to_body, path::Path};

impl Homeserver {
    /// `POST /_matrix/client/v3/join/{roomIdOrAlias}`; `via` names servers that know the room.
    ///
    /// Joining once more changes nothing.
    pub async fn join(
        &self,
        room: &RoomOrAliasId,
        via: &[OwnedServerName],
        as_user: As<'_>,
    ) -> Result<OwnedRoomId, HomeserverError> {
        #[derive(Deserialize)]
        struct Joined {
            room_id: OwnedRoomId,
        }
        let endpoint = "join";
        let mut path = Path::new("/_matrix/client/v3/join").segment(room.as_str()).acting(as_user);
        for server in via {
            // Until v1.12 of the spec the name was `server_name`.
            path = path.query("via", server.as_str()).query("server_name", server.as_str());
        }
        let body = to_body(endpoint, &serde_json::Map::new())?;
        Ok(self.json::<Joined>(endpoint, Method::POST, path, Some(body)).await?.room_id)
    }

    /// `POST /_matrix/client/v3/rooms/{roomId}/invite`.
    pub async fn invite(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        user_id: &UserId,
    ) -> Result<(), HomeserverError> {
        let recipient = InviteUserId::new(user_id.to_owned()).into();
        self.call("invite", as_user, Invite::new(room_id.to_owned(), recipient)).await?;
        Ok(())
    }

    /// `POST /_matrix/client/v3/rooms/{roomId}/leave`.
    pub async fn leave(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        reason: Option<&str>,
    ) -> Result<(), HomeserverError> {
        let mut request = Leave::new(room_id.to_owned());
        request.reason = reason.map(str::to_owned);
        self.call("leave", as_user, request).await?;
        Ok(())
    }

    /// `POST /_matrix/client/v3/rooms/{roomId}/kick`.
    pub async fn kick(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        user_id: &UserId,
        reason: Option<&str>,
    ) -> Result<(), HomeserverError> {
        let mut request = Kick::new(room_id.to_owned(), user_id.to_owned());
        request.reason = reason.map(str::to_owned);
        self.call("kick", as_user, request).await?;
        Ok(())
    }

    /// `GET /_matrix/client/v3/rooms/{roomId}/joined_members`.
    pub async fn joined_members(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
    ) -> Result<BTreeMap<OwnedUserId, RoomMember>, HomeserverError> {
        let request = JoinedMembers::new(room_id.to_owned());
        Ok(self.call("joined_members", as_user, request).await?.joined)
    }
}
