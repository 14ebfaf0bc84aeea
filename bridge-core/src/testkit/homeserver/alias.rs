//! Aliases, and who may make them.

use std::{collections::hash_map::Entry, sync::Arc};

use axum::http::StatusCode;
use ruma::{OwnedRoomId, RoomAliasId};

use super::{
    caller::Caller,
    refusal::Refusal,
    service::Service,
    world::{World, read, write},
};

impl World {
    pub(super) fn find_alias(&self, alias: &RoomAliasId) -> Option<OwnedRoomId> {
        read(&self.aliases).get(alias).cloned()
    }

    /// Where an alias leads. The owner of an unknown one is asked to make the room.
    pub(super) async fn resolve(&self, alias: &RoomAliasId) -> Result<OwnedRoomId, Refusal> {
        if let Some(room_id) = self.find_alias(alias) {
            return Ok(room_id);
        }
        if alias.server_name() == self.domain {
            for service in self.services().iter().filter(|service| service.owns_alias(alias)) {
                if self.outcalls.query_alias(service, alias).await
                    && let Some(room_id) = self.find_alias(alias)
                {
                    return Ok(room_id);
                }
            }
        }
        Err(Refusal::not_found(format!("Room alias {alias} not found.")))
    }

    /// Whether a caller may make an alias.
    pub(super) fn check_alias(
        &self,
        caller: Option<&Arc<Service>>,
        alias: &RoomAliasId,
    ) -> Result<(), Refusal> {
        if alias.server_name() != self.domain {
            return Err(Refusal::invalid("Room alias must be local"));
        }
        let is_own = caller.is_some_and(|service| service.owns_alias(alias));
        if !is_own && self.services().iter().any(|service| service.reserves_alias(alias)) {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "M_EXCLUSIVE",
                "This alias is reserved by an application service.",
            ));
        }
        Ok(())
    }

    pub(super) fn set_alias(
        &self,
        caller: &Caller,
        alias: &RoomAliasId,
        room_id: &str,
    ) -> Result<(), Refusal> {
        self.check_alias(caller.service.as_ref(), alias)?;
        let room = self.room(room_id)?;
        match write(&self.aliases).entry(alias.to_owned()) {
            Entry::Occupied(_) => {
                let message = format!("Room alias {alias} already exists");
                return Err(Refusal::new(StatusCode::CONFLICT, "M_UNKNOWN", message));
            }
            Entry::Vacant(free) => free.insert(room.id.clone()),
        };
        room.lock().aliases.push(alias.to_owned());
        Ok(())
    }

    pub(super) fn delete_alias(&self, alias: &RoomAliasId) -> Result<(), Refusal> {
        let room_id = write(&self.aliases).remove(alias);
        let room_id = room_id.ok_or_else(|| Refusal::not_found("Room alias not found"))?;
        if let Some(room) = self.find_room(&room_id) {
            room.lock().aliases.retain(|present| present != alias);
        }
        Ok(())
    }
}
