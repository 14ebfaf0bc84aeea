//! Rooms: made, joined, left and looked at.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Event, MatrixUser};

/// A room to be made; private and without a name unless told otherwise.
#[derive(Clone, Debug)]
pub struct NewRoom {
    request: Value,
}

impl Default for NewRoom {
    fn default() -> Self {
        Self { request: json!({"preset": "private_chat"}) }
    }
}

impl NewRoom {
    /// Anyone may join it, and it stands in the room directory.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.request["preset"] = "public_chat".into();
        self.request["visibility"] = "public".into();
        self
    }

    /// Its version.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.request["room_version"] = version.into();
        self
    }

    /// The local part of its alias.
    #[must_use]
    pub fn alias(mut self, localpart: &str) -> Self {
        self.request["room_alias_name"] = localpart.into();
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.request["name"] = name.into();
        self
    }

    /// Its topic.
    #[must_use]
    pub fn topic(mut self, topic: &str) -> Self {
        self.request["topic"] = topic.into();
        self
    }

    /// Who is invited from the beginning.
    #[must_use]
    pub fn invite(mut self, users: &[&str]) -> Self {
        self.request["invite"] = json!(users);
        self
    }

    /// A direct conversation, in which everybody has the creator's power.
    #[must_use]
    pub fn direct(mut self) -> Self {
        self.request["preset"] = "trusted_private_chat".into();
        self.request["is_direct"] = true.into();
        self
    }

    /// Any other key of the request.
    #[must_use]
    pub fn set(mut self, key: &str, value: Value) -> Self {
        self.request[key] = value;
        self
    }
}

impl MatrixUser {
    /// Makes a room and returns its id.
    pub async fn create_room(&self, room: NewRoom) -> Result<String> {
        room_id(&self.api.post(&["createRoom"], &room.request).await?)
    }

    /// Joins a room by id or alias and returns its id.
    pub async fn join(&self, room: &str) -> Result<String> {
        room_id(&self.api.post(&["join", room], &json!({})).await?)
    }

    /// Joins a room, by id or alias, through a server.
    pub async fn join_via(&self, room: &str, server: &str) -> Result<String> {
        let call = self.api.request(Method::POST, &["join", room])?;
        // Homeservers read the one name or the other.
        let call = call.query("via", server).query("server_name", server);
        room_id(&call.json(&json!({})).send().await?)
    }

    /// Leaves a room.
    pub async fn leave(&self, room: &str) -> Result<()> {
        self.in_room(room, "leave", json!({})).await
    }

    /// Invites someone.
    pub async fn invite(&self, room: &str, user: &str) -> Result<()> {
        self.in_room(room, "invite", json!({"user_id": user})).await
    }

    /// Kicks someone.
    pub async fn kick(&self, room: &str, user: &str, reason: &str) -> Result<()> {
        self.in_room(room, "kick", json!({"user_id": user, "reason": reason})).await
    }

    /// Bans someone.
    pub async fn ban(&self, room: &str, user: &str, reason: &str) -> Result<()> {
        self.in_room(room, "ban", json!({"user_id": user, "reason": reason})).await
    }

    /// Replaces a room by one of another version and returns the id of the new one.
    pub async fn upgrade(&self, room: &str, version: &str) -> Result<String> {
        let body = json!({ "new_version": version });
        let answer = self.api.post(&["rooms", room, "upgrade"], &body).await?;
        Ok(answer["replacement_room"].as_str().context("there is a new room")?.to_owned())
    }

    /// What application services say of a third-party network: `GET /thirdparty/…`.
    pub async fn third_party(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value> {
        let segments: Vec<&str> = ["thirdparty"].iter().chain(path).copied().collect();
        let call = self.api.request(Method::GET, &segments)?;
        query.iter().fold(call, |call, (name, value)| call.query(name, value)).send().await
    }

    /// The room of an alias.
    pub async fn resolve(&self, alias: &str) -> Result<String> {
        room_id(&self.api.get(&["directory", "room", alias]).await?)
    }

    /// Who is in a room: display names by user id.
    pub async fn members(&self, room: &str) -> Result<BTreeMap<String, String>> {
        let answer = self.api.get(&["rooms", room, "joined_members"]).await?;
        let joined = answer["joined"].as_object().context("joined_members names members")?;
        let name = |member: &Value| member["display_name"].as_str().unwrap_or_default().to_owned();
        Ok(joined.iter().map(|(user, member)| (user.clone(), name(member))).collect())
    }

    /// The content of a state event.
    pub async fn state(&self, room: &str, kind: &str, key: &str) -> Result<Value> {
        self.api.get(&["rooms", room, "state", kind, key]).await
    }

    /// All state events.
    pub async fn whole_state(&self, room: &str) -> Result<Vec<Value>> {
        let answer = self.api.get(&["rooms", room, "state"]).await?;
        Ok(answer.as_array().cloned().unwrap_or_default())
    }

    /// Sets state and returns the event's id.
    pub async fn set_state(
        &self,
        room: &str,
        kind: &str,
        key: &str,
        content: Value,
    ) -> Result<String> {
        super::send::event_id(&self.api.put(&["rooms", room, "state", kind, key], &content).await?)
    }

    /// The room's whole history as it stands now, oldest first: redactions have been applied.
    pub async fn history(&self, room: &str) -> Result<Vec<Event>> {
        let mut history = Vec::new();
        let mut from: Option<String> = None;
        loop {
            let mut call = self.api.request(Method::GET, &["rooms", room, "messages"])?;
            call = call.query("dir", "f").query("limit", "1000");
            if let Some(from) = &from {
                call = call.query("from", from);
            }
            let answer = call.send().await?;
            let chunk = answer["chunk"].as_array().context("messages are a list")?;
            let of_room = |json: &Value| Event { room: room.to_owned(), json: json.clone() };
            history.extend(chunk.iter().map(of_room));
            match answer["end"].as_str() {
                Some(end) => from = Some(end.to_owned()),
                None => return Ok(history),
            }
        }
    }

    async fn in_room(&self, room: &str, action: &str, body: Value) -> Result<()> {
        self.api.post(&["rooms", room, action], &body).await?;
        Ok(())
    }
}

fn room_id(answer: &Value) -> Result<String> {
    Ok(answer["room_id"].as_str().context("the answer names no room")?.to_owned())
}
