//! Rooms of Matrix on XMPP: who is in them, and what they say.
//!
//! An XMPP user joins `#room#server@component` or `!id%server@component`. Each user hears the room
//! under the address by which they joined it, so all aliases of a room lead to the same room. What
//! they say is reflected once Matrix has taken it; its event id is its stanza id.

use std::collections::BTreeMap;

use bridge_core::{
    id::{PortalKey, RemoteId},
    network::{AdoptError, Adopted, Completion, Reach, RemoteAction, RemoteEvent},
    ruma::{OwnedUserId, UserId},
};
use tokio_xmpp::minidom::Element;

use super::{Command, Hub, now, person};
use crate::{
    address::Address,
    escape::{self, RoomName},
    id, ns, stanza,
    to_matrix::{self, Said},
    xml::{self, Build},
};

/// A Matrix room that XMPP users have joined.
pub(super) struct GatewayRoom {
    pub(super) name: String,
    pub(super) topic: String,
    /// The Matrix users in it, with their nicks.
    pub(super) members: BTreeMap<OwnedUserId, String>,
    /// The XMPP users in it, by their full addresses.
    pub(super) occupants: BTreeMap<String, GatewayOccupant>,
}

/// A device of an XMPP user in a Matrix room.
#[derive(Clone, Debug)]
pub(super) struct GatewayOccupant {
    /// The room as they know it.
    pub(super) room: String,
    pub(super) nick: String,
}

/// A device on its way into a room.
#[derive(Clone, Debug)]
pub(super) struct Joining {
    key: PortalKey,
    presence: Element,
}

/// A Matrix room that an XMPP user asked for was looked up.
pub(crate) struct Found {
    presence: Box<Element>,
    result: Result<Adopted, AdoptError>,
}

impl GatewayRoom {
    fn new(found: &Adopted) -> Self {
        let mut room = Self {
            name: found.name.clone().unwrap_or_default(),
            topic: String::new(),
            members: BTreeMap::new(),
            occupants: BTreeMap::new(),
        };
        room.update(found);
        room
    }

    fn update(&mut self, found: &Adopted) {
        self.topic = found.topic.clone().unwrap_or_default();
        for (user, name) in &found.members {
            self.ensure_member(user, name.as_deref());
        }
    }

    /// The nick of a Matrix user; `true` if they came in just now.
    pub(super) fn ensure_member(&mut self, user: &UserId, name: Option<&str>) -> (String, bool) {
        if let Some(nick) = self.members.get(user) {
            return (nick.clone(), false);
        }
        let wanted = name.map(|name| name.replace('/', "∕")).unwrap_or_default();
        let wanted = wanted.trim();
        let wanted = if wanted.is_empty() { user.localpart() } else { wanted };
        let nick = if self.is_free(wanted) { wanted.to_owned() } else { user.to_string() };
        self.members.insert(user.to_owned(), nick.clone());
        (nick, true)
    }

    fn is_free(&self, nick: &str) -> bool {
        !self.members.values().any(|taken| taken == nick)
            && !self.occupants.values().any(|occupant| occupant.nick == nick)
    }
}

impl Hub {
    /// The name of a Matrix room that XMPP users are in.
    pub(super) fn gateway_name(&self, room: &str) -> Option<String> {
        self.gateways
            .values()
            .find(|gateway| gateway.occupants.values().any(|it| it.room == room))
            .map(|gateway| gateway.name.clone())
    }

    pub(super) async fn gateway_presence(&mut self, from: &Address, presence: &Element) {
        let to = stanza::to(presence);
        let kind = presence.attr("type");
        let Some(room) = escape::read_room(&to.local) else {
            if kind == Some("subscribe") {
                // Presence of Matrix users is not told yet.
                let answer = stanza::presence(xml::attr(presence, "to"), &from.bare());
                self.send(&answer.with("type", "unsubscribed")).await;
            }
            return;
        };
        let full = from.to_string();
        let joined = self.occupant(&full, &to.bare());
        match (kind, joined) {
            (None, None) if xml::child(presence, "x", ns::MUC).is_some() => {
                self.look_up(room, presence);
            }
            // A device that we have forgotten, or that never joined: it finds out and joins.
            (None, None) => {
                let error = stanza::error(presence, "modify", "not-acceptable", "join first");
                self.send(&error).await;
            }
            (None, Some(key)) => self.welcome(&key, presence).await,
            (Some("unavailable" | "error"), Some(key)) => {
                let status = xml::own_child(presence, "status").map(Element::text);
                self.gateway_leave(&key, &full, status).await;
            }
            (Some(_), _) => {}
        }
    }

