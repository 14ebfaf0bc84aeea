//! What goes from a network to the core.

use ruma::OwnedUserId;
use serde::{Deserialize, Serialize};

use super::{File, delivery::Message};
use crate::id::{GhostKey, PortalKey, RemoteId, Timestamp};

/// Something that happened on the remote side, in the order in which it is pushed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemoteEvent {
    /// Where.
    pub portal: PortalKey,
    /// Who; `None` is the network itself, and the bot speaks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<RemoteUser>,
    /// The network's id, if it gives one: the same id is taken once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RemoteId>,
    /// Further ids under which the network may name it later. They are mapped like `id`, but do
    /// not tell events apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<RemoteId>,
    /// When, by the network's clock, or ours at arrival.
    pub at: Timestamp,
    /// What.
    pub action: RemoteAction,
}

/// A user of the remote network, as far as the event shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteUser {
    /// The key of the ghost.
    pub key: GhostKey,
    /// The name to show.
    pub name: String,
}

/// What a remote event does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", content = "with", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RemoteAction {
    /// Something is said.
    Message(Message),
    /// An earlier message gets a new text.
    Edit {
        /// The message.
        target: RemoteId,
        /// The new text.
        message: Message,
    },
    /// The sender adds a reaction to a message.
    React {
        /// The message.
        target: RemoteId,
        /// The reaction.
        key: String,
    },
    /// The sender takes a reaction back, where reactions have no ids of their own.
    Unreact {
        /// The message.
        target: RemoteId,
        /// The reaction; `None` takes all of the sender's back.
        key: Option<String>,
    },
    /// These, and no others, are the sender's reactions to a message from now on.
    Reactions {
        /// The message.
        target: RemoteId,
        /// The reactions; none takes all back.
        keys: Vec<String>,
    },
    /// Something said or a reaction is removed; by its own id.
    Delete {
        /// What is removed.
        target: RemoteId,
        /// Why, if a reason was given.
        reason: Option<String>,
        /// What the sender may remove.
        #[serde(default)]
        reach: Reach,
    },
    /// The sender comes in.
    Join,
    /// The sender goes.
    Leave {
        /// Why, if a reason was given.
        reason: Option<String>,
    },
    /// The sender removes a Matrix user.
    Kick {
        /// The Matrix user.
        target: OwnedUserId,
        /// Why, if a reason was given.
        reason: Option<String>,
    },
    /// The sender goes on under another key; the old ghost leaves after the new one came in.
    Rename {
        /// The user from now on.
        to: RemoteUser,
    },
    /// The sender's name or picture changed. The name is that of [`RemoteEvent::sender`].
    Profile {
        /// The picture; `None` leaves it as it is.
        avatar: Option<File>,
    },
    /// The channel's topic.
    Topic(String),
    /// The channel's name.
    Name(String),
    /// The channel's picture; `None` removes it.
    RoomAvatar(Option<File>),
}

impl RemoteAction {
    /// The file that goes with it.
    pub(crate) fn file(&self) -> Option<&File> {
        match self {
            Self::Message(message) | Self::Edit { message, .. } => message.file.as_ref(),
            _ => None,
        }
    }
}

/// What somebody may remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Anything: the network has checked that they may.
    #[default]
    Any,
    /// Their own words: the network passes on whatever anybody asks for.
    Own,
}

/// How a remote event ended on the Matrix side; see
/// [`Network::settled`](super::Network::settled).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// The homeserver has it, under this id (none for events that need no Matrix event).
    Accepted {
        /// The Matrix event.
        event_id: Option<ruma::OwnedEventId>,
    },
    /// The homeserver will not take it.
    Refused {
        /// Why.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::FileSource;

    #[test]
    fn every_action_outlives_the_store() {
        let user = RemoteUser { key: "local/b".into(), name: "b".to_owned() };
        let mut file = File::new("a.png", FileSource::Bytes(b"png".as_slice().into()));
        file.dimensions = Some((1, 2));
        let mut message = Message::text("hello");
        message.file = Some(File::new("", FileSource::Url("https://e.org/f".to_owned())));
        message.thread = Some("m0".into());
        let target = RemoteId::from("m1");
        for action in [
            RemoteAction::Message(message.clone()),
            RemoteAction::Edit { target: target.clone(), message },
            RemoteAction::React { target: target.clone(), key: "+1".to_owned() },
            RemoteAction::Unreact { target: target.clone(), key: Some("+1".to_owned()) },
            RemoteAction::Reactions { target: target.clone(), keys: vec!["+1".to_owned()] },
            RemoteAction::Delete { target, reason: None, reach: Reach::Own },
            RemoteAction::Join,
            RemoteAction::Leave { reason: Some("bye".to_owned()) },
            RemoteAction::Kick { target: "@a:s".try_into().unwrap(), reason: None },
            RemoteAction::Rename { to: user.clone() },
            RemoteAction::Profile { avatar: Some(file.clone()) },
            RemoteAction::Topic("news".to_owned()),
            RemoteAction::RoomAvatar(Some(file)),
            RemoteAction::Name("name".to_owned()),
        ] {
            let event = RemoteEvent {
                portal: "local/#c".into(),
                sender: Some(user.clone()),
                id: None,
                also: vec!["m2".into()],
                at: Timestamp(1),
                action,
            };
            let json = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<RemoteEvent>(&json).unwrap(), event, "{json}");
        }
    }
}
