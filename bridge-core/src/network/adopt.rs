//! Rooms of Matrix that remote users ask for: a gateway's portals, which have no remote channel.

use std::sync::Arc;

use ruma::{OwnedRoomId, OwnedUserId, RoomAliasId, RoomId};

use crate::{
    core::Core,
    homeserver::As,
    id::PortalKey,
    permission::Level,
    portal::{
        from_network::PerformError,
        link::{self, LinkError},
    },
    store::{PortalBy, PortalKind, StoreError},
};

/// A Matrix room that remote users may enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// The portal that it has become, or was already.
    pub key: PortalKey,
    /// Its name.
    pub name: Option<String>,
    /// Its topic.
    pub topic: Option<String>,
    /// The Matrix users in it, without ghosts, the bot and blocked users, with their display names.
    pub members: Vec<(OwnedUserId, Option<String>)>,
}

/// Why remote users may not enter a Matrix room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// There is no such room.
    #[error("there is no such room on Matrix")]
    NotFound,
    /// It is not open to everybody.
    #[error("this room is entered by invitation only")]
    Closed,
    /// It is the portal of a remote channel: that is where remote users belong.
    #[error("this room mirrors {0}: join that")]
    Taken(PortalKey),
    /// The homeserver or the room says no.
    #[error("the bridge may not enter this room: {0}")]
    Refused(String),
    /// The homeserver cannot be asked at present.
    #[error("the homeserver does not answer: {0}")]
    Unavailable(String),
}

impl From<StoreError> for AdoptError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<PerformError> for AdoptError {
    fn from(error: PerformError) -> Self {
        match error {
            PerformError::Homeserver(error) if !error.is_retryable() => {
                if error.is("M_NOT_FOUND") {
                    Self::NotFound
                } else {
                    Self::Refused(error.to_string())
                }
            }
            PerformError::Refused(why) => Self::Refused(why),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<LinkError> for AdoptError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Homeserver(error) => PerformError::from(error).into(),
            LinkError::Power(why) => Self::Refused(why),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Makes a room a portal, if it is open to everybody and not the portal of anything else.
pub(super) async fn adopt(
    core: &Arc<Core>,
    room: &str,
    key_of: impl FnOnce(&RoomId) -> PortalKey,
) -> Result<Adopted, AdoptError> {
    let room = find(core, room).await?;
    let known = core.portals.find(&PortalBy::Room(room.clone())).await?;
    let key = key_of(&room);
    match known.filter(|portal| portal.kind != PortalKind::Unlinked) {
        Some(portal) if portal.key != key => return Err(AdoptError::Taken(portal.key.clone())),
        Some(_) => {}
        None => link::adopt(core, &key, &room).await?,
    }
    if state(core, &room, "m.room.join_rules", "join_rule").await?.as_deref() != Some("public") {
        return Err(AdoptError::Closed);
    }
    let members = core
        .store
        .members(&room)
        .await?
        .into_iter()
        .filter(|member| {
            !core.names.is_ours(&member.user_id)
                && core.config.permissions.level(&member.user_id) > Level::Block
        })
        .map(|member| (member.user_id, member.display_name))
        .collect();
    Ok(Adopted {
        key,
        name: state(core, &room, "m.room.name", "name").await?,
        topic: state(core, &room, "m.room.topic", "topic").await?,
        members,
    })
}

async fn find(core: &Core, room: &str) -> Result<OwnedRoomId, AdoptError> {
    if !room.starts_with('#') {
        return RoomId::parse(room).map_err(|_| AdoptError::NotFound);
    }
    let alias = RoomAliasId::parse(room).map_err(|_| AdoptError::NotFound)?;
    let found = core.homeserver.resolve_alias(&alias).await.map_err(PerformError::from)?;
    found.ok_or(AdoptError::NotFound)
}

async fn state(
    core: &Core,
    room: &RoomId,
    kind: &str,
    key: &str,
) -> Result<Option<String>, AdoptError> {
    let content = core.homeserver.state(room, As::Bot, kind, "").await;
    let content = content.map_err(PerformError::from)?;
    Ok(content.and_then(|content| content[key].as_str().map(str::to_owned)))
}