    /// The room in which a device is, if it is in this one.
    fn occupant(&self, full: &str, room: &str) -> Option<PortalKey> {
        self.gateways
            .iter()
            .find(|(_, it)| it.occupants.get(full).is_some_and(|occupant| occupant.room == room))
            .map(|(key, _)| key.clone())
    }

    fn look_up(&self, room: RoomName, presence: &Element) {
        if !self.setup.gateway.enabled {
            let found = Found {
                presence: Box::new(presence.clone()),
                result: Err(AdoptError::Refused("the gateway is switched off".to_owned())),
            };
            drop(self.commands.send(Command::Found(found)));
            return;
        }
        let name = match room {
            RoomName::Id(id) => id.to_string(),
            RoomName::Alias(alias) => alias.to_string(),
        };
        let (remote, commands) = (self.remote.clone(), self.commands.clone());
        let presence = Box::new(presence.clone());
        self.tasks.spawn(async move {
            let result = remote.adopt(&name, |room| room.as_str().into()).await;
            drop(commands.send(Command::Found(Found { presence, result })));
        });
    }

    pub(super) async fn found(&mut self, Found { presence, result }: Found) {
        let adopted = match result {
            Ok(adopted) => adopted,
            Err(error) => {
                let (kind, condition) = match &error {
                    AdoptError::NotFound => ("cancel", "item-not-found"),
                    AdoptError::Closed => ("auth", "registration-required"),
                    AdoptError::Unavailable(_) => ("wait", "remote-server-timeout"),
                    AdoptError::Taken(_) => ("cancel", "gone"),
                    _ => ("auth", "forbidden"),
                };
                let answer = stanza::error(&presence, kind, condition, &error.to_string());
                self.send(&answer).await;
                return;
            }
        };
        let from = stanza::from(&presence);
        let nick = stanza::to(&presence).resource;
        let gateway =
            self.gateways.entry(adopted.key.clone()).or_insert_with(|| GatewayRoom::new(&adopted));
        gateway.update(&adopted);
        let own = |occupant: &&GatewayOccupant| occupant.nick == nick;
        let theirs = gateway
            .occupants
            .iter()
            .filter(|(_, it)| own(it))
            .all(|(jid, _)| Address::read(jid).bare() == from.bare());
        if nick.is_empty() || !theirs || gateway.members.values().any(|taken| *taken == nick) {
            let error = stanza::error(&presence, "cancel", "conflict", "this nick is taken");
            self.send(&error).await;
            return;
        }
        let id = RemoteId::from(format!("j:{} {}", from, self.next_id()));
        let sender = Some(person(id::person_key(&from.bare()), &nick));
        let event = RemoteEvent {
            portal: adopted.key.clone(),
            sender,
            id: Some(id.clone()),
            also: Vec::new(),
            at: now(),
            action: RemoteAction::Join,
        };
        self.joining.insert(id, Joining { key: adopted.key, presence: *presence });
        self.note(Some(event), Vec::new()).await;
    }

