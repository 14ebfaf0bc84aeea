//! `policy_rooms`: Matrix policy lists that are honoured in both directions.

use ruma::{OwnedRoomOrAliasId, RoomOrAliasId};

use super::{
    context::Context,
    node::{Node, Value},
};

pub(super) fn read(root: &Node, context: &Context) -> Vec<OwnedRoomOrAliasId> {
    const KEY: &str = "policy_rooms";
    let Some(entry) = root.find(KEY) else { return Vec::new() };
    let items: &[Node] = match &entry.node.value {
        Value::Null => &[],
        Value::List(items) => items,
        _ => {
            let fix = "write `policy_rooms: [\"#policy:example.org\"]`";
            context.report(&entry.origin, KEY, "this must be a list", fix);
            &[]
        }
    };
    let mut rooms = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let room = match &item.value {
            Value::Text(text) => RoomOrAliasId::parse(text).ok(),
            _ => None,
        };
        match room {
            Some(room) => rooms.push(room),
            None => context.report(
                &item.origin,
                format!("{KEY}[{index}]"),
                "this is not a room",
                "write an id `\"!abc\"` or an alias `\"#policy:example.org\"`, in quotes",
            ),
        }
    }
    rooms
}
