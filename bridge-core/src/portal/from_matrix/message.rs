//! What is said on Matrix, brought down to what the network can take.

use ruma::EventId;

use super::{Found, ids_of};
use crate::{
    content::{
        Doc,
        ladder::{self, Context, Relation, Rungs},
        matrix,
        reply::Quoted,
    },
    core::Core,
    homeserver::As,
    inbox::Head,
    network::{Action, Caps, Message, Support},
    portal::from_network::PerformError,
    store::{MappingKind, Portal},
};

/// An earlier message that is answered, as far as it can be read.
struct Earlier {
    author: String,
    doc: Option<Doc>,
}

pub(super) async fn translate(
    core: &Core,
    portal: &Portal,
    head: &Head<'_>,
    caps: &Caps,
) -> Result<Found, PerformError> {
    let said = match matrix::read(&head.kind, head.content.get()) {
        Ok(said) => said,
        Err(error) => {
            tracing::info!(%error, event_id = %head.event_id, "an event says nothing");
            return Ok(None);
        }
    };
    let answered = said.reply_to.clone().or_else(|| said.thread.clone());
    let earlier = match &answered {
        Some(event_id) if caps.reply == Support::Fallback => {
            read_earlier(core, portal, head, event_id).await?
        }
        _ => None,
    };
    let quoted = earlier
        .as_ref()
        .map(|earlier| Quoted { author: &earlier.author, doc: earlier.doc.as_ref() });
    let rungs = Rungs {
        text: caps.text,
        edit: caps.edit,
        reply: caps.reply,
        thread: caps.thread,
        media: caps.media,
    };
    let context = Context { quoted, ..Context::default() };
    let Some(lowered) = ladder::message(said, &rungs, &context) else { return Ok(None) };
    let mut message = Message { kind: lowered.kind, body: lowered.doc, reply_to: None };
    match lowered.relation {
        Relation::Edit(target) => {
            let target = ids_of(core, &target).await?;
            return Ok(Some((Action::Edit { target, message }, Some(MappingKind::Edit))));
        }
        Relation::Reply(target) | Relation::Thread { reply_to: Some(target), .. } => {
            message.reply_to = ids_of(core, &target).await?.into_iter().next();
        }
        _ => {}
    }
    Ok(Some((Action::Message(message), Some(MappingKind::Message))))
}

/// Reads the message that is answered. It stands on the homeserver, whatever was restarted since.
async fn read_earlier(
    core: &Core,
    portal: &Portal,
    head: &Head<'_>,
    event_id: &EventId,
) -> Result<Option<Earlier>, PerformError> {
    let reader = core.intents.reader(portal).await;
    let event = match core.homeserver.event(&head.room_id, As::User(&reader), event_id).await {
        Ok(Some(event)) => event,
        Err(error) if error.is_retryable() => return Err(error.into()),
        Ok(None) | Err(_) => return Ok(None),
    };
    let Ok(earlier) = Head::parse(event.json()) else { return Ok(None) };
    let name = core.members.display_name(core, &earlier.room_id, &earlier.sender).await?;
    let author = name.unwrap_or_else(|| earlier.sender.localpart().to_owned());
    let doc = matrix::read(&earlier.kind, earlier.content.get()).ok().map(|said| said.doc);
    Ok(Some(Earlier { author, doc }))
}
