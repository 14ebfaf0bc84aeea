//! `portals`: what the rooms are like that the bridge makes.

use ruma::{
    RoomVersionId,
    events::room::{guest_access::GuestAccess, history_visibility::HistoryVisibility},
    room::JoinRuleKind,
};
use serde::Serialize;

use super::{
    context::Context,
    node::Node,
    section::{Section, wrong},
};

/// The rooms of channels; conversations of two are always private.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Portals {
    /// Who may come in.
    pub join_rule: JoinRuleKind,
    /// Who sees what was said before.
    pub history_visibility: HistoryVisibility,
    /// Whether guests may come in.
    pub guest_access: GuestAccess,
    /// The version of the rooms; `None` leaves it to the homeserver.
    pub room_version: Option<RoomVersionId>,
    /// The power level that turning on encryption takes. Encrypted rooms cannot be bridged, so
    /// this is high.
    pub encryption_power: i64,
    /// Whether the rooms of each network stand in a Space.
    pub space: bool,
}

pub(super) fn read(root: &Node, context: &Context) -> Portals {
    let mut section = Section::open(root, "portals", context);
    let join_rule = section.choice(
        "join_rule",
        &[
            ("public", JoinRuleKind::Public),
            ("invite", JoinRuleKind::Invite),
            ("knock", JoinRuleKind::Knock),
        ],
    );
    let history_visibility = section.choice(
        "history_visibility",
        &[
            ("shared", HistoryVisibility::Shared),
            ("joined", HistoryVisibility::Joined),
            ("invited", HistoryVisibility::Invited),
            ("world_readable", HistoryVisibility::WorldReadable),
        ],
    );
    let guest_access = section.choice(
        "guest_access",
        &[("forbidden", GuestAccess::Forbidden), ("can_join", GuestAccess::CanJoin)],
    );
    let room_version = section.parsed("room_version", |text| {
        RoomVersionId::try_from(text).map_err(|_| {
            wrong("this is not a room version", "write it in quotes, such as `\"12\"`")
        })
    });
    let encryption_power = section.or("encryption_power", 100);
    if !(0..=100).contains(&encryption_power) {
        section.complain(
            "encryption_power",
            wrong("this is not a usual power level", "give a whole number from 0 to 100"),
        );
    }
    let space = section.or("space", false);
    section.finish();
    Portals { join_rule, history_visibility, guest_access, room_version, encryption_power, space }
}
