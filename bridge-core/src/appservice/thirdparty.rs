//! Third-party networks (Application Service API, "Third-party networks").
//!
//! `GET /thirdparty/protocol/{protocol}`, `/thirdparty/location/{protocol}`,
//! `/thirdparty/user/{protocol}`, `/thirdparty/location?alias=` and `/thirdparty/user?userid=`

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::get,
};
use serde_json::{Map, Value, json};

use super::{Appservice, Refusal};
use crate::{core::Core, network::Network};

type Fields = Query<HashMap<String, String>>;

pub(super) fn router<N: Network>() -> Router<Arc<Appservice<N>>> {
    Router::new()
        .route("/protocol/{protocol}", get(protocol::<N>))
        .route("/location/{protocol}", get(locations::<N>))
        .route("/user/{protocol}", get(users::<N>))
        .route("/location", get(location_of_alias::<N>))
        .route("/user", get(user_of_id::<N>))
}

async fn protocol<N: Network>(
    State(service): State<Arc<Appservice<N>>>,
    Path(protocol): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let core = &service.core;
    expect_ours(core, &protocol)?;
    let users = core.names.ghost_field_names();
    let locations = core.names.alias_field_names();
    let types: Map<String, Value> = users
        .iter()
        .chain(&locations)
        .map(|name| (name.clone(), json!({ "regexp": ".+", "placeholder": name })))
        .collect();
    Ok(Json(json!({
        "user_fields": users,
        "location_fields": locations,
        "icon": "",
        "field_types": types,
        "instances": [{
            "network_id": core.protocol.id, "desc": core.protocol.name, "fields": {}
        }],
    })))
}

async fn locations<N: Network>(
    State(service): State<Arc<Appservice<N>>>,
    Path(protocol): Path<String>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    let core = &service.core;
    expect_ours(core, &protocol)?;
    let wanted = fields.clone().into_iter().collect();
    let alias = core.names.portal_of_fields(&wanted).and_then(|portal| core.names.alias(&portal));
    let found = alias.map(|alias| location(core, &alias, &fields));
    Ok(Json(found.into_iter().collect()))
}

async fn users<N: Network>(
    State(service): State<Arc<Appservice<N>>>,
    Path(protocol): Path<String>,
    Query(fields): Fields,
) -> Result<Json<Value>, Refusal> {
    let core = &service.core;
    expect_ours(core, &protocol)?;
    let wanted = fields.clone().into_iter().collect();
    let user = core.names.ghost_of_fields(&wanted).and_then(|key| core.names.ghost_id(&key));
    let found =
        user.map(|user| json!({ "userid": user, "protocol": core.protocol.id, "fields": fields }));
    Ok(Json(found.into_iter().collect()))
}

async fn location_of_alias<N: Network>(
    State(service): State<Arc<Appservice<N>>>,
    Query(query): Fields,
) -> Result<Json<Value>, Refusal> {
    let core = &service.core;
    let localpart = query
        .get("alias")
        .and_then(|alias| alias.strip_prefix('#')?.split_once(':'))
        .filter(|(_, server)| *server == core.names.domain().as_str())
        .map(|(localpart, _)| localpart)
        .ok_or_else(|| Refusal::not_found("location"))?;
    let fields = core.names.fields_of_alias(localpart);
    let fields = fields.ok_or_else(|| Refusal::not_found("location"))?;
    Ok(Json(json!([location(core, localpart, &fields.into_iter().collect())])))
}

async fn user_of_id<N: Network>(
    State(service): State<Arc<Appservice<N>>>,
    Query(query): Fields,
) -> Result<Json<Value>, Refusal> {
    let core = &service.core;
    let user = query.get("userid").and_then(|id| ruma::OwnedUserId::try_from(id.as_str()).ok());
    let fields = user.as_ref().and_then(|user| core.names.fields_of_ghost(user));
    let fields = fields.ok_or_else(|| Refusal::not_found("user"))?;
    let fields: HashMap<String, String> = fields.into_iter().collect();
    Ok(Json(json!([{ "userid": user, "protocol": core.protocol.id, "fields": fields }])))
}

fn location(core: &Core, alias: &str, fields: &HashMap<String, String>) -> Value {
    json!({
        "alias": format!("#{alias}:{}", core.names.domain()),
        "protocol": core.protocol.id,
        "fields": fields,
    })
}

fn expect_ours(core: &Core, protocol: &str) -> Result<(), Refusal> {
    if protocol == core.protocol.id { Ok(()) } else { Err(Refusal::not_found("protocol")) }
}
