//! Archives of rooms (XEP-0313): what was missed, and what became of what we sent.

use std::collections::HashMap;

use bridge_core::{id::Timestamp, network::Settlement};
use tokio_xmpp::minidom::Element;

use super::{
    Asker, Hub,
    incoming::{Heard, is_ours},
    muc::{Phase, cursor_scope},
    now, prepare,
};
use crate::{
    ns, stanza, time,
    xml::{self, Build},
};

/// How many messages a page has at most.
const PAGE: &str = "50";

/// How far before a time an archive is read from, as clocks differ.
const MARGIN_MS: u64 = 60_000;

/// A request that waits for its answer.
pub(super) enum Query {
    /// What a room is like.
    Features { room: String },
    /// The newest message of an archive that was never read.
    Newest { room: String },
    /// What was said since the cursor.
    CatchUp { room: String, last: Option<String> },
    /// What became of stanzas: their ids and those that the room gave them.
    Find { room: String, found: HashMap<String, String>, asker: Asker, last: Option<String> },
}

impl Query {
    pub(super) fn room(&self) -> &str {
        match self {
            Self::Features { room }
            | Self::Newest { room }
            | Self::CatchUp { room, .. }
            | Self::Find { room, .. } => room,
        }
    }
}

/// Where a page begins.
#[derive(Clone, Debug)]
enum From<'a> {
    Start,
    After(&'a str),
    Time(Timestamp),
    /// The last page.
    End,
}

impl Hub {
    /// Reads what was said in a room while nobody of us was there.
    pub(super) async fn catch_up(&mut self, room: &str) {
        let Some(muc) = self.mucs.get(room) else { return };
        if !muc.features.archive {
            return self.caught_up(room).await;
        }
        match muc.cursor.clone() {
            None => {
                let query = Query::Newest { room: room.to_owned() };
                self.ask_archive(room, &From::End, query).await;
            }
            Some(cursor) => {
                let query = Query::CatchUp { room: room.to_owned(), last: None };
                let from = match cursor.split_once(' ') {
                    Some((id, _)) => From::After(id),
                    None => From::Start,
                };
                self.ask_archive(room, &from, query).await;
            }
        }
    }

    async fn ask_archive(&mut self, room: &str, from: &From<'_>, query: Query) {
        let (reader, id) = (self.reader(), self.next_id());
        let max = if matches!(from, From::End) { "1" } else { PAGE };
        let mut set =
            xml::element("set", ns::RSM).holding(xml::element("max", ns::RSM).saying(max));
        let mut ask = xml::element("query", ns::MAM).with("queryid", &id);
        match from {
            From::Start => {}
            From::After(id) => {
                set.append_child(xml::element("after", ns::RSM).saying(id));
            }
            From::End => {
                set.append_child(xml::element("before", ns::RSM));
            }
            From::Time(at) => {
                let form = xml::element("x", ns::DATA)
                    .with("type", "submit")
                    .holding(field("FORM_TYPE", ns::MAM).with("type", "hidden"))
                    .holding(field("start", &time::write(*at)));
                ask.append_child(form);
            }
        }
        let iq = stanza::iq("set", &reader, room, &id).holding(ask.holding(set));
        self.queries.insert(id, query);
        self.send(&iq).await;
    }

    /// One message of an archive. Only those of a room that was asked, for a request that is open,
    /// are believed.
    pub(super) async fn archived(&mut self, room: &str, result: &Element) {
        let (queryid, id) = (xml::attr(result, "queryid"), xml::attr(result, "id").to_owned());
        let Some(query) = self.queries.get_mut(queryid).filter(|query| query.room() == room) else {
            return;
        };
        let forwarded = xml::child(result, "forwarded", ns::FORWARD);
        let stamp = forwarded
            .and_then(|forwarded| xml::child(forwarded, "delay", ns::DELAY))
            .and_then(|delay| time::read(xml::attr(delay, "stamp")));
        let message = forwarded
            .and_then(|forwarded| forwarded.children().find(|child| child.name() == "message"));
        let at = stamp.unwrap_or_else(now);
        let Some(message) = message else { return };
        match query {
            Query::Features { .. } => {}
            Query::Newest { .. } => {
                let cursor = format!("{id} {}", at.0);
                if let Some(muc) = self.mucs.get_mut(room) {
                    muc.cursor = Some(cursor.clone());
                }
                self.note(None, vec![(cursor_scope(room), Some(cursor))]).await;
            }
            Query::CatchUp { last, .. } => {
                *last = Some(id.clone());
                if stanza::from(message).bare() == room {
                    self.heard(room, &Heard { message, at, id: Some(id) }).await;
                }
            }
            Query::Find { found, last, .. } => {
                *last = Some(id.clone());
                let nick = stanza::from(message).resource;
                let ours = self.mucs.get(room).is_some_and(|muc| is_ours(muc, &nick, message));
                if ours {
                    found.insert(xml::attr(message, "id").to_owned(), id);
                }
            }
        }
    }