    /// Matrix has taken or refused what an XMPP user did.
    pub(super) async fn settled(&mut self, event: RemoteEvent, outcome: Completion) {
        let Some(id) = event.id else { return };
        if let Some(joining) = self.joining.remove(&id) {
            match outcome {
                Completion::Accepted { .. } => {
                    self.welcome(&joining.key, &joining.presence).await;
                }
                Completion::Refused { why } => {
                    let error = stanza::error(&joining.presence, "auth", "forbidden", &why);
                    self.send(&error).await;
                }
            }
            return;
        }
        let Some(message) = self.reflecting.remove(&id) else { return };
        match outcome {
            Completion::Accepted { event_id: Some(event_id) } => {
                let (remote, also) = (self.remote.clone(), id::by_room(event_id.as_str()));
                let portal = event.portal.clone();
                self.tasks.spawn(async move {
                    if let Err(error) = remote.add_id(&portal, &id, &also).await {
                        tracing::warn!(%error, "the stanza id of a message is not kept");
                    }
                });
                self.reflect(&event.portal, &message, event_id.as_str()).await;
            }
            Completion::Accepted { event_id: None } => {}
            Completion::Refused { why } => {
                let error = stanza::error(&message, "auth", "forbidden", &why);
                self.send(&error).await;
            }
        }
    }

    /// The whole sequence of a join (XEP-0045, 7.2): occupants, self-presence, subject.
    async fn welcome(&mut self, key: &PortalKey, presence: &Element) {
        let (from, to) = (stanza::from(presence), stanza::to(presence));
        let full = from.to_string();
        let (room, nick) = (to.bare(), to.resource);
        let Some(gateway) = self.gateways.get_mut(key) else { return };
        let known = gateway.occupants.get(&full).map(|occupant| occupant.nick.clone());
        let occupant = GatewayOccupant { room: room.clone(), nick: nick.clone() };
        // What they have of an earlier nick stays theirs; changing it is not possible yet.
        let nick = known.clone().unwrap_or(nick);
        if known.is_none() {
            gateway.occupants.insert(full.clone(), occupant);
        }
        let Some(gateway) = self.gateways.get(key) else { return };
        let mut stanzas = Vec::new();
        for (user, member) in &gateway.members {
            let jid = self.puppet_jid(user);
            stanzas.push(occupant_presence(&format!("{room}/{member}"), &full, Some(&jid), &[]));
        }
        for (jid, other) in &gateway.occupants {
            if other.nick != nick {
                let from = format!("{room}/{}", other.nick);
                stanzas.push(occupant_presence(&from, &full, Some(jid), &[]));
            }
        }
        let own = format!("{room}/{nick}");
        stanzas.push(occupant_presence(&own, &full, Some(&full), &[100, 110]));
        let subject = stanza::message("groupchat", &room, &full, "subject")
            .holding(stanza::text("subject", &gateway.topic));
        stanzas.push(subject);
        if known.is_none() {
            for (jid, other) in gateway.occupants.iter().filter(|(jid, _)| **jid != full) {
                let from = format!("{}/{nick}", other.room);
                stanzas.push(occupant_presence(&from, jid, Some(&full), &[]));
            }
        }
        for stanza in stanzas {
            self.send(&stanza).await;
        }
    }

    /// A device leaves; with the last one the user leaves the room on Matrix.
    async fn gateway_leave(&mut self, key: &PortalKey, full: &str, reason: Option<String>) {
        let Some(gateway) = self.gateways.get_mut(key) else { return };
        let Some(gone) = gateway.occupants.remove(full) else { return };
        let bare = Address::read(full).bare();
        let elsewhere = gateway.occupants.keys().any(|jid| Address::read(jid).bare() == bare);
        let mut stanzas = vec![
            occupant_presence(&format!("{}/{}", gone.room, gone.nick), full, Some(full), &[110])
                .with("type", "unavailable"),
        ];
        if !elsewhere {
            for (jid, other) in &gateway.occupants {
                let from = format!("{}/{}", other.room, gone.nick);
                let left = occupant_presence(&from, jid, Some(full), &[]);
                stanzas.push(left.with("type", "unavailable"));
            }
        }
        for stanza in stanzas {
            self.send(&stanza).await;
        }
        if !elsewhere {
            let sender = Some(person(id::person_key(&bare), &gone.nick));
            let action = RemoteAction::Leave { reason };
            let (portal, also) = (key.clone(), Vec::new());
            let event = RemoteEvent { portal, sender, id: None, also, at: now(), action };
            self.note(Some(event), Vec::new()).await;
        }
    }

