//! What can be asked, each question one function of a connection.

mod records;
mod rows;

pub(super) use self::{
    records::{
        cursor, cursors, ghost, ghost_by_user, mappings_of_event, mappings_of_remote, member,
        members, portal, portals,
    },
    rows::{backlog, pending, pending_lanes, queue, row, row_by_key, trail, trimmable},
};
use rusqlite::{Connection, OptionalExtension, Params, Row as Columns};

/// All answers of a query.
fn all<T>(
    conn: &Connection,
    sql: &'static str,
    params: impl Params,
    read: impl FnMut(&Columns<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map(params, read)?.collect()
}

/// The first answer of a query.
fn first<T>(
    conn: &Connection,
    sql: &'static str,
    params: impl Params,
    read: impl FnOnce(&Columns<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    conn.prepare_cached(sql)?.query_row(params, read).optional()
}

/// `LIMIT` as SQLite takes it.
fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
