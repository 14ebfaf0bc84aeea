//! Coming and going.

use ruma::{OwnedRoomId, RoomAliasId, RoomId, UserId};

use super::{event::Draft, refusal::Refusal, world::World};

impl World {
    /// Sets the membership of somebody; `by` is who does it.
    pub(super) fn set_membership(
        &self,
        room_id: &str,
        by: &UserId,
        target: &UserId,
        membership: &str,
        reason: Option<&str>,
    ) -> Result<(), Refusal> {
        let room = self.room(room_id)?;
        let content = self.member_content(target, membership, reason);
        let draft = Draft::state(by.to_owned(), "m.room.member", target.as_str(), &content);
        room.append(self, draft)?;
        Ok(())
    }

    /// Invites somebody. Application services are asked about users that nobody has seen yet.
    pub(super) async fn invite(
        &self,
        room_id: &str,
        by: &UserId,
        target: &UserId,
        reason: Option<&str>,
    ) -> Result<(), Refusal> {
        if self.find_user(target).is_none() {
            for service in self.services().iter().filter(|service| service.owns_user(target)) {
                // Whatever it answers, the invitation goes on.
                self.outcalls.query_user(service, target).await;
            }
        }
        self.set_membership(room_id, by, target, "invite", reason)
    }

    /// Joins a room by its id or alias. Application services are asked about unknown aliases.
    pub(super) async fn join(
        &self,
        room: &str,
        user_id: &UserId,
        reason: Option<&str>,
    ) -> Result<OwnedRoomId, Refusal> {
        let room_id = if let Ok(alias) = RoomAliasId::parse(room) {
            self.resolve(&alias).await?
        } else {
            let room_id = RoomId::parse(room)
                .map_err(|_| Refusal::invalid(format!("{room} is no room id or alias")))?;
            if self.find_room(&room_id).is_none() {
                let message = "Can't join remote room because no servers that are in the room \
                               have been provided.";
                return Err(Refusal::not_found(message));
            }
            room_id
        };
        self.set_membership(room_id.as_str(), user_id, user_id, "join", reason)?;
        Ok(room_id)
    }
}