    /// A request was answered.
    pub(super) async fn answered(&mut self, id: &str, iq: &Element) {
        let Some(query) = self.queries.remove(id) else { return };
        let room = query.room().to_owned();
        let refused = xml::attr(iq, "type") == "error";
        let fin = xml::child(iq, "fin", ns::MAM);
        let complete = fin.is_none_or(|fin| fin.attr("complete") == Some("true"));
        match query {
            Query::Features { .. } => self.described(&room, iq).await,
            Query::Newest { .. } => {
                if let Some(muc) = self.mucs.get_mut(&room).filter(|muc| muc.cursor.is_none())
                    && !refused
                {
                    muc.cursor = Some(String::new());
                    let fact = (cursor_scope(&room), Some(String::new()));
                    self.note(None, vec![fact]).await;
                }
                self.caught_up(&room).await;
            }
            Query::CatchUp { last, .. } if refused => {
                let said = stanza::error_of(iq);
                let cursor = self.mucs.get(&room).and_then(|muc| muc.cursor.clone());
                let at =
                    cursor.as_deref().and_then(|cursor| cursor.split_once(' ')?.1.parse().ok());
                match at {
                    // The archive has forgotten the message up to which it was read.
                    Some(at) if said.condition == "item-not-found" && last.is_none() => {
                        let start = Timestamp(u64::saturating_sub(at, MARGIN_MS));
                        let again =
                            Query::CatchUp { room: room.clone(), last: Some(String::new()) };
                        self.ask_archive(&room, &From::Time(start), again).await;
                    }
                    _ => {
                        tracing::warn!(room, why = said.text, "the archive of a room is not read");
                        self.caught_up(&room).await;
                    }
                }
            }
            Query::CatchUp { last, .. } => match last {
                Some(last) if !complete && !last.is_empty() => {
                    let next = Query::CatchUp { room: room.clone(), last: None };
                    self.ask_archive(&room, &From::After(&last), next).await;
                }
                _ => self.caught_up(&room).await,
            },
            Query::Find { found, asker, last, .. } => match last {
                Some(last) if !complete && !refused => {
                    let room_ = room.clone();
                    let next = Query::Find { room: room_, found, asker, last: None };
                    self.ask_archive(&room, &From::After(&last), next).await;
                }
                _ if refused => {
                    let why = stanza::error_of(iq).text;
                    tracing::warn!(room, why, "the archive of a room does not tell what arrived");
                }
                _ => answer(&found, asker),
            },
        }
    }

    /// Everything that was missed is in the journal: what waited meanwhile follows.
    async fn caught_up(&mut self, room: &str) {
        let Some(muc) = self.mucs.get_mut(room) else { return };
        if muc.phase != Phase::CatchingUp {
            return;
        }
        tracing::info!(room, held = muc.held.len(), "a room of XMPP is read");
        muc.phase = Phase::In;
        muc.tell_openers(&Ok(()));
        let held = std::mem::take(&mut muc.held);
        let askers = std::mem::take(&mut muc.askers);
        for message in held {
            self.heard_live(room, &message).await;
        }
        for asker in askers {
            self.reconcile(room, asker).await;
        }
    }

    /// Finds out what became of stanzas that were cut off. Waits until the room can be asked.
    pub(super) async fn reconcile(&mut self, room: &str, asker: Asker) {
        let Some(muc) = self.ensure_muc(room) else { return };
        if muc.phase != Phase::In {
            muc.askers.push(asker);
            return;
        }
        if !muc.features.archive {
            return; // nobody can tell
        }
        let first = asker.0.iter().map(|row| row.since.0).min().unwrap_or_default();
        let from = From::Time(Timestamp(first.saturating_sub(MARGIN_MS)));
        let query = Query::Find { room: room.to_owned(), found: HashMap::new(), asker, last: None };
        self.ask_archive(room, &from, query).await;
    }
}

/// What is in the archive arrived, and nothing else did.
fn answer(found: &HashMap<String, String>, (rows, answer): Asker) {
    let settled = rows
        .into_iter()
        .map(|row| {
            let outcome = match found.get(row.outgoing.event_id.as_str()) {
                Some(id) => {
                    let ids = prepare::ids_of(&row.outgoing).with(Some(id));
                    Settlement::Done { ids }
                }
                None => Settlement::NotSent { arrived: 0 },
            };
            (row.token, outcome)
        })
        .collect();
    drop(answer.send(settled));
}

fn field(name: &str, value: &str) -> Element {
    xml::element("field", ns::DATA)
        .with("var", name)
        .holding(xml::element("value", ns::DATA).saying(value))
}
