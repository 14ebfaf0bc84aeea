//! Portals, ghosts, members, mappings and cursors: what stands until it is replaced.

use ruma::{EventId, UserId};
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};

use super::Tx;
use crate::{
    id::LaneId,
    store::{
        Ghost, Mapping, Member, Portal, StoreError,
        sqlite::{Doing, codec::KindColumns, failed},
    },
};

/// Inserts a portal, or replaces the one with the same `lane` or `key`.
macro_rules! replacing {
    ($same:literal) => {
        concat!(
            "INSERT INTO portals (lane, key, kind, user, ghost, room_id, alias, name, topic,
                                  last_event, gap_from, used)
             VALUES (nullif(?1, 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (",
            $same,
            ") DO UPDATE SET
                key = excluded.key, kind = excluded.kind, user = excluded.user,
                ghost = excluded.ghost, room_id = excluded.room_id, alias = excluded.alias,
                name = excluded.name, topic = excluded.topic, used = excluded.used,
                last_event = iif(room_id IS excluded.room_id, last_event, excluded.last_event),
                gap_from = iif(room_id IS excluded.room_id, gap_from, excluded.gap_from)
             RETURNING lane"
        )
    };
}

impl Tx<'_> {
    pub(super) fn portal(&mut self, portal: &Portal) -> Result<LaneId, StoreError> {
        let what = "writing a portal";
        let KindColumns { code, user, ghost } = (&portal.kind).into();
        let sql = if portal.lane == LaneId(0) { replacing!("key") } else { replacing!("lane") };
        self.statement(what, sql)?
            .query_one(
                (
                    portal.lane,
                    &portal.key,
                    code,
                    user,
                    ghost,
                    portal.room_id.as_ref().map(|id| id.as_str()),
                    &portal.alias,
                    &portal.name,
                    &portal.topic,
                    portal.last_event.as_ref().map(|id| id.as_str()),
                    portal.gap_from.as_ref().map(|id| id.as_str()),
                    portal.used,
                ),
                |row| row.get(0),
            )
            .map_err(|error| {
                self.taken(error, what, || {
                    format!("the portal {}: its key, room or alias is another portal's", portal.key)
                })
            })
    }

    pub(super) fn last_event(
        &mut self,
        lane: LaneId,
        event_id: &EventId,
        epoch: &str,
    ) -> Result<(), StoreError> {
        self.execute(
            "recording the newest event of a room",
            "UPDATE portals SET
                gap_from = iif(epoch IS ?3, gap_from, coalesce(gap_from, last_event)),
                last_event = ?2, epoch = ?3
             WHERE lane = ?1",
            (lane, event_id.as_str(), epoch),
        )?;
        Ok(())
    }

    pub(super) fn gap_closed(&mut self, lane: LaneId) -> Result<(), StoreError> {
        self.execute(
            "closing the gap of a room",
            "UPDATE portals SET gap_from = NULL WHERE lane = ?1",
            [lane],
        )?;
        Ok(())
    }

    pub(super) fn ghost(&mut self, ghost: &Ghost) -> Result<(), StoreError> {
        let what = "writing a ghost";
        self.statement(
            what,
            "INSERT INTO ghosts (key, user_id, registered, display_name) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (key) DO UPDATE SET
                user_id = excluded.user_id, registered = excluded.registered,
                display_name = excluded.display_name",
        )?
        .execute((&ghost.key, ghost.user_id.as_str(), ghost.registered, &ghost.display_name))
        .map(drop)
        .map_err(|error| {
            self.taken(error, what, || {
                format!("the ghost {}: {} is another ghost's", ghost.key, ghost.user_id)
            })
        })
    }

    pub(super) fn member(&mut self, member: &Member) -> Result<(), StoreError> {
        self.execute(
            "writing a membership",
            "INSERT INTO members (room_id, user_id, membership, display_name)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (room_id, user_id) DO UPDATE SET
                membership = excluded.membership, display_name = excluded.display_name",
            (
                member.room_id.as_str(),
                member.user_id.as_str(),
                member.membership,
                &member.display_name,
            ),
        )?;
        Ok(())
    }

    pub(super) fn map(&mut self, mapping: &Mapping) -> Result<(), StoreError> {
        self.execute(
            "writing a mapping",
            "INSERT INTO mappings (lane, kind, remote_id, part, event_id, sender)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (lane, remote_id, kind, part, event_id) DO NOTHING",
            (
                mapping.lane,
                mapping.kind,
                &mapping.remote_id,
                mapping.part,
                mapping.event_id.as_str(),
                mapping.sender.as_str(),
            ),
        )?;
        Ok(())
    }

    pub(super) fn cursor(&mut self, scope: &str, value: Option<&str>) -> Result<(), StoreError> {
        let what = "writing a cursor";
        match value {
            Some(value) => self.execute(
                what,
                "INSERT INTO cursors (scope, value) VALUES (?1, ?2)
                 ON CONFLICT (scope) DO UPDATE SET value = excluded.value",
                (scope, value),
            )?,
            None => self.execute(what, "DELETE FROM cursors WHERE scope = ?1", [scope])?,
        };
        Ok(())
    }

    /// Forgets a person. The key of a ghost goes last, since conversations are found by it.
    pub(super) fn forget(&mut self, user: &UserId) -> Result<(), StoreError> {
        const CONVERSATIONS: &str = "SELECT lane FROM portals WHERE kind = 2
            AND (user = ?1 OR ghost = (SELECT key FROM ghosts WHERE user_id = ?1))";
        let what = "forgetting a person";
        let lanes: Vec<LaneId> = self
            .statement(what, CONVERSATIONS)?
            .query_map([user.as_str()], |row| row.get(0))
            .and_then(Iterator::collect)
            .doing(what, self.path)?;
        for lane in lanes {
            self.execute(what, "DELETE FROM rows WHERE lane = ?1", [lane])?;
            self.execute(what, "DELETE FROM mappings WHERE lane = ?1", [lane])?;
            self.execute(what, "DELETE FROM portals WHERE lane = ?1", [lane])?;
        }
        for sql in [
            "DELETE FROM mappings WHERE sender = ?1",
            "DELETE FROM members WHERE user_id = ?1",
            "DELETE FROM ghosts WHERE user_id = ?1",
        ] {
            self.execute(what, sql, [user.as_str()])?;
        }
        Ok(())
    }

    /// Tells what must be one of a kind and is not from what the database failed at.
    fn taken(
        &self,
        error: rusqlite::Error,
        what: &str,
        why: impl FnOnce() -> String,
    ) -> StoreError {
        match error.sqlite_error().map(|error| error.extended_code) {
            Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY) => {
                StoreError::Taken { what: why() }
            }
            _ => failed(what, self.path, error),
        }
    }
}