    pub(super) async fn gateway_message(&mut self, from: &Address, message: &Element) {
        let (full, to) = (from.to_string(), stanza::to(message));
        let joined = self.occupant(&full, &to.bare());
        match (xml::attr(message, "type"), joined) {
            ("error", Some(key)) => {
                // A device that is gone hears nothing more, else each message would come back.
                let gone = stanza::error_of(message).text;
                self.gateway_leave(&key, &full, Some(gone)).await;
            }
            ("error", None) => {}
            ("groupchat", Some(key)) => self.gateway_said(&key, from, message).await,
            ("groupchat", None) => {
                let error = stanza::error(message, "modify", "not-acceptable", "join first");
                self.send(&error).await;
            }
            _ if xml::own_child(message, "body").is_some() => {
                let text = "the bridge carries no private messages yet";
                let error = stanza::error(message, "cancel", "service-unavailable", text);
                self.send(&error).await;
            }
            _ => {}
        }
    }

    async fn gateway_said(&mut self, key: &PortalKey, from: &Address, message: &Element) {
        let full = from.to_string();
        let nick = self
            .gateways
            .get(key)
            .and_then(|gateway| gateway.occupants.get(&full))
            .map(|occupant| occupant.nick.clone())
            .unwrap_or_default();
        let author = id::person_key(&from.bare());
        let own = xml::attr(message, "id");
        let own = if own.is_empty() { self.next_id() } else { own.to_owned() };
        let id = id::by_author(&author, &own);
        let mut event = RemoteEvent {
            portal: key.clone(),
            sender: Some(person(author.clone(), &nick)),
            id: Some(id.clone()),
            also: Vec::new(),
            at: now(),
            action: RemoteAction::Join,
        };
        event.action = match to_matrix::read(message) {
            Said::Message { mut message, reply_to } => {
                message.reply_to = reply_to.as_deref().map(id::by_room);
                RemoteAction::Message(message)
            }
            Said::Edit { of, message } => {
                RemoteAction::Edit { target: id::by_author(&author, &of), message }
            }
            Said::Reactions { of, keys } => {
                event.action = RemoteAction::Reactions { target: id::by_room(&of), keys };
                self.note(Some(event), Vec::new()).await;
                // The events of a set are many or none: it is reflected at once.
                return self.reflect(key, &message.clone(), &own).await;
            }
            Said::Retract { of } => {
                let target = id::by_room(&of);
                let action = RemoteAction::Delete { target, reason: None, reach: Reach::Own };
                event.action = action;
                self.note(Some(event), Vec::new()).await;
                return self.reflect(key, &message.clone(), &own).await;
            }
            Said::Subject(topic) => RemoteAction::Topic(topic),
            Said::Moderated { .. } | Said::Nothing => return,
        };
        self.reflecting.insert(id, message.clone());
        self.note(Some(event), Vec::new()).await;
    }

    /// Everybody is out of the rooms of Matrix: the link has ended.
    pub(super) fn lose_gateways(&mut self) {
        // Devices find out by themselves and come back (XEP-0410); they stay in the room on Matrix.
        self.gateways.clear();
        self.joining.clear();
        self.reflecting.clear();
    }

    /// The stanzas that tell XMPP users that the bridge stops.
    pub(super) fn gateway_goodbyes(&self) -> Vec<Element> {
        self.gateways
            .values()
            .flat_map(|gateway| &gateway.occupants)
            .map(|(jid, occupant)| {
                let own = format!("{}/{}", occupant.room, occupant.nick);
                occupant_presence(&own, jid, Some(jid), &[110, 332]).with("type", "unavailable")
            })
            .collect()
    }
}

/// The presence of an occupant of a Matrix room.
pub(super) fn occupant_presence(
    from: &str,
    to: &str,
    jid: Option<&str>,
    statuses: &[u16],
) -> Element {
    let mut item = xml::element("item", ns::MUC_USER)
        .with("affiliation", "member")
        .with("role", "participant");
    if let Some(jid) = jid {
        xml::set(&mut item, "jid", jid);
    }
    let mut x = xml::element("x", ns::MUC_USER).holding(item);
    for status in statuses {
        x.append_child(xml::element("status", ns::MUC_USER).with("code", &status.to_string()));
    }
    stanza::presence(from, to).holding(x)
}
