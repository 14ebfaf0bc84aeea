//! New rooms.

use std::sync::Arc;

use axum::http::StatusCode;
use ruma::{
    OwnedEventId, OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, RoomVersionId, UserId,
    api::client::room::{
        Visibility,
        create_room::v3::{Request, RoomPreset},
    },
};
use serde_json::{Map, Value, json};

use super::{
    event::Draft,
    refusal::Refusal,
    room::{Room, random_name},
    rules::creator_in_power_levels,
    service::Service,
    world::{World, write},
};

/// Versions that rooms can be made of.
pub(super) const VERSIONS: [RoomVersionId; 3] =
    [RoomVersionId::V10, RoomVersionId::V11, RoomVersionId::V12];

impl World {
    /// Makes a room as Synapse does, with the same events in the same order.
    pub(super) async fn create_room(
        &self,
        creator: &UserId,
        service: Option<&Arc<Service>>,
        request: Request,
    ) -> Result<OwnedRoomId, Refusal> {
        let version = request.room_version.clone().unwrap_or_else(|| self.room_version.clone());
        if !VERSIONS.contains(&version) {
            let status = StatusCode::BAD_REQUEST;
            return Err(Refusal::new(
                status,
                "M_UNSUPPORTED_ROOM_VERSION",
                "Your homeserver does not support this room version",
            ));
        }
        let plan = Plan::new(creator, &version, &request)?;
        let (room_id, create_id) = new_ids(&version, self);
        let invited = request.invite.clone();
        let alias = request.room_alias_name.as_deref().map(|localpart| {
            RoomAliasId::parse(format!("#{localpart}:{}", self.domain))
                .map_err(|_| Refusal::invalid("room_alias_name makes no alias"))
        });
        if let Some(alias) = alias.transpose()? {
            self.check_alias(service, &alias)?;
            // Whoever follows the alias finds the whole room.
            let mut aliases = write(&self.aliases);
            if aliases.contains_key(&alias) {
                let status = StatusCode::BAD_REQUEST;
                return Err(Refusal::new(status, "M_ROOM_IN_USE", "Room alias already taken"));
            }
            self.found(&plan, room_id.clone(), create_id, request, Some(&alias));
            aliases.insert(alias, room_id.clone());
        } else {
            self.found(&plan, room_id.clone(), create_id, request, None);
        }
        for invited in &invited {
            self.invite(room_id.as_str(), creator, invited, None).await?;
        }
        Ok(room_id)
    }

    fn found(
        &self,
        plan: &Plan,
        room_id: OwnedRoomId,
        create_id: OwnedEventId,
        request: Request,
        alias: Option<&RoomAliasId>,
    ) {
        let room = Arc::new(Room::new(room_id.clone()));
        {
            let mut contents = room.lock();
            contents.power.creators.clone_from(&plan.creators);
            contents.aliases.extend(alias.map(ToOwned::to_owned));
        }
        write(&self.rooms).insert(room_id, Arc::clone(&room));

        let creator = &plan.creator;
        let state = |kind: &str, key: &str, content: &Value| {
            Draft::state(creator.clone(), kind, key, content)
        };
        room.found(self, state("m.room.create", "", &plan.create), Some(create_id));
        let mut joined = self.member_content(creator, "join", None);
        if request.is_direct {
            joined["is_direct"] = true.into();
        }
        let mut drafts = vec![
            state("m.room.member", creator.as_str(), &joined),
            state("m.room.power_levels", "", &plan.power_levels),
        ];
        if let Some(alias) = alias {
            drafts.push(state("m.room.canonical_alias", "", &json!({ "alias": alias })));
        }
        let initial: Vec<Initial> = request
            .initial_state
            .iter()
            .filter_map(|event| serde_json::from_str(event.json().get()).ok())
            .collect();
        for (kind, content) in plan.preset() {
            if !initial.iter().any(|event| event.kind == kind && event.state_key.is_empty()) {
                drafts.push(state(kind, "", &content));
            }
        }
        drafts.extend(
            initial.iter().map(|event| state(&event.kind, &event.state_key, &event.content)),
        );
        if let Some(name) = request.name {
            drafts.push(state("m.room.name", "", &json!({ "name": name })));
        }
        if let Some(topic) = request.topic {
            drafts.push(state("m.room.topic", "", &json!({ "topic": topic })));
        }
        for draft in drafts {
            room.found(self, draft, None);
        }
    }
}

