//! Redactions on Matrix: of messages, and of reactions.

use serde::Deserialize;

use super::{Found, Heard, earlier, ids_of, reaction, relay};
use crate::{
    config::FallbackChoice,
    content::ladder,
    network::{Action, Network, Support},
    portal::from_network::PerformError,
    store::MappingKind,
};

pub(super) async fn translate<N: Network>(heard: Heard<'_, N>) -> Result<Found, PerformError> {
    #[derive(Deserialize)]
    struct Content {
        #[serde(default)]
        reason: Option<String>,
    }
    let Heard { core, head, caps, .. } = heard;
    let Some(removed) = head.redacts() else { return Ok(None) };
    let ids = ids_of(core, &removed).await?;
    if let Some(carried) = reaction::carried(core, &removed).await? {
        let target = ids_of(core, &carried.to).await?;
        if caps.react == Support::Native && !target.is_empty() {
            let action = Action::Unreact { target, reaction: ids, key: carried.key };
            return Ok(Some((action, None)));
        }
        // It was a notice, or nothing; a notice goes where deleting is possible.
        if ids.is_empty() || caps.delete != Support::Native {
            return Ok(None);
        }
    }
    if caps.delete == Support::Native && !ids.is_empty() {
        let content = serde_json::from_str::<Content>(head.content.get()).ok();
        let reason = content.and_then(|content| content.reason);
        return Ok(Some((Action::Delete { target: ids, reason }, None)));
    }
    if caps.delete == Support::None || core.config.fallback.deletions == FallbackChoice::Nothing {
        return Ok(None);
    }
    if !earlier::was_carried(heard, &removed, &ids).await? {
        return Ok(None); // it never reached the network
    }
    let author = earlier::author(heard, &removed).await?;
    let author = author.filter(|(user, _)| *user != head.sender).map(|(_, name)| name);
    let notice = ladder::deletion(Support::Fallback, author.as_deref());
    let Some(doc) = notice else { return Ok(None) };
    let said = relay::doing(heard, doc).await?;
    Ok(Some((Action::Message(said), Some(MappingKind::Edit))))
}
