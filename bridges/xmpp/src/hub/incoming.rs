//! What comes in over the link, and where it belongs.

use bridge_core::{
    id::{GhostKey, Timestamp},
    network::{Reach, Refusal, RemoteAction, RemoteEvent, Settlement},
};
use tokio_xmpp::minidom::Element;

use super::{
    Hub, Ids,
    muc::{Muc, Phase, Recent, cursor_scope},
    now, person,
};
use crate::{
    address::Address,
    id, ns, stanza, time,
    to_matrix::{self, Said},
    xml,
};

/// A message of a room, live or from its archive.
pub(super) struct Heard<'a> {
    pub(super) message: &'a Element,
    pub(super) at: Timestamp,
    /// The id that the room has given it.
    pub(super) id: Option<String>,
}

impl Hub {
    /// Takes a stanza. What nobody expects is answered as the specification asks, and ends nothing.
    pub(super) async fn take(&mut self, stanza: Element) {
        let from = stanza::from(&stanza);
        if from.domain == self.setup.link.jid {
            return; // our own ping, or a loop
        }
        match stanza.name() {
            "iq" => self.take_iq(&from, &stanza).await,
            "presence" if self.mucs.contains_key(&from.bare()) => {
                self.presence_of(&from, &stanza).await;
            }
            "presence" => self.gateway_presence(&from, &stanza).await,
            "message" if self.mucs.contains_key(&from.bare()) => {
                self.message_of(&from, stanza).await;
            }
            "message" => self.gateway_message(&from, &stanza).await,
            other => tracing::debug!(name = other, "an element that is no stanza"),
        }
    }

    async fn take_iq(&mut self, from: &Address, iq: &Element) {
        let kind = xml::attr(iq, "type");
        if matches!(kind, "get" | "set") {
            return self.serve(iq).await;
        }
        let id = xml::attr(iq, "id");
        let room = from.bare();
        if self.queries.get(id).is_some_and(|query| query.room() == room) {
            return self.answered(id, iq).await;
        }
        if self.pending.get(id).is_some_and(|pending| pending.room == room)
            && let Some(pending) = self.pending.remove(id)
        {
            let settlement = match (kind, pending.ids) {
                ("error", _) => refused(&stanza::error_of(iq)),
                (_, Ids::Known(ids)) => Settlement::Done { ids },
                (_, Ids::Message(_)) => Settlement::Done { ids: Vec::new() },
            };
            self.remote.settle(pending.token, settlement);
        }
    }

    async fn message_of(&mut self, from: &Address, message: Element) {
        let room = from.bare();
        if xml::attr(&message, "type") == "error" {
            return self.message_refused(&room, &message);
        }
        if stanza::to(&message).local != "bridge" {
            return; // a copy for a puppet
        }
        if let Some(result) = xml::child(&message, "result", ns::MAM) {
            return self.archived(&room, result).await;
        }
        if xml::attr(&message, "type") != "groupchat" {
            return;
        }
        let Some(muc) = self.mucs.get_mut(&room) else { return };
        if muc.phase != Phase::In {
            match to_matrix::read(&message) {
                // The subject ends what a room tells at a join.
                Said::Subject(topic) => {
                    muc.topic = (!topic.is_empty()).then_some(topic);
                    muc.tell_openers(&Ok(()));
                }
                _ => muc.hold(message),
            }
            return;
        }
        self.heard_live(&room, &message).await;
    }

    pub(super) async fn heard_live(&mut self, room: &str, message: &Element) {
        let id = stanza::stanza_id(message, room);
        let delayed = xml::child(message, "delay", ns::DELAY)
            .and_then(|delay| time::read(xml::attr(delay, "stamp")));
        let at = delayed.unwrap_or_else(now);
        self.heard(room, &Heard { message, at, id }).await;
    }

