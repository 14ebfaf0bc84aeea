//! Who may link a room, and whether the bridge could work there.

use ruma::{RoomId, UserId};
use serde_json::Value;

use super::LinkError;
use crate::{core::Core, homeserver::As};

/// Makes sure that `user` may decide about a room, and that the bridge can work in it.
///
/// The bot must be in the room.
pub(super) async fn check(
    core: &Core,
    room_id: &RoomId,
    user: Option<&UserId>,
) -> Result<(), LinkError> {
    let homeserver = &core.homeserver;
    let levels = homeserver.state(room_id, As::Bot, "m.room.power_levels", "").await?;
    let levels = levels.unwrap_or_default();
    let rules = homeserver.state(room_id, As::Bot, "m.room.join_rules", "").await?;
    let rules = rules.unwrap_or_default();
    let creation = homeserver.state_event(room_id, As::Bot, "m.room.create", "").await?;
    let power = Power { levels, creation: creation.unwrap_or_default() };
    if let Some(user) = user {
        let is_member = core.homeserver.joined_members(room_id, As::Bot).await?;
        if !is_member.contains_key(user) {
            return Err(LinkError::Power(format!("{user} is not in {room_id}")));
        }
        let (has, needs) = (power.of(user), power.to_set_state("m.bridge"));
        if has < needs {
            return Err(LinkError::Power(format!(
                "{user} has power {has} in {room_id}, and linking takes {needs}; ask somebody \
                 with that power"
            )));
        }
    }
    let (has, needs) = (power.of_others(), power.to_send("m.room.message"));
    if has < needs {
        return Err(LinkError::Power(format!(
            "people who join {room_id} have power {has}, and speaking takes {needs}: the people \
             of the network could not speak; lower events_default there to {has}"
        )));
    }
    let (has, needs) = (power.of(&core.bot), power.to_invite());
    if rules["join_rule"] != "public" && has < needs {
        return Err(LinkError::Power(format!(
            "{room_id} takes an invite, and {} has power {has} where inviting takes {needs}; \
             give it that power, or make the room public",
            core.bot
        )));
    }
    Ok(())
}

/// The power levels of a room.
struct Power {
    levels: Value,
    /// The whole event: since room version 12 its sender has more power than anybody.
    creation: Value,
}

impl Power {
    fn of(&self, user: &UserId) -> i64 {
        if self.is_creator(user) {
            return i64::MAX;
        }
        number(&self.levels["users"][user.as_str()]).unwrap_or_else(|| self.of_others())
    }

    fn of_others(&self) -> i64 {
        number(&self.levels["users_default"]).unwrap_or(0)
    }

    fn to_send(&self, kind: &str) -> i64 {
        let own = number(&self.levels["events"][kind]);
        own.or_else(|| number(&self.levels["events_default"])).unwrap_or(0)
    }

    fn to_set_state(&self, kind: &str) -> i64 {
        let own = number(&self.levels["events"][kind]);
        own.or_else(|| number(&self.levels["state_default"])).unwrap_or(50)
    }

    fn to_invite(&self) -> i64 {
        number(&self.levels["invite"]).unwrap_or(0)
    }

    /// Whether the version of the room gives its creators all power, and this is one of them.
    fn is_creator(&self, user: &UserId) -> bool {
        let content = &self.creation["content"];
        let version = content["room_version"].as_str().and_then(|v| v.parse::<u32>().ok());
        if version.is_none_or(|version| version < 12) {
            // Without a record of levels, the creator of an older room has 100.
            return self.levels.is_null() && self.creation["sender"] == user.as_str();
        }
        let others = content["additional_creators"].as_array();
        self.creation["sender"] == user.as_str()
            || others.is_some_and(|others| others.iter().any(|other| other == user.as_str()))
    }
}

/// Rooms before version 10 may have numbers in quotes.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use ruma::user_id;
    use serde_json::json;

    use super::*;

    #[test]
    fn levels_are_read_with_their_defaults_and_in_quotes() {
        let power = Power {
            levels: json!({ "users": { "@a:s": "75" }, "users_default": 5, "events": { "x": 60 } }),
            creation: json!({ "sender": "@c:s", "content": { "room_version": "9" } }),
        };
        assert_eq!(power.of(user_id!("@a:s")), 75);
        assert_eq!(power.of(user_id!("@b:s")), 5);
        assert_eq!(power.of(user_id!("@c:s")), 5);
        assert_eq!((power.to_set_state("x"), power.to_set_state("y")), (60, 50));
        assert_eq!((power.to_send("x"), power.to_send("y"), power.to_invite()), (60, 0, 0));
    }

    #[test]
    fn creators_have_all_power_from_version_12_on() {
        let creation = json!({
            "sender": "@c:s",
            "content": { "room_version": "12", "additional_creators": ["@d:s"] },
        });
        let power = Power { levels: json!({ "users_default": 0 }), creation };
        assert_eq!(power.of(user_id!("@c:s")), i64::MAX);
        assert_eq!(power.of(user_id!("@d:s")), i64::MAX);
        assert_eq!(power.of(user_id!("@e:s")), 0);
    }
}
