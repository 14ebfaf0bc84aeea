//! Rows of the lanes.

use rusqlite::{Connection, Row as Columns, params_from_iter};

use super::{all, first, limited};
use crate::{
    id::{Direction, LaneId, Seq, Timestamp},
    store::{
        Backlog, QueueFilter, Row,
        sqlite::codec::{self, state_code},
    },
};

/// A query for whole rows, as [`whole`] reads them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, lane, direction, state, why, not_before, attempts, created, changed, key,
                    progress, body FROM rows ",
            $rest
        )
    };
}

fn whole(columns: &Columns<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        seq: columns.get(0)?,
        lane: columns.get(1)?,
        direction: columns.get(2)?,
        state: codec::state(columns, 3)?,
        attempts: columns.get(6)?,
        created: columns.get(7)?,
        changed: columns.get(8)?,
        key: columns.get(9)?,
        progress: columns.get(10)?,
        body: columns.get(11)?,
    })
}

pub(in crate::store::sqlite) fn row(conn: &Connection, seq: Seq) -> rusqlite::Result<Option<Row>> {
    first(conn, select!("WHERE seq = ?1"), [seq], whole)
}

/// The trail of a row, as it is written.
pub(in crate::store::sqlite) fn trail(
    conn: &Connection,
    seq: Seq,
) -> rusqlite::Result<Option<String>> {
    let trail = first(conn, "SELECT trail FROM rows WHERE seq = ?1", [seq], |row| row.get(0))?;
    Ok(trail.flatten())
}

pub(in crate::store::sqlite) fn row_by_key(
    conn: &Connection,
    direction: Direction,
    key: &str,
) -> rusqlite::Result<Option<Row>> {
    first(conn, select!("WHERE direction = ?1 AND key = ?2"), (direction, key), whole)
}

pub(in crate::store::sqlite) fn pending(
    conn: &Connection,
    lane: LaneId,
    direction: Direction,
    after: Seq,
    limit: usize,
) -> rusqlite::Result<Vec<Row>> {
    let sql = select!(
        "WHERE lane = ?1 AND direction = ?2 AND state < 3 AND seq > ?3 ORDER BY seq LIMIT ?4"
    );
    all(conn, sql, (lane, direction, after, limited(limit)), whole)
}

pub(in crate::store::sqlite) fn pending_lanes(conn: &Connection) -> rusqlite::Result<Vec<LaneId>> {
    let sql = "SELECT lane FROM rows WHERE state < 3 GROUP BY lane ORDER BY min(seq)";
    all(conn, sql, [], |columns| columns.get(0))
}

pub(in crate::store::sqlite) fn backlog(conn: &Connection) -> rusqlite::Result<Backlog> {
    let mut backlog = Backlog::default();
    let unsettled =
        "SELECT direction, count(*), min(created) FROM rows WHERE state < 3 GROUP BY direction";
    for (direction, count, oldest) in
        all(conn, unsettled, [], |columns| Ok((columns.get(0)?, count(columns)?, columns.get(2)?)))?
    {
        match direction {
            Direction::ToNetwork => backlog.to_network = count,
            Direction::ToMatrix => backlog.to_matrix = count,
        }
        backlog.oldest = Some(backlog.oldest.map_or(oldest, |known| oldest.min(known)));
    }
    let parked = "SELECT state, count(*) FROM rows WHERE state BETWEEN 3 AND 5 GROUP BY state";
    for (state, count) in
        all(conn, parked, [], |columns| Ok((columns.get::<_, i64>(0)?, count(columns)?)))?
    {
        match state {
            3 => backlog.uncertain = count,
            4 => backlog.dead = count,
            _ => {}
        }
    }
    Ok(backlog)
}

/// The count in the second column.
fn count(columns: &Columns<'_>) -> rusqlite::Result<u64> {
    columns.get::<_, i64>(1).map(i64::unsigned_abs)
}

pub(in crate::store::sqlite) fn queue(
    conn: &Connection,
    filter: &QueueFilter,
    limit: usize,
) -> rusqlite::Result<Vec<Row>> {
    const DEFAULT: [&str; 3] = ["retry", "uncertain", "dead"];
    let codes: Vec<i64> = if filter.states.is_empty() {
        DEFAULT.into_iter().filter_map(state_code).collect()
    } else {
        filter.states.iter().filter_map(|label| state_code(label)).collect()
    };
    // Two ranges of states have an index of their own, which finds the places; only then are the
    // rows themselves read. Left to itself, SQLite would walk through all rows in order.
    let ranges = [
        ("INDEXED BY rows_unsettled WHERE state < 3", 0..3),
        ("INDEXED BY rows_parked WHERE state BETWEEN 3 AND 5", 3..6),
        ("WHERE state >= 6", 6..8),
    ];
    let mut rows = Vec::new();
    for (range, of) in ranges {
        let wanted: Vec<i64> = codes.iter().copied().filter(|code| of.contains(code)).collect();
        if !wanted.is_empty() {
            rows.extend(queue_range(conn, range, &wanted, filter.lane, limit)?);
        }
    }
    rows.sort_unstable_by_key(|row| row.seq);
    rows.truncate(limit);
    Ok(rows)
}

fn queue_range(
    conn: &Connection,
    range: &str,
    codes: &[i64],
    lane: Option<LaneId>,
    limit: usize,
) -> rusqlite::Result<Vec<Row>> {
    let marks = vec!["?"; codes.len()].join(", ");
    let only = if lane.is_some() { "AND lane = ?" } else { "" };
    let sql = format!(
        concat!(
            select!("WHERE seq IN"),
            "(SELECT seq FROM rows {} AND state IN ({}) {} ORDER BY seq LIMIT ?)"
        ),
        range, marks, only
    );
    let params = codes.iter().copied().chain(lane.map(|lane| lane.0)).chain([limited(limit)]);
    conn.prepare_cached(&sql)?.query_map(params_from_iter(params), whole)?.collect()
}

/// Looks through the next few rows after `after`: how far it looked (`None` at the end), and
/// how many of them [`trim`](crate::store::Store::trim) would remove.
pub(in crate::store::sqlite) fn trimmable(
    conn: &Connection,
    after: Seq,
    before: Timestamp,
) -> rusqlite::Result<(Option<Seq>, u64)> {
    let sql = "SELECT max(seq), count(*) FILTER (WHERE state >= 6 AND changed < ?2) FROM
        (SELECT seq, state, changed FROM rows WHERE seq > ?1 ORDER BY seq LIMIT 1000)";
    conn.prepare_cached(sql)?
        .query_one((after, before), |columns| Ok((columns.get(0)?, count(columns)?)))
}
