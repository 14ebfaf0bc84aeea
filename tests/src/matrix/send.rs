//! What a user says.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::MatrixUser;

impl MatrixUser {
    /// Says something and returns the event's id.
    pub async fn send_text(&self, room: &str, body: &str) -> Result<String> {
        self.send_message(room, json!({"msgtype": "m.text", "body": body})).await
    }

    /// Does something, as `/me` does.
    pub async fn send_emote(&self, room: &str, body: &str) -> Result<String> {
        self.send_message(room, json!({"msgtype": "m.emote", "body": body})).await
    }

    /// Says something as bots do.
    pub async fn send_notice(&self, room: &str, body: &str) -> Result<String> {
        self.send_message(room, json!({"msgtype": "m.notice", "body": body})).await
    }

    /// Sends an `m.room.message` with this content.
    pub async fn send_message(&self, room: &str, content: Value) -> Result<String> {
        self.send(room, "m.room.message", content).await
    }

    /// Sends an event of any type and returns its id.
    pub async fn send(&self, room: &str, kind: &str, content: Value) -> Result<String> {
        let transaction = self.next_transaction();
        event_id(&self.api.put(&["rooms", room, "send", kind, &transaction], &content).await?)
    }

    /// Redacts an event and returns the redaction's id.
    pub async fn redact(&self, room: &str, event: &str, reason: &str) -> Result<String> {
        let (transaction, body) = (self.next_transaction(), json!({"reason": reason}));
        event_id(&self.api.put(&["rooms", room, "redact", event, &transaction], &body).await?)
    }
}

pub(super) fn event_id(answer: &Value) -> Result<String> {
    Ok(answer["event_id"].as_str().context("the answer names no event")?.to_owned())
}
