//! Stanzas and their usual payloads: built, and read leniently.

use tokio_xmpp::minidom::Element;

use crate::{
    address::Address,
    ns,
    xml::{self, Build},
};

/// A message.
pub(crate) fn message(kind: &'static str, from: &str, to: &str, id: &str) -> Element {
    let message = xml::element("message", ns::COMPONENT).with("type", kind);
    message.with("from", from).with("to", to).with("id", id)
}

/// An available presence, unless a type is set on it.
pub(crate) fn presence(from: &str, to: &str) -> Element {
    xml::element("presence", ns::COMPONENT).with("from", from).with("to", to)
}

/// A request.
pub(crate) fn iq(kind: &'static str, from: &str, to: &str, id: &str) -> Element {
    let iq = xml::element("iq", ns::COMPONENT).with("type", kind);
    iq.with("from", from).with("to", to).with("id", id)
}

/// The answer to a request.
pub(crate) fn result(request: &Element) -> Element {
    iq("result", xml::attr(request, "to"), xml::attr(request, "from"), xml::attr(request, "id"))
}

/// The error that answers a stanza (RFC 6120, 8.3).
pub(crate) fn error(
    of: &Element,
    kind: &'static str,
    condition: &'static str,
    text: &str,
) -> Element {
    let mut error = xml::element("error", ns::COMPONENT)
        .with("type", kind)
        .holding(xml::element(condition, ns::STANZAS));
    if !text.is_empty() {
        error.append_child(xml::element("text", ns::STANZAS).saying(text));
    }
    let answer = xml::element(of.name(), ns::COMPONENT).with("type", "error");
    let answer = answer.with("from", xml::attr(of, "to")).with("to", xml::attr(of, "from"));
    let answer = answer.with("id", xml::attr(of, "id"));
    match xml::child(of, "x", ns::MUC) {
        // Clients know by it which of their presences is refused.
        Some(_) => answer.holding(xml::element("x", ns::MUC)).holding(error),
        None => answer.holding(error),
    }
}

/// An element of text within a stanza.
pub(crate) fn text(name: &str, text: &str) -> Element {
    xml::element(name, ns::COMPONENT).saying(text)
}

/// Who sent a stanza.
pub(crate) fn from(stanza: &Element) -> Address {
    Address::read(xml::attr(stanza, "from"))
}

/// Whom a stanza is for.
pub(crate) fn to(stanza: &Element) -> Address {
    Address::read(xml::attr(stanza, "to"))
}

/// What an error says: its condition, and its text or the condition in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) condition: String,
    pub(crate) text: String,
}

/// Reads the error of a stanza.
pub(crate) fn error_of(stanza: &Element) -> Said {
    let error = xml::own_child(stanza, "error");
    let conditions = error.into_iter().flat_map(Element::children);
    let mut condition = String::new();
    let mut text = String::new();
    for child in conditions.filter(|child| child.has_ns(ns::STANZAS)) {
        if child.name() == "text" {
            text = child.text();
        } else {
            child.name().clone_into(&mut condition);
        }
    }
    if text.trim().is_empty() {
        text = condition.replace('-', " ");
    }
    Said { condition, text }
}

/// The id that a room has given a message (XEP-0359). Ids of others are not believed.
pub(crate) fn stanza_id(message: &Element, room: &str) -> Option<String> {
    message
        .children()
        .find(|child| {
            child.is("stanza-id", ns::SID) && Address::read(xml::attr(child, "by")).bare() == room
        })
        .map(|child| xml::attr(child, "id").to_owned())
        .filter(|id| !id.is_empty())
}

/// The id of the occupant behind a stanza (XEP-0421).
pub(crate) fn occupant_id(stanza: &Element) -> Option<&str> {
    let id = xml::attr(xml::child(stanza, "occupant-id", ns::OCCUPANT_ID)?, "id");
    (!id.is_empty()).then_some(id)
}

/// What a room says about an occupant (XEP-0045).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AboutOccupant {
    pub(crate) statuses: Vec<u16>,
    /// The address behind the nick, if it is shown.
    pub(crate) jid: Option<String>,
    /// The nick from now on.
    pub(crate) nick: Option<String>,
    /// Who did it.
    pub(crate) actor: Option<String>,
    pub(crate) reason: Option<String>,
}

impl AboutOccupant {
    /// Whether the room says this (XEP-0045, 15.6.2).
    pub(crate) fn says(&self, status: u16) -> bool {
        self.statuses.contains(&status)
    }
}

/// Reads what a room says about an occupant.
pub(crate) fn about_occupant(presence: &Element) -> AboutOccupant {
    let Some(x) = xml::child(presence, "x", ns::MUC_USER) else { return AboutOccupant::default() };
    let statuses = x
        .children()
        .filter(|child| child.name() == "status")
        .filter_map(|status| xml::attr(status, "code").parse().ok())
        .collect();
    let item = xml::child(x, "item", ns::MUC_USER);
    let of_item = |name: &str| item.and_then(|item| item.attr(name)).map(str::to_owned);
    let in_item = |name: &str| item.and_then(|item| xml::child(item, name, ns::MUC_USER));
    AboutOccupant {
        statuses,
        jid: of_item("jid").map(|jid| Address::read(&jid).bare()),
        nick: of_item("nick"),
        actor: in_item("actor").and_then(|actor| actor.attr("nick")).map(str::to_owned),
        reason: in_item("reason").map(Element::text).filter(|reason| !reason.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Element {
        text.parse().unwrap()
    }

    #[test]
    fn an_error_says_why() {
        let stanza = parse(
            "<message xmlns='jabber:client' type='error'><body>x</body><error type='auth'>\
             <forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
        );
        let said = error_of(&stanza);
        assert_eq!((said.condition.as_str(), said.text.as_str()), ("forbidden", "forbidden"));
    }

    #[test]
    fn only_the_room_gives_ids() {
        let message = parse(
            "<message xmlns='jabber:client'><stanza-id xmlns='urn:xmpp:sid:0' by='x@y' id='1'/>\
             <stanza-id xmlns='urn:xmpp:sid:0' by='r@muc' id='2'/></message>",
        );
        assert_eq!(stanza_id(&message, "r@muc").as_deref(), Some("2"));
        assert_eq!(stanza_id(&message, "other@muc"), None);
    }

    #[test]
    fn items_are_read_as_lax_as_they_come() {
        let presence = parse(
            "<presence xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc#user'>\
             <item jid='Bob@x/phone'><actor nick='mod'/><reason>spam</reason></item>\
             <status code='307'/><status code='9999'/><status code='?'/></x></presence>",
        );
        let about = about_occupant(&presence);
        assert!(about.says(307) && about.says(9999) && !about.says(110));
        assert_eq!(about.jid.as_deref(), Some("bob@x"));
        assert_eq!(about.actor.as_deref(), Some("mod"));
        assert_eq!(about.reason.as_deref(), Some("spam"));
    }
}
