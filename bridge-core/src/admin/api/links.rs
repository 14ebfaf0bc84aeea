//! `/links`: which room goes to which channel.

use std::sync::Arc;

use axum::{Json, extract::State};
use ruma::OwnedUserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, ErrorBody, error::ApiError};
use crate::{
    core::Core,
    portal::link::{Asker, Change, Changed},
    store::{Portal, PortalKind, StoreError},
};

/// A channel and the room that mirrors it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Link {
    /// The channel, as the command line names it.
    pub(crate) remote: String,
    /// The room's id; null while it is being made.
    pub(crate) room: Option<String>,
    /// `channel`: the bridge made the room; `plumbed`: it was there; `unlinked`: nothing is
    /// carried at present.
    pub(crate) kind: String,
    /// The alias that the bridge gave it.
    pub(crate) alias: Option<String>,
    /// The channel's name for people.
    pub(crate) name: Option<String>,
}

/// A link to make.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkRequest {
    /// The channel, such as `network/#channel`.
    pub(crate) remote: String,
    /// The room, by id or alias.
    pub(crate) room: String,
    /// A Matrix user who must have the power to link the room.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) asker: Option<OwnedUserId>,
}

/// A link to end.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnlinkRequest {
    /// The room, by id or alias.
    pub(crate) room: String,
}

/// What became of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct LinkAnswer {
    /// `linked`, `moved`, `unchanged` or `unlinked`.
    #[schema(value_type = String)]
    pub(crate) outcome: Change,
    /// The channel.
    pub(crate) remote: String,
    /// The room's id.
    pub(crate) room: String,
}

impl From<Changed> for LinkAnswer {
    fn from(changed: Changed) -> Self {
        Self {
            outcome: changed.change,
            remote: changed.key.to_string(),
            room: changed.room_id.to_string(),
        }
    }
}

/// All links, by their channels' names.
pub(crate) async fn links(core: &Core) -> Result<Vec<Link>, StoreError> {
    let portals = core.store.portals("").await?;
    let mut links: Vec<Link> =
        portals.into_iter().filter_map(|portal| link_of(core, portal)).collect();
    links.sort_by(|a, b| a.remote.cmp(&b.remote));
    Ok(links)
}

fn link_of(core: &Core, portal: Portal) -> Option<Link> {
    let kind = match portal.kind {
        PortalKind::Channel => "channel",
        PortalKind::Plumbed => "plumbed",
        PortalKind::Unlinked => "unlinked",
        PortalKind::Direct { .. } | PortalKind::Control => return None,
    };
    Some(Link {
        remote: portal.key.to_string(),
        room: portal.room_id.map(|room| room.to_string()),
        kind: kind.to_owned(),
        alias: portal.alias.map(|alias| format!("#{alias}:{}", core.names.domain())),
        name: portal.name,
    })
}

#[utoipa::path(get, path = "/links", responses((status = 200, body = [Link])))]
pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<Vec<Link>>, ApiError> {
    Ok(Json(links(&api.core).await?))
}

/// Makes a link, or moves it. Answers once it is made; where an operator of the channel is asked
/// first, that takes a while.
#[utoipa::path(
    put, path = "/links", request_body = LinkRequest,
    responses(
        (status = 200, body = LinkAnswer),
        (status = 400, body = ErrorBody, description = "the names cannot be read"),
        (status = 403, body = ErrorBody, description = "somebody says no"),
        (status = 404, body = ErrorBody, description = "there is no such room"),
        (status = 409, body = ErrorBody, description = "the room is linked to another channel"),
        (status = 502, body = ErrorBody, description = "homeserver or network do not answer"),
    )
)]
pub(super) async fn link(
    State(api): State<Arc<Api>>,
    Json(request): Json<LinkRequest>,
) -> Result<Json<LinkAnswer>, ApiError> {
    let asker = Asker::Admin(request.asker);
    let changed = api.links.link(request.remote, request.room, asker).await?;
    Ok(Json(changed.into()))
}

/// Ends a link. The room and the map of messages stay.
#[utoipa::path(
    post, path = "/links/unlink", request_body = UnlinkRequest,
    responses(
        (status = 200, body = LinkAnswer),
        (status = 404, body = ErrorBody, description = "the room is not linked"),
    )
)]
pub(super) async fn unlink(
    State(api): State<Arc<Api>>,
    Json(request): Json<UnlinkRequest>,
) -> Result<Json<LinkAnswer>, ApiError> {
    Ok(Json(api.links.unlink(request.room).await?.into()))
}
