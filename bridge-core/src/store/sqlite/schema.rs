//! The tables, and how an older file comes to have them.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::Doing;
use crate::store::StoreError;

/// One step from a schema to the next. Steps that were released are never edited.
struct Migration {
    /// The oldest schema whose programs can still work on the file after this step.
    compatible: i64,
    sql: &'static str,
}

/// All steps; the schema's version is how many of them a file has seen.
const MIGRATIONS: &[Migration] =
    &[Migration { compatible: 1, sql: FIRST }, Migration { compatible: 1, sql: TRAIL }];

/// The states that a row went through: a line of JSON each.
const TRAIL: &str = "ALTER TABLE rows ADD COLUMN trail TEXT;";

/// States are numbered so that three ranges tell them apart (see `codec`): below 3 unsettled,
/// 3 to 5 parked, from 6 on settled. The indexes and queries spell the ranges the same way, or
/// SQLite would not use the indexes.
///
/// Long columns stand last, so that the others are read without them.
const FIRST: &str = "
CREATE TABLE rows (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    lane       INTEGER NOT NULL,
    direction  INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    created    INTEGER NOT NULL,
    changed    INTEGER NOT NULL,
    not_before INTEGER,
    key        TEXT,
    why        TEXT,
    progress   TEXT,
    body       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX rows_key ON rows (direction, key) WHERE key IS NOT NULL;
CREATE INDEX rows_unsettled ON rows (lane, direction, seq, created, state) WHERE state < 3;
CREATE INDEX rows_parked ON rows (state, seq) WHERE state BETWEEN 3 AND 5;

CREATE TABLE portals (
    lane       INTEGER PRIMARY KEY AUTOINCREMENT,
    key        TEXT NOT NULL UNIQUE,
    kind       INTEGER NOT NULL,
    user       TEXT,
    ghost      TEXT,
    room_id    TEXT UNIQUE,
    alias      TEXT UNIQUE,
    name       TEXT,
    topic      TEXT,
    last_event TEXT,
    gap_from   TEXT,
    epoch      TEXT,
    used       INTEGER NOT NULL
) STRICT;

CREATE TABLE ghosts (
    key          TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL UNIQUE,
    registered   INTEGER NOT NULL,
    display_name TEXT
) STRICT;

CREATE TABLE members (
    room_id      TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    membership   INTEGER NOT NULL,
    display_name TEXT,
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mappings (
    lane      INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    part      INTEGER NOT NULL,
    event_id  TEXT NOT NULL,
    sender    TEXT NOT NULL,
    PRIMARY KEY (lane, remote_id, kind, part, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mappings_event ON mappings (event_id, part);

CREATE TABLE cursors (
    scope TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    name    TEXT PRIMARY KEY,
    owner   TEXT,
    counter INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Brings a file to the present schema, in one transaction.
///
/// A newer file is left as it is: it is used if it says that this version may, else refused.
pub(super) fn migrate(conn: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let known = MIGRATIONS.len();
    let tx = conn
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .doing("looking at the schema", path)?;
    let (version, compatible) = versions(&tx, path)?;
    let newest = i64::try_from(known).unwrap_or(i64::MAX);
    if compatible > newest {
        return Err(StoreError::TooNew {
            path: path.display().to_string(),
            found: compatible,
            known: newest,
        });
    }
    let seen = usize::try_from(version).unwrap_or(0);
    let Some(to_do @ [.., last]) = MIGRATIONS.get(seen..) else { return Ok(()) };
    for step in to_do {
        tx.execute_batch(step.sql).doing("bringing the schema up to date", path)?;
    }
    tx.execute(
        "INSERT INTO meta (name, value) VALUES ('schema', ?1), ('compatible', ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (newest, last.compatible),
    )
    .and_then(|_| tx.commit())
    .doing("bringing the schema up to date", path)
}

/// The file's schema and the oldest that may work on it; zeros for an empty file.
fn versions(conn: &Connection, path: &Path) -> Result<(i64, i64), StoreError> {
    let count = "SELECT count(*), count(*) FILTER (WHERE name = 'meta') FROM sqlite_schema";
    let (tables, meta): (i64, i64) = conn
        .query_one(count, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .doing("looking at the schema", path)?;
    if meta == 0 {
        if tables > 0 {
            return Err(StoreError::Failed {
                what: format!(
                    "{} is a database, but not a store of a bridge: choose another store.url",
                    path.display()
                ),
                source: None,
            });
        }
        conn.execute_batch(
            "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)
             STRICT, WITHOUT ROWID",
        )
        .doing("making the schema", path)?;
        return Ok((0, 0));
    }
    let value = |name: &str| {
        conn.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map(Option::unwrap_or_default)
            .doing("looking at the schema", path)
    };
    Ok((value("schema")?, value("compatible")?))
}