/// What a new room is to be like.
struct Plan {
    creator: OwnedUserId,
    /// Whoever stands above the power levels.
    creators: Vec<OwnedUserId>,
    create: Value,
    power_levels: Value,
    is_public: bool,
}

impl Plan {
    fn new(creator: &UserId, version: &RoomVersionId, request: &Request) -> Result<Self, Refusal> {
        let asked = request.creation_content.as_ref().map(|content| content.json().get());
        let mut create: Map<String, Value> =
            asked.and_then(|content| serde_json::from_str(content).ok()).unwrap_or_default();
        create.insert("room_version".to_owned(), version.as_str().into());
        let creators = if *version == RoomVersionId::V12 {
            let more = create.get("additional_creators").cloned().unwrap_or_default();
            let more: Vec<OwnedUserId> = serde_json::from_value(more).unwrap_or_default();
            [creator.to_owned()].into_iter().chain(more).collect()
        } else {
            create.remove("additional_creators");
            if *version == RoomVersionId::V10 {
                create.insert("creator".to_owned(), creator.as_str().into());
            }
            Vec::new()
        };
        let preset = request.preset.as_ref();
        let is_public = match preset {
            Some(preset) => *preset == RoomPreset::PublicChat,
            None => request.visibility == Visibility::Public,
        };
        let mut power_levels = default_power_levels(creator, &creators);
        if preset == Some(&RoomPreset::TrustedPrivateChat) {
            for invited in &request.invite {
                power_levels["users"][invited.as_str()] = 100.into();
            }
        }
        if let Some(over) = &request.power_level_content_override {
            let over: Map<String, Value> =
                serde_json::from_str(over.json().get()).unwrap_or_default();
            for (key, value) in over {
                power_levels[key] = value;
            }
        }
        if creators.iter().any(|creator| !power_levels["users"][creator.as_str()].is_null()) {
            return Err(creator_in_power_levels());
        }
        Ok(Self {
            creator: creator.to_owned(),
            creators,
            create: create.into(),
            power_levels,
            is_public,
        })
    }

    fn preset(&self) -> [(&'static str, Value); 3] {
        let (join_rule, guest_access) =
            if self.is_public { ("public", "forbidden") } else { ("invite", "can_join") };
        [
            ("m.room.join_rules", json!({ "join_rule": join_rule })),
            ("m.room.history_visibility", json!({ "history_visibility": "shared" })),
            ("m.room.guest_access", json!({ "guest_access": guest_access })),
        ]
    }
}

#[derive(serde::Deserialize)]
struct Initial {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    state_key: String,
    content: Value,
}

fn default_power_levels(creator: &UserId, creators: &[OwnedUserId]) -> Value {
    let users = if creators.is_empty() { json!({ creator.as_str(): 100 }) } else { json!({}) };
    let tombstone = if creators.is_empty() { 100 } else { 150 };
    json!({
        "users": users,
        "users_default": 0,
        "events": {
            "m.room.name": 50,
            "m.room.power_levels": 100,
            "m.room.history_visibility": 100,
            "m.room.canonical_alias": 50,
            "m.room.avatar": 50,
            "m.room.tombstone": tombstone,
            "m.room.server_acl": 100,
            "m.room.encryption": 100,
        },
        "events_default": 0,
        "state_default": 50,
        "ban": 50,
        "kick": 50,
        "redact": 50,
        "invite": 50,
        "historical": 100,
    })
}

/// The ids of a room and of its first event; from version 12 on they are one.
fn new_ids(version: &RoomVersionId, world: &World) -> (OwnedRoomId, OwnedEventId) {
    let hash = random_name();
    let room_id = if *version == RoomVersionId::V12 {
        format!("!{hash}")
    } else {
        format!("!{}:{}", &random_name()[..18], world.domain)
    };
    let room_id = RoomId::parse(room_id).expect("the alphabet of base64 makes a room id");
    let create_id = OwnedEventId::try_from(format!("${hash}")).expect("base64 makes an event id");
    (room_id, create_id)
}
