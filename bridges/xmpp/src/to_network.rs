//! From the core's events to stanzas of XMPP. Pure.

use bridge_core::{
    id::RemoteId,
    network::{Action, Message, MessageKind, Outgoing},
};
use tokio_xmpp::minidom::Element;

use crate::{
    id, ns, stanza,
    xml::{self, Build},
};

/// The most bytes of a body; servers refuse stanzas of some hundred kilobytes.
pub(crate) const MAX_BYTES: usize = 60_000;

/// Where an event is said, and what must be known for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene<'a> {
    /// Who says it.
    pub(crate) from: &'a str,
    /// Whom it is said to.
    pub(crate) to: &'a str,
    /// The room in which it is said, as those who hear it know it.
    pub(crate) room: &'a str,
    /// Its id.
    pub(crate) id: &'a str,
    /// The message that is answered, if it is known.
    pub(crate) quoted: Option<Quoted<'a>>,
    /// All reactions that the author has to the message now.
    pub(crate) keys: &'a [String],
    /// The nick of the occupant whom it is about.
    pub(crate) nick: Option<&'a str>,
    /// How moderators take messages back in this room.
    pub(crate) moderation: Moderation,
}

/// A message that is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted<'a> {
    pub(crate) nick: &'a str,
    pub(crate) text: &'a str,
}

/// How moderators take messages back (XEP-0425).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Moderation {
    /// They cannot.
    #[default]
    None,
    /// As until version 0.3.
    Old,
    /// As it is now.
    New,
}

/// Why there is no stanza for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsayable {
    /// The message that it is about has no id there.
    #[error("the message is not known on XMPP")]
    UnknownTarget,
    /// The occupant is not there.
    #[error("nobody of that name is in the room")]
    NobodyThere,
    /// The room has no moderation.
    #[error("moderators of this room cannot remove the messages of others")]
    NoModeration,
    /// XMPP has nothing of the kind.
    #[error("XMPP has nothing of the kind")]
    NoSuchThing,
}

/// The stanza of an event in a room.
pub(crate) fn stanza(outgoing: &Outgoing, scene: &Scene<'_>) -> Result<Element, Unsayable> {
    match &outgoing.action {
        Action::Message(message) => Ok(said(scene, message)),
        Action::Edit { target, message } => {
            let first = id::author_id(target).ok_or(Unsayable::UnknownTarget)?;
            let replace = xml::element("replace", ns::CORRECT).with("id", first);
            Ok(said(scene, message).holding(replace))
        }
        Action::React { target, .. } | Action::Unreact { target, .. } => reactions(scene, target),
        Action::Delete { target, reason } => deletion(scene, target, reason.as_deref()),
        Action::Topic(topic) => Ok(groupchat(scene).holding(stanza::text("subject", topic))),
        Action::Kick { reason, .. } => {
            let nick = scene.nick.ok_or(Unsayable::NobodyThere)?;
            let mut item =
                xml::element("item", ns::MUC_ADMIN).with("nick", nick).with("role", "none");
            if let Some(reason) = reason {
                item.append_child(xml::element("reason", ns::MUC_ADMIN).saying(reason));
            }
            Ok(request(scene).holding(xml::element("query", ns::MUC_ADMIN).holding(item)))
        }
        _ => Err(Unsayable::NoSuchThing),
    }
}

fn said(scene: &Scene<'_>, message: &Message) -> Element {
    let body = body(message);
    let mut stanza = groupchat(scene);
    let quote = scene.quoted.map(quote).unwrap_or_default();
    stanza.append_child(stanza::text("body", &format!("{quote}{body}")));
    stanza.append_child(xml::element("origin-id", ns::SID).with("id", scene.id));
    if let Some(reply_to) = &message.reply_to {
        let ids = std::slice::from_ref(reply_to);
        if let Some(of) = id::room_id(ids).or_else(|| id::author_id(ids)) {
            let mut reply = xml::element("reply", ns::REPLY).with("id", of);
            if let Some(quoted) = scene.quoted {
                xml::set(&mut reply, "to", &format!("{}/{}", scene.room, quoted.nick));
            }
            stanza.append_child(reply);
        }
    }
    if !quote.is_empty() {
        let end = quote.chars().count().to_string();
        let range = xml::element("body", ns::FALLBACK).with("start", "0").with("end", &end);
        let fallback = xml::element("fallback", ns::FALLBACK).with("for", ns::REPLY);
        stanza.append_child(fallback.holding(range));
    }
    stanza
}

/// What is said, in plain text.
fn body(message: &Message) -> String {
    let text = message.body.plain();
    if message.kind == MessageKind::Emote { format!("/me {text}") } else { text }
}

/// The words that stand before a reply for clients that do not know replies: at most three lines.
fn quote(quoted: Quoted<'_>) -> String {
    let mut quote = format!("> {} wrote:\n", quoted.nick);
    for line in quoted.text.lines().filter(|line| !line.starts_with('>')).take(3) {
        quote.push_str("> ");
        quote.extend(line.chars().take(200));
        quote.push('\n');
    }
    xml::legal(&quote)
}

fn reactions(scene: &Scene<'_>, target: &[RemoteId]) -> Result<Element, Unsayable> {
    let of = target_id(target)?;
    let mut reactions = xml::element("reactions", ns::REACTIONS).with("id", of);
    for key in scene.keys {
        reactions.append_child(xml::element("reaction", ns::REACTIONS).saying(key));
    }
    Ok(groupchat(scene).holding(reactions).holding(xml::element("store", ns::HINTS)))
}

fn deletion(
    scene: &Scene<'_>,
    target: &[RemoteId],
    reason: Option<&str>,
) -> Result<Element, Unsayable> {
    let of = target_id(target)?;
    let ours = target.iter().any(|id| id.as_str().starts_with(&format!("i:{} ", id::OURS)));
    if ours {
        let fallback = "/me removed an earlier message";
        return Ok(groupchat(scene)
            .holding(stanza::text("body", fallback))
            .holding(xml::element("retract", ns::RETRACT).with("id", of))
            .holding(xml::element("fallback", ns::FALLBACK).with("for", ns::RETRACT))
            .holding(xml::element("store", ns::HINTS)));
    }
    let reason =
        |namespace: &str| reason.map(|reason| xml::element("reason", namespace).saying(reason));
    match scene.moderation {
        Moderation::None => Err(Unsayable::NoModeration),
        Moderation::New => {
            let mut moderate = xml::element("moderate", ns::MODERATE)
                .with("id", of)
                .holding(xml::element("retract", ns::RETRACT));
            if let Some(reason) = reason(ns::MODERATE) {
                moderate.append_child(reason);
            }
            Ok(request(scene).holding(moderate))
        }
        Moderation::Old => {
            let mut moderate = xml::element("moderate", ns::MODERATE_0)
                .holding(xml::element("retract", ns::RETRACT_0));
            if let Some(reason) = reason(ns::MODERATE_0) {
                moderate.append_child(reason);
            }
            let apply = xml::element("apply-to", ns::FASTEN).with("id", of).holding(moderate);
            Ok(request(scene).holding(apply))
        }
    }
}

fn groupchat(scene: &Scene<'_>) -> Element {
    stanza::message("groupchat", scene.from, scene.to, scene.id)
}

fn request(scene: &Scene<'_>) -> Element {
    stanza::iq("set", scene.from, scene.to, scene.id)
}

fn target_id(target: &[RemoteId]) -> Result<&str, Unsayable> {
    id::room_id(target).or_else(|| id::author_id(target)).ok_or(Unsayable::UnknownTarget)
}

#[cfg(test)]
mod tests;
