//! Reactions on Matrix, and what is remembered of them.
//!
//! The homeserver erases what a redacted reaction said, so that the store keeps it.

use ruma::{EventId, OwnedEventId};
use serde::{Deserialize, Serialize};

use super::{Found, Heard, earlier, ids_of, relay};
use crate::{
    config::FallbackChoice,
    content::{ladder, reply::Quoted},
    core::Core,
    inbox::Head,
    network::{Action, Network, Support},
    portal::from_network::PerformError,
    store::{MappingKind, Op, StoreError},
};

/// A reaction that was carried over.
#[derive(Deserialize, Serialize)]
pub(super) struct Carried {
    /// The event that it is a reaction to.
    pub(super) to: OwnedEventId,
    /// The reaction.
    pub(super) key: String,
}

/// The write that remembers a reaction, if this event is one.
pub(crate) fn fact(head: &Head<'_>) -> Option<Op> {
    let Reaction { to, key, .. } = Reaction::of(head)?;
    let value = serde_json::to_string(&Carried { to, key }).ok()?;
    Some(Op::Cursor { scope: scope(&head.event_id), value: Some(value) })
}

/// What is remembered of an event, if it was a reaction.
pub(super) async fn carried(
    core: &Core,
    event_id: &EventId,
) -> Result<Option<Carried>, StoreError> {
    let fact = core.store.cursor(&scope(event_id)).await?;
    Ok(fact.and_then(|fact| serde_json::from_str(&fact).ok()))
}

fn scope(event_id: &EventId) -> String {
    format!("core/reaction/{event_id}")
}

struct Reaction {
    to: OwnedEventId,
    key: String,
    /// The name of a custom emoji, whose key is the address of a picture.
    shortcode: Option<String>,
}

impl Reaction {
    fn of(head: &Head<'_>) -> Option<Self> {
        #[derive(Deserialize)]
        struct Content {
            #[serde(rename = "m.relates_to")]
            relates_to: Relation,
            #[serde(alias = "com.beeper.reaction.shortcode")]
            shortcode: Option<String>,
        }
        #[derive(Deserialize)]
        struct Relation {
            event_id: OwnedEventId,
            key: String,
        }
        if head.kind != "m.reaction" {
            return None;
        }
        let Content { relates_to, shortcode } = serde_json::from_str(head.content.get()).ok()?;
        Some(Self { to: relates_to.event_id, key: relates_to.key, shortcode })
    }

    /// The reaction as text: a custom emoji by its name.
    fn shown(&self) -> String {
        match &self.shortcode {
            Some(name) if self.key.starts_with("mxc:") => format!(":{}:", name.trim_matches(':')),
            None if self.key.starts_with("mxc:") => "an emoji".to_owned(),
            _ => self.key.clone(),
        }
    }
}

/// A reaction as the network has it, else as a notice or nothing.
pub(super) async fn added<N: Network>(heard: Heard<'_, N>) -> Result<Found, PerformError> {
    let Heard { core, head, caps, .. } = heard;
    let Some(reaction) = Reaction::of(head) else { return Ok(None) };
    let target = ids_of(core, &reaction.to).await?;
    let key = reaction.shown();
    if caps.react == Support::Native && !target.is_empty() {
        return Ok(Some((Action::React { target, key }, Some(MappingKind::Reaction))));
    }
    if caps.react == Support::None || core.config.fallback.reactions == FallbackChoice::Nothing {
        return Ok(None);
    }
    let earlier = earlier::read(heard, &reaction.to).await?;
    let quoted = earlier
        .as_ref()
        .map(|earlier| Quoted { author: &earlier.author, doc: earlier.doc.as_ref() });
    let notice = ladder::reaction(Support::Fallback, &key, quoted.as_ref());
    let Some(doc) = notice else { return Ok(None) };
    let said = relay::doing(heard, doc).await?;
    Ok(Some((Action::Message(said), Some(MappingKind::Reaction))))
}
