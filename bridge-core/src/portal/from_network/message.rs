//! Messages, edits and deletions on their way to Matrix.

use ruma::{EventId, OwnedEventId, OwnedUserId, RoomId, UserId};
use serde_json::{Value, json};

use super::{PerformError, Spoken};
use crate::{
    content::{
        Doc, Mention, MentionTarget, ladder, matrix,
        mention::{self, Mentions},
    },
    core::Core,
    homeserver::As,
    id::RemoteId,
    inbox::Head,
    intent::Outbound,
    media::inward,
    network::{Message, Reach},
    store::{Mapping, MappingKind, Portal, Row},
};

/// From this age on an event carries its own time; younger ones take the homeserver's.
const LATE_MS: u64 = 5_000;

/// What an event became: its id, and who sent it.
pub(super) type Sent = (OwnedEventId, OwnedUserId);

/// Says something as a ghost, or as the bot if the network itself speaks.
pub(super) async fn send(spoken: Spoken<'_>, said: &Message) -> Result<Sent, PerformError> {
    let Spoken { core, portal, .. } = spoken;
    let (event_type, mut content) = content(core, spoken.row, said).await?;
    let reply_to = find(core, portal, said.reply_to.as_ref()).await?;
    let root = find(core, portal, said.thread.as_ref()).await?;
    if let Some(answered) = &reply_to {
        notify(core, &mut content, &answered.sender);
    }
    let reply_to = reply_to.map(|mapping| mapping.event_id);
    match (root, reply_to) {
        (Some(root), reply_to) => {
            let root = root_of(core, portal, root.event_id).await?;
            let reply_to = reply_to.filter(|answered| *answered != root);
            matrix::add_thread(&mut content, &root, &root, reply_to.as_deref());
        }
        (None, Some(answered)) => matrix::add_reply(&mut content, &answered),
        (None, None) => {}
    }
    spoken.post(event_type, content, "").await
}

/// Gives an earlier message a new text; as a new message if the earlier one is not known.
pub(super) async fn edit(
    spoken: Spoken<'_>,
    earlier: &RemoteId,
    said: &Message,
) -> Result<Sent, PerformError> {
    let Spoken { core, portal, .. } = spoken;
    let speaker = spoken.speaker().await?;
    let (event_type, new) = content(core, spoken.row, said).await?;
    let target = find(core, portal, Some(earlier)).await?;
    // Only its author can change an event.
    let target = target.filter(|target| target.sender == speaker);
    let Some(target) = target else { return spoken.post(event_type, new, "").await };
    let before = read(core, portal, &target.event_id).await?.unwrap_or_default();
    let new = keep_file(&before, new);
    let notified = mention::from_content(&before);
    let content = matrix::replacement(new, &target.event_id, &notified);
    spoken.post("m.room.message", content, "").await
}

/// Removes every event that an id stands for, as far as the sender reaches.
pub(super) async fn delete(
    spoken: Spoken<'_>,
    id: &RemoteId,
    reason: Option<&str>,
    reach: Reach,
) -> Result<(), PerformError> {
    let Spoken { core, portal, .. } = spoken;
    let only_by = match reach {
        Reach::Own if spoken.event.sender.is_some() => Some(spoken.speaker().await?),
        _ => None,
    };
    for Mapping { event_id, sender, part, .. } in
        core.store.mappings_of_remote(portal.lane, id).await?
    {
        if only_by.as_ref().is_some_and(|author| *author != sender) {
            tracing::info!(portal = %portal.key, "somebody would remove the words of another");
            continue;
        }
        spoken.redact(&event_id, &sender, &format!("redact{part}"), reason).await?;
    }
    Ok(())
}

impl Spoken<'_> {
    /// Who speaks on Matrix.
    async fn speaker(&self) -> Result<OwnedUserId, PerformError> {
        Ok(match &self.event.sender {
            Some(user) => self.core.ghosts.ensure(self.core, user).await?.user_id.clone(),
            None => self.core.bot.clone(),
        })
    }

    pub(super) async fn post(
        &self,
        event_type: &str,
        content: Value,
        part: &str,
    ) -> Result<Sent, PerformError> {
        let sender = self.speaker().await?;
        let late = self.core.clock.now().since(self.event.at) >= LATE_MS;
        let at = late.then_some(self.event.at);
        let outbound = Outbound { event_type, content, seq: self.row.seq, part, at };
        let event_id = self.core.intents.send(self.core, self.portal, &sender, outbound).await?;
        Ok((event_id, sender))
    }

    /// A ghost takes its own words back; the bot those of others, where it has the power.
    pub(super) async fn redact(
        &self,
        event_id: &EventId,
        sender: &UserId,
        part: &str,
        reason: Option<&str>,
    ) -> Result<(), PerformError> {
        let Some(room) = &self.portal.room_id else { return Ok(()) };
        let core = self.core;
        let ghost = core.names.is_ours(sender);
        let as_user = if ghost { As::User(sender) } else { As::Bot };
        let by = if ghost { sender } else { &*core.bot };
        let txn = core.markers.transaction_id(self.row.seq, part, room.as_str(), by.as_str());
        core.homeserver.redact(room, as_user, event_id, &txn, reason).await?;
        Ok(())
    }
}

