//! Portals, ghosts, members, mappings and cursors.

use ruma::{EventId, RoomId, UserId};
use rusqlite::{Connection, Row as Columns, types::Value};

use super::{all, first};
use crate::{
    id::{GhostKey, LaneId, RemoteId},
    store::{Ghost, Mapping, Member, Membership, Portal, PortalBy, sqlite::codec},
};

/// A query for portals, as [`whole_portal`] reads them.
macro_rules! select_portal {
    ($rest:literal) => {
        concat!(
            "SELECT lane, key, kind, user, ghost, room_id, alias, name, topic, last_event,
                    gap_from, used FROM portals ",
            $rest
        )
    };
}

fn whole_portal(columns: &Columns<'_>) -> rusqlite::Result<Portal> {
    Ok(Portal {
        lane: columns.get(0)?,
        key: columns.get(1)?,
        kind: codec::kind(columns, 2)?,
        room_id: codec::optional_id(columns, 5)?,
        alias: columns.get(6)?,
        name: columns.get(7)?,
        topic: columns.get(8)?,
        last_event: codec::optional_id(columns, 9)?,
        gap_from: codec::optional_id(columns, 10)?,
        used: columns.get(11)?,
    })
}

pub(in crate::store::sqlite) fn portal(
    conn: &Connection,
    by: &PortalBy,
) -> rusqlite::Result<Option<Portal>> {
    match by {
        PortalBy::Lane(lane) => {
            first(conn, select_portal!("WHERE lane = ?1"), [lane], whole_portal)
        }
        PortalBy::Key(key) => first(conn, select_portal!("WHERE key = ?1"), [key], whole_portal),
        PortalBy::Room(room) => {
            first(conn, select_portal!("WHERE room_id = ?1"), [room.as_str()], whole_portal)
        }
        PortalBy::Alias(alias) => {
            first(conn, select_portal!("WHERE alias = ?1"), [alias], whole_portal)
        }
    }
}

pub(in crate::store::sqlite) fn portals(
    conn: &Connection,
    prefix: &str,
) -> rusqlite::Result<Vec<Portal>> {
    let sql = select_portal!("WHERE key >= ?1 AND key < ?2 ORDER BY used DESC, lane");
    all(conn, sql, (prefix, after_prefix(prefix)), whole_portal)
}

/// What stands behind everything that starts with `prefix`.
fn after_prefix(prefix: &str) -> Value {
    let mut kept = prefix.to_owned();
    while let Some(last) = kept.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            kept.push(next);
            return Value::Text(kept);
        }
    }
    Value::Blob(Vec::new()) // SQLite sorts it behind all text
}

fn whole_ghost(columns: &Columns<'_>) -> rusqlite::Result<Ghost> {
    Ok(Ghost {
        key: columns.get(0)?,
        user_id: codec::id(columns, 1)?,
        registered: columns.get(2)?,
        display_name: columns.get(3)?,
    })
}

pub(in crate::store::sqlite) fn ghost(
    conn: &Connection,
    key: &GhostKey,
) -> rusqlite::Result<Option<Ghost>> {
    let sql = "SELECT key, user_id, registered, display_name FROM ghosts WHERE key = ?1";
    first(conn, sql, [key], whole_ghost)
}

pub(in crate::store::sqlite) fn ghost_by_user(
    conn: &Connection,
    user: &UserId,
) -> rusqlite::Result<Option<Ghost>> {
    let sql = "SELECT key, user_id, registered, display_name FROM ghosts WHERE user_id = ?1";
    first(conn, sql, [user.as_str()], whole_ghost)
}

fn whole_member(columns: &Columns<'_>) -> rusqlite::Result<Member> {
    Ok(Member {
        room_id: codec::id(columns, 0)?,
        user_id: codec::id(columns, 1)?,
        membership: columns.get(2)?,
        display_name: columns.get(3)?,
    })
}

pub(in crate::store::sqlite) fn member(
    conn: &Connection,
    room: &RoomId,
    user: &UserId,
) -> rusqlite::Result<Option<Member>> {
    let sql = "SELECT room_id, user_id, membership, display_name FROM members
        WHERE room_id = ?1 AND user_id = ?2";
    first(conn, sql, (room.as_str(), user.as_str()), whole_member)
}

pub(in crate::store::sqlite) fn members(
    conn: &Connection,
    room: &RoomId,
) -> rusqlite::Result<Vec<Member>> {
    let sql = "SELECT room_id, user_id, membership, display_name FROM members
        WHERE room_id = ?1 AND membership = ?2 ORDER BY user_id";
    all(conn, sql, (room.as_str(), Membership::Join), whole_member)
}

fn whole_mapping(columns: &Columns<'_>) -> rusqlite::Result<Mapping> {
    Ok(Mapping {
        lane: columns.get(0)?,
        kind: columns.get(1)?,
        remote_id: columns.get(2)?,
        part: columns.get(3)?,
        event_id: codec::id(columns, 4)?,
        sender: codec::id(columns, 5)?,
    })
}

pub(in crate::store::sqlite) fn mappings_of_event(
    conn: &Connection,
    event_id: &EventId,
) -> rusqlite::Result<Vec<Mapping>> {
    let sql = "SELECT lane, kind, remote_id, part, event_id, sender FROM mappings
        WHERE event_id = ?1 ORDER BY part, kind, lane, remote_id";
    all(conn, sql, [event_id.as_str()], whole_mapping)
}

pub(in crate::store::sqlite) fn mappings_of_remote(
    conn: &Connection,
    lane: LaneId,
    remote_id: &RemoteId,
) -> rusqlite::Result<Vec<Mapping>> {
    let sql = "SELECT lane, kind, remote_id, part, event_id, sender FROM mappings
        WHERE lane = ?1 AND remote_id = ?2 ORDER BY part, kind, event_id";
    all(conn, sql, (lane, remote_id), whole_mapping)
}

pub(in crate::store::sqlite) fn cursor(
    conn: &Connection,
    scope: &str,
) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT value FROM cursors WHERE scope = ?1";
    first(conn, sql, [scope], |columns| columns.get(0))
}

pub(in crate::store::sqlite) fn cursors(
    conn: &Connection,
    prefix: &str,
) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT scope, value FROM cursors WHERE scope >= ?1 AND scope < ?2 ORDER BY scope";
    all(conn, sql, (prefix, after_prefix(prefix)), |columns| Ok((columns.get(0)?, columns.get(1)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_the_next_text() {
        assert_eq!(after_prefix("local/"), Value::Text("local0".into()));
        assert_eq!(after_prefix("a\u{d7ff}"), Value::Text("a\u{e000}".into()));
        assert_eq!(after_prefix("a\u{10ffff}"), Value::Text("b".into()));
        assert_eq!(after_prefix("\u{10ffff}"), Value::Blob(Vec::new()));
        assert_eq!(after_prefix(""), Value::Blob(Vec::new()));
    }
}
