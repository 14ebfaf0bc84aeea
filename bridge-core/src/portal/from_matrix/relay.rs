//! The words of those who have no puppet, in the mouth of the bot.

use super::Heard;
use crate::{
    content::{
        Doc, MessageKind,
        ladder::{self, Relayed},
    },
    network::{Message, Voice},
    portal::from_network::PerformError,
};

/// Whose words the bot says.
pub(super) struct Relay {
    name: String,
    before: String,
    after: String,
}

impl Relay {
    /// The author's, if the bot speaks for them.
    pub(super) async fn of<N>(heard: Heard<'_, N>) -> Result<Option<Self>, PerformError> {
        let Heard { core, head, voice, .. } = heard;
        if voice != Voice::Relay {
            return Ok(None);
        }
        let name = core.members.display_name(core, &head.room_id, &head.sender).await?;
        let name = name.unwrap_or_else(|| head.sender.localpart().to_owned());
        let name = name.replace(char::is_control, " ");
        let (before, after) = core.config.relay.format.around(&name);
        Ok(Some(Self { name, before, after }))
    }

    pub(super) fn around(&self) -> Relayed<'_> {
        Relayed { name: &self.name, before: &self.before, after: &self.after }
    }
}

/// What the author does, in words: an emote of theirs, or of the bot with their name.
pub(super) async fn doing<N>(heard: Heard<'_, N>, doc: Doc) -> Result<Message, PerformError> {
    let relay = Relay::of(heard).await?;
    let around = relay.as_ref().map(Relay::around);
    let (kind, doc) = ladder::relayed(MessageKind::Emote, doc, around.as_ref());
    Ok(Message::new(kind, doc))
}
