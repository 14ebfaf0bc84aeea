//! From Matrix to the XMPP users who are in a Matrix room.

use bridge_core::{
    id::PortalKey,
    network::{Action, Outgoing},
};
use tokio_xmpp::minidom::Element;

use super::{Hub, gateway::occupant_presence};
use crate::{
    ns, stanza,
    to_network::{self, Scene},
    xml::{self, Build},
};

impl Hub {
    /// Tells an event to everybody in the room. `false` if there is no link.
    pub(super) async fn fan_out(&mut self, outgoing: &Outgoing, keys: &[String]) -> bool {
        if !self.up {
            return false;
        }
        let user = outgoing.author.user_id.clone();
        let Some(gateway) = self.gateways.get_mut(&outgoing.portal) else { return true };
        let mut stanzas = Vec::new();
        let jid = format!("{}@{}/matrix", crate::escape::user(&user), self.setup.link.jid);
        if let Action::Leave { .. } = &outgoing.action {
            let Some(nick) = gateway.members.remove(&user) else { return true };
            for (to, occupant) in &gateway.occupants {
                let from = format!("{}/{nick}", occupant.room);
                let left = occupant_presence(&from, to, Some(&jid), &[]);
                stanzas.push(left.with("type", "unavailable"));
            }
        } else {
            let name = outgoing.author.display_name.as_deref();
            let (nick, is_new) = gateway.ensure_member(&user, name);
            if let Action::Topic(topic) = &outgoing.action {
                gateway.topic.clone_from(topic);
            }
            for (to, occupant) in &gateway.occupants {
                let room = &occupant.room;
                let from = format!("{room}/{nick}");
                if is_new {
                    stanzas.push(occupant_presence(&from, to, Some(&jid), &[]));
                }
                let id = outgoing.event_id.as_str();
                let scene = Scene { from: &from, to, room, id, keys, ..Scene::default() };
                match to_network::stanza(outgoing, &scene) {
                    Ok(message) => stanzas.push(identified(message, room, id)),
                    Err(why) => tracing::debug!(%why, "an event is not told on XMPP"),
                }
            }
        }
        for stanza in stanzas {
            if !self.send(&stanza).await {
                return false;
            }
        }
        true
    }

    /// Sends what an XMPP user said to everybody in the room, themselves included, under the id
    /// that it has on Matrix.
    pub(super) async fn reflect(&mut self, key: &PortalKey, message: &Element, id: &str) {
        let from = xml::attr(message, "from").to_owned();
        let Some(gateway) = self.gateways.get(key) else { return };
        let Some(nick) = gateway.occupants.get(&from).map(|occupant| occupant.nick.clone()) else {
            return;
        };
        let mut stanzas = Vec::new();
        for (to, occupant) in &gateway.occupants {
            let mut copy = own_payload(message);
            xml::set(&mut copy, "from", &format!("{}/{nick}", occupant.room));
            xml::set(&mut copy, "to", to);
            stanzas.push(identified(copy, &occupant.room, id));
        }
        for stanza in stanzas {
            self.send(&stanza).await;
        }
    }
}

/// A message without what only a room may say: ids, times, and who somebody is.
fn own_payload(message: &Element) -> Element {
    let mut copy = stanza::message("groupchat", "", "", xml::attr(message, "id"));
    for child in message.children() {
        let is_the_rooms = child.is("stanza-id", ns::SID)
            || child.has_ns(ns::OCCUPANT_ID)
            || child.has_ns(ns::MUC_USER)
            || child.has_ns(ns::DELAY);
        if !is_the_rooms {
            copy.append_child(child.clone());
        }
    }
    copy
}

fn identified(message: Element, room: &str, id: &str) -> Element {
    message.holding(xml::element("stanza-id", ns::SID).with("by", room).with("id", id))
}