    /// Takes a message of a room, in the room's order.
    pub(super) async fn heard(&mut self, room: &str, heard: &Heard<'_>) {
        let Heard { message, at, id } = heard;
        let nick = stanza::from(message).resource;
        let attribute = xml::attr(message, "id");
        let Some(muc) = self.mucs.get_mut(room) else { return };
        let mut facts = Vec::new();
        if let Some(id) = id {
            let cursor = format!("{id} {}", at.0);
            muc.cursor = Some(cursor.clone());
            facts.push((cursor_scope(room), Some(cursor)));
        }
        if let (Some(id), Some(body)) = (id, xml::own_child(message, "body")) {
            muc.remember(Recent { id: id.clone(), nick: nick.clone(), text: body.text() });
        }
        if is_ours(muc, &nick, message) {
            if let Said::Subject(topic) = to_matrix::read(message) {
                muc.topic = Some(topic);
            }
            self.seen(room, attribute, id.as_deref());
            return self.note(None, facts).await;
        }
        let key = (!nick.is_empty()).then(|| key_of(muc, room, &nick, message));
        let portal = muc.portal.clone();
        let by_author = |id: &str| key.as_ref().map(|key| id::by_author(key, id));
        let own_id = by_author(attribute).filter(|_| !attribute.is_empty());
        let mut event = RemoteEvent {
            portal,
            sender: key.clone().map(|key| person(key, &nick)),
            id: id.as_deref().map(id::by_room).or_else(|| own_id.clone()),
            also: if id.is_some() { own_id.into_iter().collect() } else { Vec::new() },
            at: *at,
            action: RemoteAction::Join,
        };
        event.action = match (to_matrix::read(message), key.is_some()) {
            (Said::Message { mut message, reply_to }, true) => {
                message.reply_to = reply_to.as_deref().map(id::by_room);
                RemoteAction::Message(message)
            }
            (Said::Edit { of, message }, true) => {
                let Some(target) = by_author(&of) else { return };
                RemoteAction::Edit { target, message }
            }
            (Said::Reactions { of, keys }, true) => {
                RemoteAction::Reactions { target: id::by_room(&of), keys }
            }
            (Said::Retract { of }, true) => {
                RemoteAction::Delete { target: id::by_room(&of), reason: None, reach: Reach::Own }
            }
            (Said::Moderated { of, reason, .. }, false) => {
                RemoteAction::Delete { target: id::by_room(&of), reason, reach: Reach::Any }
            }
            (Said::Subject(topic), _) => {
                muc.topic = Some(topic.clone());
                RemoteAction::Topic(topic)
            }
            _ => return self.note(None, facts).await,
        };
        self.note(Some(event), facts).await;
    }

    /// A stanza of ours was reflected: its row is done.
    fn seen(&mut self, room: &str, attribute: &str, id: Option<&str>) {
        if self.pending.get(attribute).is_none_or(|pending| pending.room != room) {
            return;
        }
        let Some(pending) = self.pending.remove(attribute) else { return };
        bridge_core::failpoint::hit("xmpp.before_echo");
        let ids = pending.ids.with(id);
        self.remote.settle(pending.token, Settlement::Done { ids });
    }

    /// A room refused what a puppet said.
    fn message_refused(&mut self, room: &str, message: &Element) {
        let id = xml::attr(message, "id");
        if self.pending.get(id).is_none_or(|pending| pending.room != room) {
            return;
        }
        let Some(pending) = self.pending.remove(id) else { return };
        let said = stanza::error_of(message);
        if said.condition == "not-acceptable" {
            // The puppet is not in the room any more: it comes in and says it again.
            if let Some(user) = self.puppet_of(&stanza::to(message))
                && let Some(muc) = self.mucs.get_mut(room)
                && let Some(puppet) = muc.puppets.get_mut(&user)
            {
                puppet.lose();
            }
            self.remote.settle(pending.token, Settlement::NotSent { arrived: 0 });
            return;
        }
        self.remote.settle(pending.token, refused(&said));
    }
}

impl Ids {
    /// The ids, once the room has given its own.
    pub(super) fn with(self, id: Option<&str>) -> Vec<bridge_core::id::RemoteId> {
        match self {
            Self::Known(ids) => ids,
            Self::Message(event_id) => {
                let ours = id::by_author(&id::OURS.into(), event_id.as_str());
                id.map(id::by_room).into_iter().chain([ours]).collect()
            }
        }
    }
}

/// Whether a message comes from an occupant of ours. In an archive the occupant may be long gone.
pub(super) fn is_ours(muc: &Muc, nick: &str, message: &Element) -> bool {
    if let Some(id) = stanza::occupant_id(message) {
        return muc.ours.contains(id);
    }
    let now = muc.nick == nick || muc.puppets.values().any(|puppet| puppet.nick == nick);
    let then =
        xml::attr(message, "id").starts_with('$') && muc.ours.contains(&format!("nick:{nick}"));
    (now && !muc.occupants.contains_key(nick)) || then
}

/// The key of an occupant.
pub(super) fn key_of(muc: &Muc, room: &str, nick: &str, stanza: &Element) -> GhostKey {
    if muc.features.shows_addresses
        && let Some(jid) = stanza::about_occupant(stanza).jid
    {
        return id::person_key(&jid);
    }
    if let Some(occupant) = muc.occupants.get(nick) {
        return occupant.key.clone();
    }
    if let Some(occupant) = stanza::occupant_id(stanza) {
        return id::occupant_key(room, occupant);
    }
    let known = muc.renamed.get(nick).cloned();
    known.unwrap_or_else(|| id::occupant_key(room, &format!("nick:{nick}")))
}

fn refused(said: &stanza::Said) -> Settlement {
    Settlement::Refused(Refusal { why: said.condition.clone(), text: said.text.clone() })
}
