//! Accounts: profiles, rooms, devices.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use ruma::{
    OwnedRoomId, OwnedUserId, RoomId, UserId, events::room::member::MembershipState as Membership,
};
use serde_json::{Map, Value, json};

use super::{event::Draft, refusal::Refusal, world::World};

/// An account.
#[derive(Debug)]
pub(super) struct User {
    pub(super) id: OwnedUserId,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    /// The fields of the profile: `displayname`, `avatar_url`.
    pub(super) profile: Map<String, Value>,
    pub(super) joined: BTreeSet<OwnedRoomId>,
    pub(super) invited: BTreeSet<OwnedRoomId>,
    pub(super) devices: BTreeMap<String, Value>,
}

impl User {
    pub(super) fn new(id: OwnedUserId) -> Self {
        Self { id, inner: Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_membership(&self, room_id: &RoomId, membership: &Membership) {
        let mut inner = self.lock();
        inner.joined.remove(room_id);
        inner.invited.remove(room_id);
        match membership {
            Membership::Join => inner.joined.insert(room_id.to_owned()),
            Membership::Invite => inner.invited.insert(room_id.to_owned()),
            _ => false,
        };
    }
}

impl World {
    /// The content of a member event of somebody.
    pub(super) fn member_content(
        &self,
        user_id: &UserId,
        membership: &str,
        reason: Option<&str>,
    ) -> Value {
        let mut content = Map::new();
        if matches!(membership, "join" | "invite")
            && let Some(user) = self.find_user(user_id)
        {
            content.clone_from(&user.lock().profile);
        }
        content.insert("membership".to_owned(), membership.into());
        if let Some(reason) = reason {
            content.insert("reason".to_owned(), reason.into());
        }
        content.into()
    }

    /// Sets a field of a profile, and tells the rooms of its owner.
    pub(super) fn set_profile(
        &self,
        user_id: &UserId,
        field: &str,
        value: Value,
    ) -> Result<(), Refusal> {
        let user =
            self.find_user(user_id).ok_or_else(|| Refusal::not_found("Profile was not found"))?;
        let joined = {
            let mut inner = user.lock();
            if inner.profile.get(field) == Some(&value) {
                return Ok(());
            }
            inner.profile.insert(field.to_owned(), value);
            inner.joined.clone()
        };
        for room in joined.iter().filter_map(|room_id| self.find_room(room_id)) {
            let content = self.member_content(user_id, "join", None);
            let key = user_id.as_str();
            room.append(self, Draft::state(user_id.to_owned(), "m.room.member", key, &content))?;
        }
        Ok(())
    }

    /// The profile of somebody.
    pub(super) fn profile(&self, user_id: &UserId) -> Result<Value, Refusal> {
        let user =
            self.find_user(user_id).ok_or_else(|| Refusal::not_found("Profile was not found"))?;
        let profile = user.lock().profile.clone();
        Ok(json!(profile))
    }
}
