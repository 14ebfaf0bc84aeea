//! From stanzas of XMPP to what the core takes. Pure.

use bridge_core::{
    content::Doc,
    network::{Message, MessageKind},
};
use tokio_xmpp::minidom::Element;

use crate::{ns, xml};

/// What a message says. Ids are as the stanza writes them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// Something is said.
    Message {
        message: Message,
        /// The message that it answers (XEP-0461), as the room names it.
        reply_to: Option<String>,
    },
    /// An earlier message gets a new text (XEP-0308).
    Edit {
        /// The message, as its author names it.
        of: String,
        message: Message,
    },
    /// All reactions of the author to a message (XEP-0444).
    Reactions { of: String, keys: Vec<String> },
    /// The author takes a message back (XEP-0424).
    Retract { of: String },
    /// A moderator takes a message back (XEP-0425); only the room itself says so.
    Moderated { of: String, by: Option<String>, reason: Option<String> },
    /// The room gets a new subject.
    Subject(String),
    /// Nothing that Matrix must see.
    Nothing,
}

/// How many reactions of one stanza are taken.
const REACTIONS: usize = 32;

/// Reads a message.
pub(crate) fn read(stanza: &Element) -> Said {
    if let Some(said) = retraction(stanza) {
        return said;
    }
    if let Some(reactions) = xml::child(stanza, "reactions", ns::REACTIONS) {
        let keys = reactions
            .children()
            .filter(|child| child.is("reaction", ns::REACTIONS))
            .map(|child| child.text().trim().to_owned())
            .filter(|key| !key.is_empty())
            .take(REACTIONS)
            .collect();
        return Said::Reactions { of: xml::attr(reactions, "id").to_owned(), keys };
    }
    let Some(body) = xml::own_child(stanza, "body") else {
        return match xml::own_child(stanza, "subject") {
            Some(subject) if xml::own_child(stanza, "thread").is_none() => {
                Said::Subject(subject.text())
            }
            _ => Said::Nothing,
        };
    };
    let reply_to = xml::child(stanza, "reply", ns::REPLY).map(|it| xml::attr(it, "id").to_owned());
    let mut body = body.text();
    if reply_to.is_some() {
        body = without_fallback(stanza, &body, ns::REPLY);
    }
    let message = text(&body);
    match xml::child(stanza, "replace", ns::CORRECT) {
        Some(replace) => Said::Edit { of: xml::attr(replace, "id").to_owned(), message },
        None => Said::Message { message, reply_to: reply_to.filter(|id| !id.is_empty()) },
    }
}

/// A text; what begins with `/me ` is an emote (XEP-0245).
fn text(body: &str) -> Message {
    let (kind, text) = match body.strip_prefix("/me ") {
        Some(text) => (MessageKind::Emote, text),
        None => (MessageKind::Text, body),
    };
    let mut message = Message::text("");
    message.kind = kind;
    message.body = Doc::text(text);
    message
}

fn retraction(stanza: &Element) -> Option<Said> {
    if let Some(retract) = xml::child(stanza, "retract", ns::RETRACT) {
        let of = xml::attr(retract, "id").to_owned();
        return Some(match xml::child(retract, "moderated", ns::MODERATE) {
            Some(moderated) => Said::Moderated {
                of,
                by: moderated.attr("by").map(str::to_owned),
                reason: reason(retract),
            },
            None => Said::Retract { of },
        });
    }
    let applied = xml::child(stanza, "apply-to", ns::FASTEN)?;
    let of = xml::attr(applied, "id").to_owned();
    if let Some(moderated) = xml::child(applied, "moderated", ns::MODERATE_0) {
        xml::child(moderated, "retract", ns::RETRACT_0)?;
        return Some(Said::Moderated {
            of,
            by: moderated.attr("by").map(str::to_owned),
            reason: reason(moderated),
        });
    }
    xml::child(applied, "retract", ns::RETRACT_0).map(|_| Said::Retract { of })
}

fn reason(of: &Element) -> Option<String> {
    let reason = of.children().find(|child| child.name() == "reason")?.text();
    (!reason.trim().is_empty()).then_some(reason)
}

/// A body without the ranges that stand for a feature (XEP-0428). Ranges count code points.
fn without_fallback(stanza: &Element, body: &str, feature: &str) -> String {
    let chars: Vec<char> = body.chars().collect();
    let mut kept = vec![true; chars.len()];
    let of_feature = |child: &&Element| {
        child.is("fallback", ns::FALLBACK) && child.attr("for").is_none_or(|it| it == feature)
    };
    for range in stanza.children().filter(of_feature).flat_map(Element::children) {
        if !range.is("body", ns::FALLBACK) {
            continue;
        }
        let at = |name: &str, otherwise: usize| match range.attr(name) {
            Some(text) => text.parse::<usize>().unwrap_or(otherwise).min(chars.len()),
            None => otherwise,
        };
        let (start, end) = (at("start", 0), at("end", chars.len()));
        if start < end {
            kept[start..end].fill(false);
        }
    }
    let left: String =
        chars.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(char, _)| char).collect();
    // A client that marks all of a body as fallback says something nevertheless.
    if left.trim().is_empty() { body.to_owned() } else { left.trim_start_matches('\n').to_owned() }
}

#[cfg(test)]
mod tests;
