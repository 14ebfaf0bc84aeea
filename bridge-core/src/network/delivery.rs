//! What goes from the core to a network, and what the network answers.

use std::time::Duration;

use ruma::{OwnedEventId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::{
    content::{Doc, MessageKind},
    id::{GhostKey, LaneId, PortalKey, RemoteId, Seq, Timestamp},
    network::File,
    store::StoreError,
};

/// One event for the network, already cut down to what its [`Caps`](super::Caps) allow.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outgoing {
    /// Where it goes.
    pub portal: PortalKey,
    /// Who says it.
    pub author: Author,
    /// The Matrix event behind it.
    pub event_id: OwnedEventId,
    /// When it was said, by the homeserver's clock.
    pub at: Timestamp,
    /// What is said or done.
    pub action: Action,
    /// What [`Ticket::sending`](super::Ticket::sending) recorded when this row was tried before.
    pub progress: Option<Progress>,
}

impl Outgoing {
    /// An event that was not tried before.
    pub fn new(
        portal: PortalKey,
        author: Author,
        event_id: OwnedEventId,
        at: Timestamp,
        action: Action,
    ) -> Self {
        Self { portal, author, event_id, at, action, progress: None }
    }
}

/// The Matrix user behind an outgoing event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The user's id: the key of the puppet.
    pub user_id: OwnedUserId,
    /// The display name in the room, if one is set.
    pub display_name: Option<String>,
    /// Who speaks on the network.
    pub voice: Voice,
}

impl Author {
    /// The name to show: the display name, else the localpart.
    pub fn name(&self) -> &str {
        self.display_name.as_deref().unwrap_or_else(|| self.user_id.localpart())
    }
}

/// Whose mouth says an outgoing event on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Voice {
    /// The user's own puppet.
    Puppet,
    /// The bridge's bot, for users of level `relay` and where [`Delivery::Relay`] was answered; the
    /// text carries the name already, by `relay.format`.
    Relay,
}

/// What an outgoing event does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Action {
    /// Something is said.
    Message(Message),
    /// An earlier message gets a new text.
    Edit {
        /// The network's ids of the earlier message.
        target: Vec<RemoteId>,
        /// The new text.
        message: Message,
    },
    /// A reaction is added to a message.
    React {
        /// The network's ids of the message.
        target: Vec<RemoteId>,
        /// The reaction, usually an emoji.
        key: String,
    },
    /// The author takes a reaction back.
    Unreact {
        /// The network's ids of the message.
        target: Vec<RemoteId>,
        /// The network's ids of the reaction, where it gave any.
        reaction: Vec<RemoteId>,
        /// The reaction.
        key: String,
    },
    /// Something said earlier is removed.
    Delete {
        /// The network's ids of what is removed.
        target: Vec<RemoteId>,
        /// Why, if a reason was given.
        reason: Option<String>,
    },
    /// The author comes in.
    Join,
    /// The author goes, of their own will or not.
    Leave {
        /// Why, if a reason was given.
        reason: Option<String>,
    },
    /// A remote user is removed by the author.
    Kick {
        /// The remote user.
        target: GhostKey,
        /// Why, if a reason was given.
        reason: Option<String>,
    },
    /// The channel gets a new topic.
    Topic(String),
}

/// Something that is said, in either direction.
///
/// Who is addressed stands in the text, as [`Mention`](crate::content::Mention)s. Inwards they
/// name ghosts by [`MentionTarget::Ghost`](crate::content::MentionTarget::Ghost) and Matrix users
/// by their ids, and core makes pills and `m.mentions` of them; outwards ghosts are turned into
/// their keys, and labels into the names that [`Network::name_of`](super::Network::name_of) gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// Speech, notice or emote.
    pub kind: MessageKind,
    /// The text; with a file, its caption, which may be empty.
    pub body: Doc,
    /// The network's id of the message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<RemoteId>,
    /// The network's id of the first message of the thread that this one belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<RemoteId>,
    /// The file that it brings. Where a network's message brings several, each is an event of its
    /// own with an id of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
}

impl Message {
    /// Something said that refers to nothing.
    pub fn new(kind: MessageKind, body: Doc) -> Self {
        Self { kind, body, reply_to: None, thread: None, file: None }
    }

    /// A plain text message.
    pub fn text(text: &str) -> Self {
        Self::new(MessageKind::Text, Doc::text(text))
    }
}

/// How far a row of several parts came: the parts themselves and how many arrived.
///
/// The parts are fixed at the first try, so that a later one goes on with the same text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is sent, in order, in the network's own form.
    pub parts: Vec<String>,
    /// How many of them are known to have arrived.
    pub arrived: usize,
}

impl Progress {
    /// As it is kept in the store.
    pub(crate) fn to_json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::unwritable("progress", error))
    }
}

/// Names a row whose outcome comes later, by an echo or a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// The lane of the row.
    pub lane: LaneId,
    /// The row.
    pub seq: Seq,
}

/// What [`Network::deliver`](super::Network::deliver) answers. Core decides what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The network has it, under these ids (empty where it gives none).
    Done {
        /// The network's ids, one a part.
        ids: Vec<RemoteId>,
    },
    /// Written; the outcome comes through [`Remote::settle`](super::Remote::settle).
    AwaitEcho,
    /// Not written. To be tried again.
    Retry {
        /// How long to wait first.
        after: Duration,
        /// Who waits.
        scope: RetryScope,
        /// What is in the way, for logs and traces.
        why: String,
    },
    /// Nothing was written: the author can have no puppet there, for now or for good. Core hands
    /// the same event over again, as the bot's words ([`Voice::Relay`]).
    Relay {
        /// Why, for logs and traces.
        why: String,
    },
    /// The network says no, for good.
    Refused(Refusal),
    /// Perhaps written; nobody can tell. The configured policy decides.
    Uncertain {
        /// What cut the send off.
        why: String,
    },
}

/// How far a retry holds up a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryScope {
    /// The whole lane waits: the link is down for everybody.
    Lane,
    /// What this sender says waits; others go on.
    Sender,
}

/// Why a network will not take an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// For logs, traces and the dead-letter list.
    pub why: String,
    /// For the author: one sentence.
    pub text: String,
}

/// The outcome of a row, told later than [`Delivery::AwaitEcho`] or by
/// [`Network::reconcile`](super::Network::reconcile).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The network has it, under these ids.
    Done {
        /// The network's ids, one a part.
        ids: Vec<RemoteId>,
    },
    /// Nothing came back in time; the network gave no error either.
    Unconfirmed,
    /// It certainly did not arrive beyond this many parts: to be sent again from there.
    NotSent {
        /// How many parts did arrive.
        arrived: usize,
    },
    /// The network said no.
    Refused(Refusal),
    /// The link was cut off before anything came back.
    /// [`Network::reconcile`](super::Network::reconcile) is asked before anything else of the
    /// lane is delivered.
    Lost,
    /// Nobody can tell.
    Uncertain {
        /// What cut the send off.
        why: String,
    },
}

/// A row that was being sent when the process or the link ended.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// The row.
    pub token: Token,
    /// What was being sent.
    pub outgoing: Outgoing,
    /// When it became `sending`.
    pub since: Timestamp,
}
