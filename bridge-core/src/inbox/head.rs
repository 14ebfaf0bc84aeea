//! The head of an event: just enough to know where it belongs.

use std::borrow::Cow;

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{id::Timestamp, store::Membership};

/// What every room event has, read leniently; the content stays unread until someone needs it.
#[derive(Debug, Deserialize)]
pub(crate) struct Head<'a> {
    pub(crate) event_id: OwnedEventId,
    pub(crate) room_id: OwnedRoomId,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Cow<'a, str>,
    pub(crate) sender: OwnedUserId,
    #[serde(default, borrow)]
    pub(crate) state_key: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(crate) origin_server_ts: Timestamp,
    #[serde(default)]
    redacts: Option<OwnedEventId>,
    #[serde(borrow)]
    pub(crate) content: &'a RawValue,
}

/// The part of `m.room.member` content that the core reads.
#[derive(Debug, Deserialize)]
pub(crate) struct MemberContent {
    pub(crate) membership: Membership,
    #[serde(default)]
    pub(crate) displayname: Option<String>,
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

impl<'a> Head<'a> {
    pub(crate) fn parse(raw: &'a RawValue) -> Result<Self, serde_json::Error> {
        Self::parse_str(raw.get())
    }

    pub(crate) fn parse_str(raw: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(raw)
    }

    /// Whom a membership event is about.
    pub(crate) fn target(&self) -> Option<OwnedUserId> {
        if self.kind != "m.room.member" {
            return None;
        }
        self.state_key.as_deref()?.try_into().ok()
    }

    /// The content of a membership event.
    pub(crate) fn member(&self) -> Option<MemberContent> {
        if self.kind != "m.room.member" {
            return None;
        }
        serde_json::from_str(self.content.get()).ok()
    }

    /// The event that this one redacts. Room version 11 moved it into the content.
    pub(crate) fn redacts(&self) -> Option<OwnedEventId> {
        #[derive(Deserialize)]
        struct Content {
            redacts: Option<OwnedEventId>,
        }
        if self.kind != "m.room.redaction" {
            return None;
        }
        self.redacts.clone().or_else(|| {
            serde_json::from_str::<Content>(self.content.get()).ok().and_then(|c| c.redacts)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn room_ids_without_a_server_part_are_read() {
        let event =
            raw(r#"{"event_id":"$e","room_id":"!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM",
                "type":"m.room.message","sender":"@a:s","content":{}}"#);
        let head = Head::parse(&event).unwrap();
        assert_eq!(head.room_id, "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM");
    }

    #[test]
    fn a_redaction_is_read_in_both_places() {
        for (top, content) in [(r#""redacts":"$x","#, "{}"), ("", r#"{"redacts":"$x"}"#)] {
            let event = raw(&format!(
                r#"{{"event_id":"$e","room_id":"!r:s","type":"m.room.redaction",{top}
                    "sender":"@a:s","content":{content}}}"#
            ));
            assert_eq!(Head::parse(&event).unwrap().redacts().unwrap(), "$x");
        }
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for bad in ["7", "[]", "{}", r#"{"event_id":7}"#, "null"] {
            assert!(Head::parse(&raw(bad)).is_err(), "{bad}");
        }
    }
}
