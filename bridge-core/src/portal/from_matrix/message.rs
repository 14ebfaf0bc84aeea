//! What is said on Matrix, brought down to what the network can take.

use super::{Found, Heard, earlier, ids_of, mentions, relay::Relay};
use crate::{
    content::{
        ladder::{self, Context, Lowered, Relation, Rungs},
        matrix::{self, Media},
        reply::Quoted,
    },
    network::{Action, File, FileSource, Message, Network, Support},
    portal::from_network::PerformError,
    store::MappingKind,
};

pub(super) async fn translate<N: Network>(heard: Heard<'_, N>) -> Result<Found, PerformError> {
    let Heard { core, head, caps, .. } = heard;
    let mut said = match matrix::read(&head.kind, head.content.get()) {
        Ok(said) => said,
        Err(error) => {
            tracing::info!(%error, event_id = %head.event_id, "an event says nothing");
            return Ok(None);
        }
    };
    mentions::mark(heard, &mut said.doc, &said.mentions).await?;
    mentions::resolve(heard, &mut said.doc).await?;
    core.file_links.in_text(heard.portal.lane, &head.event_id, &mut said.doc);

    // What the network does not know by an id cannot be referred to there.
    let target = match &said.replaces {
        Some(target) => ids_of(core, target).await?,
        None => Vec::new(),
    };
    let mut rungs = Rungs {
        text: caps.text,
        edit: caps.edit,
        reply: caps.reply,
        thread: caps.thread,
        media: caps.media,
    };
    if target.is_empty() && rungs.edit == Support::Native {
        rungs.edit = Support::Fallback;
    }
    if let Some(root) = &said.thread
        && rungs.thread == Support::Native
        && ids_of(core, root).await?.is_empty()
    {
        rungs.thread = Support::Fallback;
    }
    let answered = said.reply_to.clone().or_else(|| said.thread.clone());
    if let Some(answered) = &answered
        && rungs.reply == Support::Native
        && ids_of(core, answered).await?.is_empty()
    {
        rungs.reply = Support::Fallback;
    }

    let quoted = match &answered {
        Some(event_id) if rungs.reply == Support::Fallback => {
            earlier::read(heard, event_id).await?
        }
        _ => None,
    };
    let before = match &said.replaces {
        Some(event_id) if rungs.edit == Support::Fallback => {
            earlier::text_before(heard, event_id).await?
        }
        _ => None,
    };
    let relay = Relay::of(heard).await?;
    let lane = heard.portal.lane;
    let file_url =
        said.media.as_ref().map(|media| core.file_links.of_file(lane, &head.event_id, media));
    let text_url = core.file_links.of_text(lane, &head.event_id);
    let context = Context {
        quoted: quoted
            .as_ref()
            .map(|earlier| Quoted { author: &earlier.author, doc: earlier.doc.as_ref() }),
        earlier: before.as_ref(),
        relay: relay.as_ref().map(Relay::around),
        file_url: file_url.as_deref(),
        text_url: Some(&text_url),
    };
    let Some(lowered) = ladder::message(said, &rungs, &context) else { return Ok(None) };
    let Lowered { kind, doc, media, relation } = lowered;
    let mut message = Message::new(kind, doc);
    message.file = media.zip(file_url).map(|(media, url)| file(media, url));
    match relation {
        Relation::None => {}
        Relation::Edit(_) => {
            return Ok(Some((Action::Edit { target, message }, Some(MappingKind::Edit))));
        }
        Relation::Reply(answered) => {
            message.reply_to = ids_of(core, &answered).await?.into_iter().next();
        }
        Relation::Thread { root, reply_to } => {
            message.thread = ids_of(core, &root).await?.into_iter().next();
            if let Some(answered) = reply_to {
                message.reply_to = ids_of(core, &answered).await?.into_iter().next();
            }
        }
    }
    Ok(Some((Action::Message(message), Some(MappingKind::Message))))
}

fn file(media: Media, url: String) -> File {
    let mut file = File::new(media.name, FileSource::Url(url));
    file.kind = Some(media.kind);
    file.mime = media.mime;
    file.size = media.size;
    file.dimensions = media.dimensions;
    file.duration = media.duration;
    file
}
