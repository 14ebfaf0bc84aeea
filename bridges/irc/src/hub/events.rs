//! What the sessions tell: connections that begin and end, and what all of them hear.

use std::time::{SystemTime, UNIX_EPOCH};

use bridge_core::{
    id::{RemoteId, Timestamp},
    network::{Refusal, RemoteAction, RemoteEvent, RemoteUser},
    ruma::OwnedUserId,
};

use super::{Connection, Hub};
use crate::{
    casemap::Folded,
    id,
    message::{Message, Source},
    session::{Arrival, EventKind, SessionEvent, SessionId},
    to_matrix,
};

impl Hub {
    pub(super) async fn take(&mut self, event: SessionEvent) {
        let id = event.session;
        let Some(connection) = self.sessions.get(&id).cloned() else { return };
        match event.kind {
            EventKind::Registered => match &connection {
                Connection::Reader(at) => self.reader_registered(*at),
                Connection::Puppet(user) => self.puppet_registered(user),
            },
            EventKind::Message(arrival) => match &connection {
                Connection::Reader(at) => self.read(*at, id, &arrival).await,
                Connection::Puppet(user) => self.hear(user, id, &arrival).await,
            },
            EventKind::Overlong { bytes } => {
                metrics::counter!("bridge_irc_overlong_lines_total").increment(1);
                tracing::warn!(network = self.setup.name, bytes, "a line was too long to be read");
            }
            EventKind::Closed(closed) => {
                self.sessions.remove(&id);
                tracing::info!(network = self.setup.name, reason = %closed.reason, "disconnected");
                for (token, settlement) in self.echoes.lost(id.0, &closed.reason.to_string()) {
                    self.remote.settle(token, settlement);
                }
                match &connection {
                    Connection::Reader(at) => self.reader_closed(*at, &closed),
                    Connection::Puppet(user) => self.puppet_closed(user, id, &closed),
                }
            }
            _ => {}
        }
    }

    pub(super) fn seen(
        &mut self,
        connection: u64,
        target: &Folded,
        label: Option<&str>,
        text: &str,
        msgid: Option<&str>,
    ) {
        bridge_core::failpoint::hit("irc.before_echo");
        if let Some((token, settlement)) = self.echoes.seen(connection, target, label, text, msgid)
        {
            self.remote.settle(token, settlement);
        }
    }

    pub(super) fn hear_numeric(
        &mut self,
        user: Option<&OwnedUserId>,
        id: SessionId,
        message: &Message,
    ) {
        let target = self.casemap.fold(message.param(1));
        match message.numeric() {
            // Not sent: no such nick or channel, cannot send, no text, not registered, targets.
            Some(401 | 403 | 404 | 407 | 412 | 415 | 442 | 477 | 489 | 531 | 716) => {
                let refused =
                    self.echoes.refused(id.0, &target, message.tag("label"), refusal(message));
                if let Some((token, settlement)) = refused {
                    return self.remote.settle(token, settlement);
                }
                if self.denied(id, message, &target) {
                    return;
                }
                if let Some(user) = user {
                    self.join_refused(user, &target, message);
                }
            }
            // Not set, not kicked: not there, no operator, a service, somebody of higher rank.
            Some(441 | 482 | 484 | 485) => {
                self.denied(id, message, &target);
            }
            Some(405 | 471 | 473 | 474 | 475 | 476 | 520) => {
                if let Some(user) = user {
                    self.join_refused(user, &target, message);
                }
            }
            _ => {}
        }
    }

    pub(super) fn is_reader(&self, nick: &str) -> bool {
        self.readers
            .iter()
            .filter_map(|reader| reader.handle.as_ref())
            .any(|handle| handle.state().is_own_nick(nick))
    }

    /// The Matrix user whose puppet, of this process or a former one, this is.
    pub(super) fn owner(&self, nick: &Folded, source: &Source) -> Option<OwnedUserId> {
        if let Some(user) = self.puppet_nicks.get(nick) {
            return Some(user.clone());
        }
        let mask =
            format!("{}!{}@{}", source.nick, source.user.as_deref()?, source.host.as_deref()?);
        self.masks.get(&mask).cloned()
    }

    pub(super) async fn tell(
        &mut self,
        key: &Folded,
        source: Option<&Source>,
        action: RemoteAction,
        arrival: &Arrival,
    ) {
        let event = self.event(key, source, action, Some(arrival));
        drop(self.journal.send(event.into()).await);
    }

    pub(super) fn event(
        &self,
        key: &Folded,
        source: Option<&Source>,
        action: RemoteAction,
        arrival: Option<&Arrival>,
    ) -> RemoteEvent {
        let network = &self.setup.name;
        let sender = source.map(|source| RemoteUser {
            key: id::nick_key(network, &self.casemap.fold(&source.nick)),
            name: source.nick.clone(),
        });
        // Only what is said has an id of its own: a QUIT has one for all channels.
        let said = matches!(action, RemoteAction::Message(_));
        let msgid = arrival.filter(|_| said).and_then(|arrival| arrival.message.tag("msgid"));
        RemoteEvent {
            portal: id::channel_key(network, key),
            sender,
            id: msgid.map(RemoteId::from),
            also: Vec::new(),
            at: arrival.map_or_else(|| timestamp(SystemTime::now()), time_of),
            action,
        }
    }
}

/// The server's time of a message if it tells one, else ours.
pub(super) fn time_of(arrival: &Arrival) -> Timestamp {
    let told = arrival.message.tag("time").and_then(to_matrix::server_time);
    told.unwrap_or_else(|| timestamp(arrival.at))
}

pub(super) fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

pub(super) fn words(message: &Message) -> String {
    format!("{} ({})", message.text(), message.command)
}

pub(super) fn refusal(message: &Message) -> Refusal {
    Refusal { why: words(message), text: format!("{}: {}", message.param(1), words(message)) }
}
