//! How values stand in columns. The numbers are in files out there: they never change.

use std::error::Error as StdError;

use rusqlite::{
    Row as Columns, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Type, ValueRef},
};

use crate::{
    id::{Direction, GhostKey, LaneId, PortalKey, RemoteId, Seq, Timestamp},
    store::{MappingKind, Membership, PortalKind, RowState, Step},
};

/// Implements both ways between a plain enum and its number.
macro_rules! numbered {
    ($name:ty: $($variant:ident = $number:literal),+) => {
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let number: i64 = match self { $(Self::$variant => $number),+ };
                Ok(number.into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                match value.as_i64()? {
                    $($number => Ok(Self::$variant),)+
                    other => Err(FromSqlError::OutOfRange(other)),
                }
            }
        }
    };
}

numbered!(Direction: ToNetwork = 0, ToMatrix = 1);
numbered!(MappingKind: Message = 0, Edit = 1, Reaction = 2);
numbered!(Membership: Join = 0, Invite = 1, Leave = 2, Ban = 3);

/// Implements both ways between a newtype and what it wraps.
macro_rules! wrapped {
    ($($name:ident),+ as number) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map(Self)
            }
        }
    )+};
    ($($name:ident),+ as text) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str().map(Self::from)
            }
        }
    )+};
}

wrapped!(Seq, LaneId as number);
wrapped!(PortalKey, GhostKey, RemoteId as text);

/// SQLite has no unsigned numbers; a time beyond the year 292 million is cut to it.
impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(|millis| Self(u64::try_from(millis).unwrap_or(0)))
    }
}

/// The three columns of a row's state.
pub(super) struct StateColumns<'a> {
    pub(super) code: i64,
    pub(super) why: Option<&'a str>,
    pub(super) not_before: Option<Timestamp>,
}

impl<'a> From<&'a RowState> for StateColumns<'a> {
    fn from(state: &'a RowState) -> Self {
        let (code, why, not_before) = match state {
            RowState::New => (0, None, None),
            RowState::Sending => (1, None, None),
            RowState::Retry { at, why } => (2, Some(&**why), Some(*at)),
            RowState::Uncertain { why } => (3, Some(&**why), None),
            RowState::Dead { why } => (4, Some(&**why), None),
            RowState::Waiting => (5, None, None),
            RowState::Done => (6, None, None),
            RowState::Cancelled => (7, None, None),
        };
        Self { code, why, not_before }
    }
}

/// The code of the state with this label.
pub(super) fn state_code(label: &str) -> Option<i64> {
    ["new", "sending", "retry", "uncertain", "dead", "waiting", "done", "cancelled"]
        .into_iter()
        .zip(0..)
        .find_map(|(known, code)| (known == label).then_some(code))
}

/// Reads a state from the columns `at` (code), `at + 1` (why) and `at + 2` (not before).
pub(super) fn state(columns: &Columns<'_>, at: usize) -> rusqlite::Result<RowState> {
    let why = || columns.get::<_, Option<String>>(at + 1).map(Option::unwrap_or_default);
    Ok(match columns.get(at)? {
        0 => RowState::New,
        1 => RowState::Sending,
        2 => RowState::Retry {
            at: columns.get::<_, Option<Timestamp>>(at + 2)?.unwrap_or_default(),
            why: why()?,
        },
        3 => RowState::Uncertain { why: why()? },
        4 => RowState::Dead { why: why()? },
        5 => RowState::Waiting,
        6 => RowState::Done,
        7 => RowState::Cancelled,
        other => return Err(rusqlite::Error::IntegralValueOutOfRange(at, other)),
    })
}

/// A state as a line of a row's trail.
pub(super) fn step(state: &RowState, at: Timestamp) -> String {
    let step = Step { state: state.label().to_owned(), at, why: state.why().map(str::to_owned) };
    let mut line = serde_json::to_string(&step).unwrap_or_default();
    line.push('\n');
    line
}

/// The three columns of a portal's kind.
pub(super) struct KindColumns<'a> {
    pub(super) code: i64,
    pub(super) user: Option<&'a str>,
    pub(super) ghost: Option<&'a GhostKey>,
}

impl<'a> From<&'a PortalKind> for KindColumns<'a> {
    fn from(kind: &'a PortalKind) -> Self {
        let plain = |code| Self { code, user: None, ghost: None };
        match kind {
            PortalKind::Channel => plain(0),
            PortalKind::Plumbed => plain(1),
            PortalKind::Direct { user, ghost } => {
                Self { code: 2, user: Some(user.as_str()), ghost: Some(ghost) }
            }
            PortalKind::Control => plain(3),
            PortalKind::Unlinked => plain(4),
        }
    }
}

/// Reads a portal's kind from the columns `at` (code), `at + 1` (user) and `at + 2` (ghost).
pub(super) fn kind(columns: &Columns<'_>, at: usize) -> rusqlite::Result<PortalKind> {
    Ok(match columns.get(at)? {
        0 => PortalKind::Channel,
        1 => PortalKind::Plumbed,
        2 => PortalKind::Direct { user: id(columns, at + 1)?, ghost: columns.get(at + 2)? },
        3 => PortalKind::Control,
        4 => PortalKind::Unlinked,
        other => return Err(rusqlite::Error::IntegralValueOutOfRange(at, other)),
    })
}

/// Reads an id of Matrix.
pub(super) fn id<T>(columns: &Columns<'_>, at: usize) -> rusqlite::Result<T>
where
    T: TryFrom<String, Error: StdError + Send + Sync + 'static>,
{
    parse(columns.get(at)?, at)
}

/// Reads an id of Matrix that may be missing.
pub(super) fn optional_id<T>(columns: &Columns<'_>, at: usize) -> rusqlite::Result<Option<T>>
where
    T: TryFrom<String, Error: StdError + Send + Sync + 'static>,
{
    columns.get::<_, Option<String>>(at)?.map(|text| parse(text, at)).transpose()
}

fn parse<T>(text: String, at: usize) -> rusqlite::Result<T>
where
    T: TryFrom<String, Error: StdError + Send + Sync + 'static>,
{
    T::try_from(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_the_code_of_its_label() {
        let why = String::from("why");
        for state in [
            RowState::New,
            RowState::Sending,
            RowState::Retry { at: Timestamp(1), why: why.clone() },
            RowState::Uncertain { why: why.clone() },
            RowState::Dead { why },
            RowState::Waiting,
            RowState::Done,
            RowState::Cancelled,
        ] {
            assert_eq!(state_code(state.label()), Some(StateColumns::from(&state).code));
        }
    }
}
