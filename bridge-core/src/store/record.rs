//! What is remembered beside the rows: portals, ghosts, members, and which ids are the same.

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::id::{GhostKey, LaneId, PortalKey, RemoteId, Timestamp};

/// A Matrix room and the remote channel that it mirrors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// Its number; [`LaneId`] zero asks the store for a new one.
    pub lane: LaneId,
    /// Its stable key.
    pub key: PortalKey,
    /// How it came about.
    pub kind: PortalKind,
    /// The room, once it exists.
    pub room_id: Option<OwnedRoomId>,
    /// The alias's localpart, if it has one of ours.
    pub alias: Option<String>,
    /// The channel's name, as last written to the room.
    pub name: Option<String>,
    /// The channel's topic, as last written to the room.
    pub topic: Option<String>,
    /// The newest event seen in the room.
    pub last_event: Option<OwnedEventId>,
    /// The newest event seen before the present epoch, while what followed it is unknown.
    pub gap_from: Option<OwnedEventId>,
    /// When the portal was last used.
    pub used: Timestamp,
}

/// How a portal came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PortalKind {
    /// The bridge made the room.
    Channel,
    /// The room was there and was linked.
    Plumbed,
    /// A conversation of one Matrix user and one remote user.
    Direct {
        /// The Matrix user.
        user: OwnedUserId,
        /// The remote user.
        ghost: GhostKey,
    },
    /// A room in which people talk with the bot.
    Control,
    /// Unlinked: the ids stay known, nothing is carried.
    Unlinked,
}

/// By what a portal is looked for.
#[derive(Clone, Debug)]
pub enum PortalBy {
    /// Its number.
    Lane(LaneId),
    /// Its key.
    Key(PortalKey),
    /// Its room.
    Room(OwnedRoomId),
    /// The localpart of its alias.
    Alias(String),
}

/// The Matrix user that stands for a remote user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ghost {
    /// Its stable key.
    pub key: GhostKey,
    /// Its Matrix id, fixed at first sight.
    pub user_id: OwnedUserId,
    /// The account exists on the homeserver.
    pub registered: bool,
    /// The display name, as last written to the homeserver.
    pub display_name: Option<String>,
}

/// A membership as last seen in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The room.
    pub room_id: OwnedRoomId,
    /// The user.
    pub user_id: OwnedUserId,
    /// What the membership is.
    pub membership: Membership,
    /// The display name in the room.
    pub display_name: Option<String>,
}

/// What core needs to know of `m.room.member`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// In the room.
    Join,
    /// Asked in.
    Invite,
    /// Gone, or never there.
    Leave,
    /// Kept out.
    Ban,
}

/// A remote message and a Matrix event that are the same; many to one in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The portal.
    pub lane: LaneId,
    /// What is mapped.
    pub kind: MappingKind,
    /// The network's id.
    pub remote_id: RemoteId,
    /// Which part of the remote message, from zero.
    pub part: u32,
    /// The Matrix event.
    pub event_id: OwnedEventId,
    /// Who sent it on the Matrix side: only they, or the bot, may redact it.
    pub sender: OwnedUserId,
}

/// What a [`Mapping`] is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingKind {
    /// A message.
    Message,
    /// An edit of one.
    Edit,
    /// A reaction.
    Reaction,
}
