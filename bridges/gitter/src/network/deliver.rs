//! The way from a row to its documents.

use std::collections::HashMap;

use bridge_core::{
    content::Doc,
    id::{GhostKey, RemoteId},
    network::{
        Action, Delivery, InFlight, Message as Said, MessageKind, Outgoing, Progress, Refusal,
        Settlement, Ticket, Voice,
    },
};
use mongodb::bson::{DateTime, oid::ObjectId};

use super::Gitter;
use crate::{
    document::Room,
    id,
    platform::{Platform, PlatformError},
    to_network::{self, Part},
    write::{self, Changed, NewMessage, Speaker},
};

impl Gitter {
    pub(super) async fn send(
        &self,
        outgoing: &Outgoing,
        ticket: &Ticket,
    ) -> Result<Delivery, PlatformError> {
        let platform = self.platform().await?;
        let room = match id::room_of(&outgoing.portal) {
            Some(id) => platform.room(id).await?,
            None => None,
        };
        let Some(room) = room else {
            return Ok(refused("the room is gone from Gitter", "this room is gone from Gitter"));
        };
        if room.banned.iter().any(|id| id == to_network::external_id(&outgoing.author)) {
            let text = "you are banned from this room on Gitter";
            return Ok(refused("the author is banned", text));
        }
        match &outgoing.action {
            Action::Message(said) => {
                let parent = self.parent(platform, &room, said).await?;
                let texts = self.texts(platform, outgoing, said).await?;
                self.say(platform, &room, outgoing, said.kind, parent, texts, ticket).await
            }
            Action::Edit { target, message } => {
                self.edit(platform, &room, outgoing, target, message, ticket).await
            }
            Action::Delete { target, .. } => {
                ticket.sending(None).await?;
                for id in target.iter().filter_map(id::message_of) {
                    write::remove(platform, id, self.now()).await?;
                }
                Ok(Delivery::Done { ids: Vec::new() })
            }
            _ => Ok(Delivery::Done { ids: Vec::new() }),
        }
    }

    /// Says something as one message or several, whose ids and times are on disk before the first
    /// is written.
    #[expect(clippy::too_many_arguments, reason = "each is a thing of its own")]
    async fn say(
        &self,
        platform: &Platform,
        room: &Room,
        outgoing: &Outgoing,
        kind: MessageKind,
        parent: Option<ObjectId>,
        texts: Vec<String>,
        ticket: &Ticket,
    ) -> Result<Delivery, PlatformError> {
        let parts = match parts_of(outgoing) {
            parts if parts.is_empty() => self.parts(platform, room.id, outgoing, texts).await?,
            parts => parts,
        };
        if parts.is_empty() {
            return Ok(Delivery::Done { ids: Vec::new() });
        }
        let backing = platform.backing_user(&self.config.backing_user).await?;
        let records = parts.iter().map(Part::to_record).collect();
        ticket.sending(Some(&Progress { parts: records, arrived: 0 })).await?;
        let speaker = self.speaker(outgoing, backing);
        let mut ids = Vec::with_capacity(parts.len());
        for part in parts {
            let Some(message) = part.object_id() else { continue };
            let new = NewMessage {
                id: message,
                sent: part.sent(),
                room: room.id,
                is_public: room.is_public,
                parent,
                text: part.text,
                status: kind == MessageKind::Emote,
                language: self.config.language.clone(),
                speaker: speaker.clone(),
            };
            write::insert(platform, &new).await?;
            ids.push(id::remote_id(message));
        }
        Ok(Delivery::Done { ids })
    }

    /// Whose words they are: the author's, or the bridge's for those who have no voice of their own.
    fn speaker(&self, outgoing: &Outgoing, backing: ObjectId) -> Speaker {
        let (external_id, name) = match outgoing.author.voice {
            Voice::Puppet => (
                to_network::external_id(&outgoing.author).to_owned(),
                to_network::shown_name(&outgoing.author),
            ),
            Voice::Relay => (format!("gitterbot:{}", self.env.domain), "Matrix".to_owned()),
        };
        Speaker { backing, external_id: Some(external_id), name, avatar: None }
    }

    async fn parts(
        &self,
        platform: &Platform,
        room: ObjectId,
        outgoing: &Outgoing,
        texts: Vec<String>,
    ) -> Result<Vec<Part>, PlatformError> {
        let newest = if self.sequence.knows(room) { None } else { platform.newest(room).await? };
        let part = |(number, text)| {
            let sent = self.sequence.next(room, self.now(), newest);
            Part::new(outgoing.event_id.as_str(), number, sent, text)
        };
        Ok(texts.into_iter().enumerate().map(part).collect())
    }