/// The message that a remote id stands for, by its first part.
pub(super) async fn find(
    core: &Core,
    portal: &Portal,
    id: Option<&RemoteId>,
) -> Result<Option<Mapping>, PerformError> {
    let Some(id) = id else { return Ok(None) };
    let mappings = core.store.mappings_of_remote(portal.lane, id).await?;
    Ok(mappings.into_iter().find(|mapping| mapping.kind == MappingKind::Message))
}

/// The first event of the thread that an event belongs to: threads do not branch on Matrix.
async fn root_of(
    core: &Core,
    portal: &Portal,
    event_id: OwnedEventId,
) -> Result<OwnedEventId, PerformError> {
    let content = read(core, portal, &event_id).await?.unwrap_or_default();
    let relation = &content["m.relates_to"];
    if relation["rel_type"] != "m.thread" {
        return Ok(event_id);
    }
    let root = relation["event_id"].as_str().and_then(|root| root.try_into().ok());
    Ok(root.unwrap_or(event_id))
}

/// The content of an event in the room, if it can be read.
async fn read(
    core: &Core,
    portal: &Portal,
    event_id: &EventId,
) -> Result<Option<Value>, PerformError> {
    let Some(room) = &portal.room_id else { return Ok(None) };
    let room: &RoomId = room;
    let reader = core.intents.reader(portal).await;
    let event = match core.homeserver.event(room, As::User(&reader), event_id).await {
        Ok(Some(event)) => event,
        Err(error) if error.is_retryable() => return Err(error.into()),
        Ok(None) | Err(_) => return Ok(None),
    };
    let Ok(head) = Head::parse(event.json()) else { return Ok(None) };
    Ok(serde_json::from_str(head.content.get()).ok())
}

/// The type and content of an event that says this.
async fn content(
    core: &Core,
    row: &Row,
    said: &Message,
) -> Result<(&'static str, Value), PerformError> {
    let mut doc = said.body.clone();
    resolve_mentions(core, &mut doc).await?;
    let Some(file) = &said.file else {
        return Ok(("m.room.message", matrix::text_content(said.kind, &doc)));
    };
    if let Some(media) = inward::of_row(core, row, file).await? {
        return Ok((media.event_type(), matrix::media_content(&media, &doc)));
    }
    let doc = ladder::linked(&file.name, file.size, file.url(), doc);
    Ok(("m.room.message", matrix::text_content(said.kind, &doc)))
}

/// Turns mentions of ghosts into mentions of their Matrix users, under their present names.
async fn resolve_mentions(core: &Core, doc: &mut Doc) -> Result<(), PerformError> {
    let mut found = Vec::new();
    mention::resolve(doc, &mut |mention| {
        if let MentionTarget::Ghost(key) = &mention.target {
            found.push(key.clone());
        }
        None
    });
    let mut known = Vec::new();
    for key in found {
        let ghost = core.ghosts.find(&key.as_str().into()).await?;
        let user = match &ghost {
            Some(ghost) => Some(ghost.user_id.clone()),
            None => core.names.ghost_id(&key.as_str().into()),
        };
        known.extend(user.map(|user| (key, user)));
    }
    mention::resolve(doc, &mut |mention| {
        let MentionTarget::Ghost(wanted) = &mention.target else { return None };
        let (_, user) = known.iter().find(|(key, _)| key == wanted)?;
        let target = MentionTarget::User(user.clone());
        Some(Mention { target, label: mention.label.clone() })
    });
    Ok(())
}

/// Whoever is answered is notified; ghosts have nobody who would hear it.
fn notify(core: &Core, content: &mut Value, answered: &UserId) {
    if core.names.is_ours(answered) {
        return;
    }
    let mut mentions: Mentions = mention::from_content(content);
    mentions.user_ids.insert(answered.to_owned());
    content["m.mentions"]["user_ids"] = json!(mentions.user_ids);
}

/// An edit of a caption leaves the file as it is.
fn keep_file(before: &Value, new: Value) -> Value {
    let (Some(_), None) = (before.get("url"), new.get("url")) else { return new };
    let mut content = before.clone();
    for name in
        ["io.bridgework.marker", "io.bridgework.bridge", "m.relates_to", "formatted_body", "format"]
    {
        content.as_object_mut().map(|content| content.remove(name));
    }
    if content.get("filename").is_none() {
        content["filename"] = content["body"].clone();
    }
    for name in ["body", "format", "formatted_body", "m.mentions"] {
        if let Some(value) = new.get(name) {
            content[name] = value.clone();
        }
    }
    content
}
