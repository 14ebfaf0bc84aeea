//! What the bridge answers to requests: discovery, pings, versions. Anything else gets an error,
//! never silence (RFC 6120, 8.2.3).

use tokio_xmpp::minidom::Element;

use super::Hub;
use crate::{
    escape, ns, stanza,
    xml::{self, Build},
};

/// What rooms of Matrix can do on XMPP.
const ROOM_FEATURES: &[&str] = &[
    ns::DISCO_INFO,
    ns::MUC,
    ns::PING,
    ns::SID,
    ns::OCCUPANT_ID,
    ns::CORRECT,
    ns::REACTIONS,
    ns::REPLY,
    ns::RETRACT,
    "http://jabber.org/protocol/muc#stable_id",
    "muc_nonanonymous",
    "muc_open",
    "muc_persistent",
    "muc_unmoderated",
];

const SERVICE_FEATURES: &[&str] =
    &[ns::DISCO_INFO, ns::DISCO_ITEMS, ns::MUC, ns::PING, ns::VERSION];

const PERSON_FEATURES: &[&str] = &[ns::DISCO_INFO, ns::PING, ns::VERSION];

impl Hub {
    pub(super) async fn serve(&mut self, iq: &Element) {
        let answer = self.answer(iq);
        self.send(&answer).await;
    }

    fn answer(&self, iq: &Element) -> Element {
        let payload = iq.children().next();
        let get = xml::attr(iq, "type") == "get";
        let to = stanza::to(iq);
        match payload {
            Some(ping) if get && ping.is("ping", ns::PING) => stanza::result(iq),
            Some(query) if get && query.is("query", ns::DISCO_INFO) => {
                if escape::read_room(&to.local).is_some() && to.resource.is_empty() {
                    let name = self.gateway_name(&to.bare());
                    let name = name.as_deref().unwrap_or(&to.local);
                    describe(iq, "conference", "text", name, ROOM_FEATURES)
                } else if to.local.is_empty() {
                    let described = describe(iq, "gateway", "matrix", "Matrix", SERVICE_FEATURES);
                    also(described, "conference", "text", "Matrix rooms")
                } else {
                    describe(iq, "client", "bridge", &to.local, PERSON_FEATURES)
                }
            }
            Some(query) if get && query.is("query", ns::DISCO_ITEMS) => {
                stanza::result(iq).holding(xml::element("query", ns::DISCO_ITEMS))
            }
            Some(query) if get && query.is("query", ns::VERSION) => {
                let name = xml::element("name", ns::VERSION).saying("bridge-xmpp");
                let version = env!("CARGO_PKG_VERSION");
                let version = xml::element("version", ns::VERSION).saying(version);
                stanza::result(iq)
                    .holding(xml::element("query", ns::VERSION).holding(name).holding(version))
            }
            _ => stanza::error(iq, "cancel", "service-unavailable", ""),
        }
    }
}

fn describe(iq: &Element, category: &str, kind: &str, name: &str, features: &[&str]) -> Element {
    let mut query = xml::element("query", ns::DISCO_INFO).holding(identity(category, kind, name));
    for feature in features {
        query.append_child(xml::element("feature", ns::DISCO_INFO).with("var", feature));
    }
    stanza::result(iq).holding(query)
}

fn also(mut described: Element, category: &str, kind: &str, name: &str) -> Element {
    if let Some(query) = described.get_child_mut("query", ns::DISCO_INFO) {
        query.append_child(identity(category, kind, name));
    }
    described
}

fn identity(category: &str, kind: &str, name: &str) -> Element {
    let identity = xml::element("identity", ns::DISCO_INFO).with("category", category);
    identity.with("type", kind).with("name", name)
}
