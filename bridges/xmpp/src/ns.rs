//! Namespaces, each with the specification that it comes from.

/// Stanzas on the stream of a component (XEP-0114).
pub(crate) const COMPONENT: &str = "jabber:component:accept";
/// Stanzas of clients (RFC 6120), as they are found in archives.
#[cfg(test)]
pub(crate) const CLIENT: &str = "jabber:client";
/// Conditions of errors of stanzas (RFC 6120).
pub(crate) const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// Data forms (XEP-0004).
pub(crate) const DATA: &str = "jabber:x:data";
/// Service discovery (XEP-0030).
pub(crate) const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// Service discovery (XEP-0030).
pub(crate) const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// Rooms (XEP-0045).
pub(crate) const MUC: &str = "http://jabber.org/protocol/muc";
/// Rooms (XEP-0045).
pub(crate) const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
/// Rooms (XEP-0045).
pub(crate) const MUC_ADMIN: &str = "http://jabber.org/protocol/muc#admin";
/// Result sets (XEP-0059).
pub(crate) const RSM: &str = "http://jabber.org/protocol/rsm";
/// Versions of software (XEP-0092).
pub(crate) const VERSION: &str = "jabber:iq:version";
/// Pings (XEP-0199).
pub(crate) const PING: &str = "urn:xmpp:ping";
/// Times of stanzas that come late (XEP-0203).
pub(crate) const DELAY: &str = "urn:xmpp:delay";
/// Stanzas within stanzas (XEP-0297).
pub(crate) const FORWARD: &str = "urn:xmpp:forward:0";
/// Corrections (XEP-0308).
pub(crate) const CORRECT: &str = "urn:xmpp:message-correct:0";
/// Archives (XEP-0313).
pub(crate) const MAM: &str = "urn:xmpp:mam:2";
/// Hints for servers (XEP-0334).
pub(crate) const HINTS: &str = "urn:xmpp:hints";
/// Unique ids of messages (XEP-0359).
pub(crate) const SID: &str = "urn:xmpp:sid:0";
/// Ids of occupants (XEP-0421).
pub(crate) const OCCUPANT_ID: &str = "urn:xmpp:occupant-id:0";
/// Changes of stanzas by others (XEP-0422), of which old retractions are a case.
pub(crate) const FASTEN: &str = "urn:xmpp:fasten:0";
/// Retractions (XEP-0424).
pub(crate) const RETRACT: &str = "urn:xmpp:message-retract:1";
/// Retractions (XEP-0424), as they were until version 0.4.
pub(crate) const RETRACT_0: &str = "urn:xmpp:message-retract:0";
/// Retractions by moderators (XEP-0425).
pub(crate) const MODERATE: &str = "urn:xmpp:message-moderate:1";
/// Retractions by moderators (XEP-0425), as they were until version 0.3.
pub(crate) const MODERATE_0: &str = "urn:xmpp:message-moderate:0";
/// Text for clients that do not know what it stands for (XEP-0428).
pub(crate) const FALLBACK: &str = "urn:xmpp:fallback:0";
/// Reactions (XEP-0444).
pub(crate) const REACTIONS: &str = "urn:xmpp:reactions:0";
/// Replies (XEP-0461).
pub(crate) const REPLY: &str = "urn:xmpp:reply:0";