    /// Changes a message; what Gitter would not change any more is said anew, with a link.
    async fn edit(
        &self,
        platform: &Platform,
        room: &Room,
        outgoing: &Outgoing,
        target: &[RemoteId],
        said: &Said,
        ticket: &Ticket,
    ) -> Result<Delivery, PlatformError> {
        let Some(first) = target.first().and_then(id::message_of) else {
            return Ok(Delivery::Done { ids: Vec::new() });
        };
        let texts = self.texts(platform, outgoing, said).await?;
        let text = match texts.as_slice() {
            [] => return Ok(Delivery::Done { ids: Vec::new() }),
            [text] => text.clone(),
            // Edits change one message; the rest of a long one would stand twice.
            [first, ..] => first.clone(),
        };
        let by =
            self.speaker(outgoing, ObjectId::from_bytes([0; 12])).external_id.unwrap_or_default();
        if parts_of(outgoing).is_empty() {
            ticket.sending(None).await?;
            match write::edit(platform, first, &by, &text, self.now()).await? {
                Changed::Done => return Ok(Delivery::Done { ids: Vec::new() }),
                Changed::TooLate => {}
                Changed::Gone => {
                    let text = "the message was removed on Gitter";
                    return Ok(refused("there is no such message any more", text));
                }
                Changed::NotTheirs => {
                    let text = "only its author can change a message on Gitter";
                    return Ok(refused("the message is somebody else's", text));
                }
            }
        }
        let parent = platform.message(first).await?.and_then(|message| message.parent);
        let uri = room.uri.as_deref().unwrap_or_default();
        let texts = vec![to_network::late_edit(uri, first, &text)];
        self.say(platform, room, outgoing, said.kind, parent, texts, ticket).await
    }

    /// The first message of the thread that something said belongs to. Threads have one level.
    async fn parent(
        &self,
        platform: &Platform,
        room: &Room,
        said: &Said,
    ) -> Result<Option<ObjectId>, PlatformError> {
        let target = said.thread.as_ref().or(said.reply_to.as_ref());
        let Some(target) = target.and_then(id::message_of) else {
            return Ok(None);
        };
        let target = platform.message(target).await?.filter(|target| target.room == room.id);
        Ok(target.map(|target| target.parent.unwrap_or(target.id)))
    }

    async fn texts(
        &self,
        platform: &Platform,
        outgoing: &Outgoing,
        said: &Said,
    ) -> Result<Vec<String>, PlatformError> {
        let names = names(platform, &said.body).await?;
        Ok(to_network::texts(said, &outgoing.author, &|key| names.get(key).cloned()))
    }

    /// Whether what was being sent is there. What is not is simply written again.
    pub(super) async fn reconcile_row(&self, row: &InFlight) -> Settlement {
        let parts = parts_of(&row.outgoing);
        if parts.is_empty() {
            return Settlement::NotSent { arrived: 0 };
        }
        let mut ids = Vec::with_capacity(parts.len());
        for message in parts.iter().filter_map(Part::object_id) {
            let there = match self.platform().await {
                Ok(platform) => platform.message(message).await,
                Err(error) => Err(error),
            };
            match there {
                Ok(Some(_)) => ids.push(id::remote_id(message)),
                _ => return Settlement::NotSent { arrived: 0 },
            }
        }
        Settlement::Done { ids }
    }

    fn now(&self) -> DateTime {
        DateTime::from_millis(i64::try_from(self.env.clock.now().0).unwrap_or(i64::MAX))
    }
}

fn parts_of(outgoing: &Outgoing) -> Vec<Part> {
    let parts = outgoing.progress.as_ref().map(|progress| progress.parts.as_slice());
    parts.unwrap_or_default().iter().filter_map(|part| Part::from_record(part)).collect()
}

/// The present names of those whom a text addresses.
async fn names(
    platform: &Platform,
    body: &Doc,
) -> Result<HashMap<GhostKey, String>, PlatformError> {
    let mut names = HashMap::new();
    for key in to_network::addressed(body) {
        if let Some(id) = id::user_of(&key)
            && let Some(user) = platform.user(id).await?
        {
            names.insert(key, user.username);
        }
    }
    Ok(names)
}

fn refused(why: &str, text: &str) -> Delivery {
    Delivery::Refused(Refusal { why: why.to_owned(), text: text.to_owned() })
}
