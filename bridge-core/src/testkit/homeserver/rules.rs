//! Who may send what: the part of the authorisation rules that bridges meet.

use ruma::{UserId, events::room::member::MembershipState as Membership};
use serde_json::Value;

use super::{event::Draft, refusal::Refusal, room::Contents};

/// Whether a room takes an event.
pub(super) fn check(room: &Contents, draft: &Draft) -> Result<(), Refusal> {
    match (&*draft.kind, &draft.state_key) {
        ("m.room.member", Some(target)) => {
            let target = UserId::parse(target.as_str())
                .map_err(|_| Refusal::bad_json("the state key of a member is a user id"))?;
            let content: Value = serde_json::from_str(draft.content.get()).unwrap_or_default();
            check_member(room, &draft.sender, &target, content["membership"].as_str())
        }
        (kind, Some(_)) => {
            must_be_in(room, &draft.sender)?;
            must_have(room, &draft.sender, room.power.to_set(kind))?;
            if kind == "m.room.power_levels" {
                check_power_levels(room, draft)?;
            }
            Ok(())
        }
        (kind, None) => {
            must_be_in(room, &draft.sender)?;
            must_have(room, &draft.sender, room.power.to_send(kind))?;
            match draft.redacts.as_ref().and_then(|event_id| room.event(event_id)) {
                Some(target) if target.sender != draft.sender => {
                    must_have(room, &draft.sender, room.power.redact)
                }
                _ => Ok(()),
            }
        }
    }
}

fn check_member(
    room: &Contents,
    sender: &UserId,
    target: &UserId,
    membership: Option<&str>,
) -> Result<(), Refusal> {
    let present = room.membership(target);
    match membership {
        Some("join") if sender != target => Err(Refusal::forbidden("Cannot force users to join")),
        Some("join") => match present {
            Some(Membership::Ban) => Err(Refusal::forbidden(format!("{target} is banned"))),
            Some(Membership::Join | Membership::Invite) => Ok(()),
            _ if room.is_public() => Ok(()),
            _ => Err(Refusal::forbidden("You are not invited to this room.")),
        },
        Some("invite") => {
            must_be_in(room, sender)?;
            match present {
                Some(Membership::Ban) => Err(Refusal::forbidden(format!("{target} is banned"))),
                Some(Membership::Join) => {
                    Err(Refusal::forbidden(format!("{target} is already in the room.")))
                }
                _ => must_have(room, sender, room.power.invite),
            }
        }
        Some("leave") if sender == target => match present {
            Some(Membership::Join | Membership::Invite | Membership::Knock) => Ok(()),
            _ => Err(not_in_room(room, target)),
        },
        Some("leave") => {
            must_be_in(room, sender)?;
            match present {
                Some(Membership::Ban) => must_have(room, sender, room.power.ban)?,
                Some(Membership::Join | Membership::Invite) => {}
                _ => return Err(Refusal::forbidden("The target user is not in the room")),
            }
            must_have(room, sender, room.power.kick)?;
            must_outrank(room, sender, target)
        }
        Some("ban") => {
            must_be_in(room, sender)?;
            must_have(room, sender, room.power.ban)?;
            must_outrank(room, sender, target)
        }
        _ => Err(Refusal::bad_json("unknown membership")),
    }
}

/// Creators of rooms of version 12 stand above the list, and must not be on it.
fn check_power_levels(room: &Contents, draft: &Draft) -> Result<(), Refusal> {
    let content: Value = serde_json::from_str(draft.content.get()).unwrap_or_default();
    if room.power.creators.iter().any(|creator| !content["users"][creator.as_str()].is_null()) {
        return Err(creator_in_power_levels());
    }
    Ok(())
}

pub(super) fn creator_in_power_levels() -> Refusal {
    Refusal::bad_json("Creator user(s) must not appear in content.users of m.room.power_levels")
}

fn must_be_in(room: &Contents, user_id: &UserId) -> Result<(), Refusal> {
    match room.membership(user_id) {
        Some(Membership::Join) => Ok(()),
        _ => Err(not_in_room(room, user_id)),
    }
}

fn not_in_room(room: &Contents, user_id: &UserId) -> Refusal {
    Refusal::forbidden(format!("User {user_id} not in room {}", room.id))
}

fn must_have(room: &Contents, user_id: &UserId, level: i64) -> Result<(), Refusal> {
    let has = room.power.of(user_id);
    if has >= level {
        Ok(())
    } else {
        Err(Refusal::forbidden(format!("You need power level {level}, and have {has}")))
    }
}

fn must_outrank(room: &Contents, user_id: &UserId, target: &UserId) -> Result<(), Refusal> {
    if room.power.of(user_id) > room.power.of(target) {
        Ok(())
    } else {
        Err(Refusal::forbidden(format!("You do not outrank {target}")))
    }
}
