//! `/forget`: deletes what is known of a person.

use std::sync::Arc;

use axum::{Json, extract::State};
use ruma::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, ErrorBody, error::ApiError, queue::origin};
use crate::{
    core::Core,
    homeserver::As,
    id::{GhostKey, Seq},
    store::{Batch, Op, QueueFilter, RowState, StoreError},
};

/// Whom to forget.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgetRequest {
    /// A Matrix id, of a ghost too, or a person of the network such as `network/nick`.
    pub(crate) user: String,
}

/// What was forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Forgotten {
    /// The Matrix id of the person, or of the ghost that stood for them.
    pub(crate) user: String,
    /// How many messages of theirs were kept and are no more.
    pub(crate) messages: usize,
    /// How many small facts named them.
    pub(crate) facts: usize,
    /// How many rooms the ghost left.
    pub(crate) rooms: usize,
}

/// Deletes what is known of a person: kept messages, names, memberships, ids of their messages,
/// conversations of two, the ghost and the facts of the network. What they say from now on is
/// carried as before.
#[utoipa::path(
    post, path = "/forget", request_body = ForgetRequest,
    responses((status = 200, body = Forgotten), (status = 400, body = ErrorBody))
)]
pub(super) async fn forget(
    State(api): State<Arc<Api>>,
    Json(request): Json<ForgetRequest>,
) -> Result<Json<Forgotten>, ApiError> {
    let core = &api.core;
    let person = Person::find(core, &request.user).await?;
    let rooms = if core.names.is_ghost(&person.user) {
        leave_everywhere(core, &person.user).await
    } else {
        (api.forget)(person.user.clone()).await;
        0
    };
    let rows = rows_of(core, &person).await?;
    let facts = facts_of(core, &person).await?;
    let at = core.clock.now();
    let to = RowState::Cancelled;
    let mut ops: Vec<Op> =
        rows.iter().map(|seq| Op::Move { seq: *seq, to: to.clone(), at }).collect();
    let messages = ops.len();
    ops.extend(facts.iter().map(|scope| Op::Cursor { scope: scope.clone(), value: None }));
    ops.push(Op::Forget(person.user.clone()));
    core.store.commit(Batch::durable(ops)).await?;
    core.portals.forget_all();
    core.ghosts.forget_all();
    core.members.forget_all();
    core.intents.forget_all();
    let user = person.user.to_string();
    Ok(Json(Forgotten { user, messages, facts: facts.len(), rooms }))
}

/// Whom to forget, under both names.
struct Person {
    user: OwnedUserId,
    ghost: Option<GhostKey>,
}

impl Person {
    async fn find(core: &Core, name: &str) -> Result<Self, ApiError> {
        if name.starts_with('@') {
            let user = UserId::parse(name).map_err(|_| {
                ApiError::bad_request("bad_user", format!("{name:?} is no Matrix id"))
            })?;
            if user == core.bot {
                return Err(ApiError::bad_request("bad_user", "the bot cannot be forgotten"));
            }
            let ghost = core.ghosts.key_of(core, &user).await?;
            return Ok(Self { user, ghost });
        }
        let key = GhostKey::from(name);
        let known = core.ghosts.find(&key).await?.map(|ghost| ghost.user_id.clone());
        match known.or_else(|| core.names.ghost_id(&key)) {
            Some(user) => Ok(Self { user, ghost: Some(key) }),
            None => Err(ApiError::bad_request(
                "bad_user",
                format!(
                    "{name:?} names nobody; write @user:server or, as on the network, \
                         network/nick"
                ),
            )),
        }
    }

    /// Whether a text is, or ends with, the name of the person.
    fn is_named_by(&self, text: &str) -> bool {
        let ends = |name: &str| {
            text.strip_suffix(name)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', ' ']))
        };
        ends(self.user.as_str()) || self.ghost.as_ref().is_some_and(|ghost| ends(ghost.as_str()))
    }
}

/// Rows whose sender is the person and that still keep what was said.
async fn rows_of(core: &Core, person: &Person) -> Result<Vec<Seq>, StoreError> {
    let states = vec!["dead".to_owned(), "uncertain".to_owned()];
    let rows = core.store.queue(QueueFilter { states, lane: None }, usize::MAX).await?;
    let is_theirs = |sender: &str| {
        sender == person.user.as_str()
            || person.ghost.as_ref().is_some_and(|ghost| sender == ghost.as_str())
    };
    let theirs = rows.iter().filter(|row| origin(row).0.is_some_and(|sender| is_theirs(&sender)));
    Ok(theirs.map(|row| row.seq).collect())
}

/// Facts that the core or the network keeps about the person.
async fn facts_of(core: &Core, person: &Person) -> Result<Vec<String>, StoreError> {
    let facts = core.store.cursors("").await?;
    let theirs =
        |(scope, value): &(String, String)| person.is_named_by(scope) || person.is_named_by(value);
    Ok(facts.into_iter().filter(theirs).map(|(scope, _)| scope).collect())
}

/// Takes a ghost out of its rooms, and its name off; answers how many rooms it left.
async fn leave_everywhere(core: &Core, ghost: &UserId) -> usize {
    let rooms = core.homeserver.joined_rooms(As::User(ghost)).await.unwrap_or_default();
    let mut left = 0;
    for room in rooms {
        match core.homeserver.leave(&room, As::User(ghost), None).await {
            Ok(()) => left += 1,
            Err(error) => tracing::warn!(%error, %room, "a ghost that is forgotten stays"),
        }
    }
    if let Err(error) = core.homeserver.set_display_name(As::User(ghost), "").await {
        tracing::info!(%error, "the name of a ghost that is forgotten stays");
    }
    left
}
