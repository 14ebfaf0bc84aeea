//! Power that changed hands on Matrix.

use std::collections::{BTreeMap, BTreeSet};

use ruma::OwnedUserId;
use serde::Deserialize;

use super::{Found, Heard};
use crate::{
    network::{Action, Network, Person, PowerChange},
    store::StoreError,
};

/// Who may what, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
struct Levels {
    #[serde(default)]
    users: BTreeMap<OwnedUserId, i64>,
    #[serde(default)]
    users_default: i64,
}

impl Levels {
    fn of(&self, user: &OwnedUserId) -> i64 {
        self.users.get(user).copied().unwrap_or(self.users_default)
    }
}

/// Whose power is another than before.
pub(super) async fn translate<N: Network>(
    heard: Heard<'_, N>,
    body: &str,
) -> Result<Found, StoreError> {
    #[derive(Deserialize)]
    struct Event {
        content: Levels,
        #[serde(default)]
        unsigned: Unsigned,
    }
    #[derive(Default, Deserialize)]
    struct Unsigned {
        #[serde(default)]
        prev_content: Option<Levels>,
    }
    let Ok(Event { content: now, unsigned }) = serde_json::from_str(body) else { return Ok(None) };
    // Without knowing what was, nothing is taken from anybody.
    let Some(was) = unsigned.prev_content else { return Ok(None) };
    let core = heard.core;
    let mut changes = Vec::new();
    let users: BTreeSet<_> = now.users.keys().chain(was.users.keys()).collect();
    for user in users {
        let (was, now) = (was.of(user), now.of(user));
        if was == now || *user == core.bot {
            continue;
        }
        let who = if core.names.is_ours(user) {
            match core.ghosts.key_of(core, user).await? {
                Some(ghost) => Person::Remote(ghost),
                None => continue,
            }
        } else {
            Person::Matrix(user.clone())
        };
        changes.push(PowerChange { who, was, now });
    }
    Ok((!changes.is_empty()).then_some((Action::Power(changes), None)))
}
