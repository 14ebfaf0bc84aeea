//! What the sessions hear, and what follows.

use std::time::{SystemTime, UNIX_EPOCH};

use bridge_core::{
    id::{RemoteId, Timestamp},
    network::{Refusal, RemoteAction, RemoteEvent, RemoteUser},
    ruma::OwnedUserId,
};

use super::{Connection, Hub, NoSeat, Place, channel::Played};
use crate::{
    casemap::Folded,
    config::Membership,
    id,
    journal::Entry,
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

    /// A puppet hears only what concerns itself.
    async fn hear(&mut self, user: &OwnedUserId, id: SessionId, arrival: &Arrival) {
        let message = &arrival.message;
        if message.numeric().is_some() {
            return self.hear_numeric(Some(user), id, message);
        }
        match message.command.as_str() {
            "JOIN" if arrival.own => {
                let channel = self.casemap.fold(message.param(0));
                self.puppet_joined(user, &channel);
            }
            "PART" if arrival.own => {
                let channel = self.casemap.fold(message.param(0));
                self.puppet_left(user, &channel);
            }
            "KICK" => {
                let channel = self.casemap.fold(message.param(0));
                self.puppet_left(user, &channel);
            }
            "NICK" if arrival.own => self.note_nick(user),
            "PRIVMSG" | "NOTICE" if arrival.own => self.echo(id, message),
            "PRIVMSG" | "NOTICE" => self.private_message(user, arrival).await,
            "FAIL" => self.fail(id, message),
            _ => {}
        }
    }

    fn echo(&mut self, id: SessionId, message: &Message) {
        let target = self.casemap.fold(message.param(0));
        let label = message.tag("label");
        // In a channel that is read the reader sees the line as well; only a label or an id tells
        // the two apart.
        if label.is_none() && self.channels.get(&target).is_some_and(|channel| channel.joined) {
            return;
        }
        self.seen(id.0, &target, label, message.text(), message.tag("msgid"));
    }

    fn seen(
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

    fn fail(&mut self, id: SessionId, message: &Message) {
        let label = message.tag("label");
        let refusal = refusal(message);
        for target in &message.params {
            let target = self.casemap.fold(target);
            if let Some((token, settlement)) =
                self.echoes.refused(id.0, &target, label, refusal.clone())
            {
                return self.remote.settle(token, settlement);
            }
        }
    }

    fn hear_numeric(&mut self, user: Option<&OwnedUserId>, id: SessionId, message: &Message) {
        let target = self.casemap.fold(message.param(1));
        match message.numeric() {
            // Not sent: no such nick or channel, cannot send, no text, not registered, targets.
            Some(401 | 403 | 404 | 407 | 412 | 415 | 442 | 477 | 489 | 531 | 716) => {
                let refused =
                    self.echoes.refused(id.0, &target, message.tag("label"), refusal(message));
                if let Some((token, settlement)) = refused {
                    return self.remote.settle(token, settlement);
                }
                if let Some(user) = user {
                    self.join_refused(user, &target, message);
                }
            }
            Some(405 | 471 | 473 | 474 | 475 | 476 | 520) => {
                if let Some(user) = user {
                    self.join_refused(user, &target, message);
                }
            }
            _ => {}
        }
    }

    fn join_refused(&mut self, user: &OwnedUserId, channel: &Folded, message: &Message) {
        let why = NoSeat::Refused(words(message));
        self.unseat(user, Some(&Place::Channel(channel.clone())), &why);
    }

    /// Somebody talks to a puppet.
    async fn private_message(&mut self, user: &OwnedUserId, arrival: &Arrival) {
        let message = &arrival.message;
        let Some(source) = message.source.as_ref().filter(|source| source.user.is_some()) else {
            return; // a server
        };
        let nick = self.casemap.fold(&source.nick);
        if self.puppet_nicks.contains_key(&nick) || self.is_reader(&source.nick) {
            return; // from Matrix, where it is said already
        }
        let Some(action) = to_matrix::message(message) else { return };
        let network = &self.setup.name;
        let key = id::nick_key(network, &nick);
        let begins = (message.command == "PRIVMSG").then(|| (user.clone(), key.clone()));
        let event = RemoteEvent {
            portal: id::direct_key(network, &nick, user),
            sender: Some(RemoteUser { key, name: source.nick.clone() }),
            id: message.tag("msgid").map(RemoteId::from),
            also: Vec::new(),
            at: time_of(arrival),
            action,
        };
        drop(self.journal.send(Entry { event, direct: begins }).await);
    }

    fn is_reader(&self, nick: &str) -> bool {
        self.readers
            .iter()
            .filter_map(|reader| reader.handle.as_ref())
            .any(|handle| handle.state().is_own_nick(nick))
    }

    /// A reader hears everything in its channels.
    async fn read(&mut self, at: usize, id: SessionId, arrival: &Arrival) {
        let message = &arrival.message;
        if message.numeric().is_some() {
            return self.read_numeric(at, id, message).await;
        }
        let Some(source) = &message.source else { return };
        match message.command.as_str() {
            "JOIN" if arrival.own => self.reader_joined(message),
            "PART" if arrival.own => {}
            "KICK" if self.is_reader(message.param(1)) => {
                let key = self.casemap.fold(message.param(0));
                if let Some(channel) = self.channels.get_mut(&key) {
                    channel.lose();
                    self.join_as_reader(at, &[key]);
                }
            }
            "PRIVMSG" | "NOTICE" if arrival.own => {
                let target = self.casemap.fold(message.param(0));
                self.seen(
                    id.0,
                    &target,
                    message.tag("label"),
                    message.text(),
                    message.tag("msgid"),
                );
            }
            "PRIVMSG" | "NOTICE" => self.said(at, arrival, source).await,
            "JOIN" => self.came(arrival, source).await,
            "PART" => {
                let channel = self.casemap.fold(message.param(0));
                let reason = Some(message.param(1)).filter(|r| !r.is_empty()).map(str::to_owned);
                self.left(&channel, &source.nick, reason, arrival).await;
            }
            "QUIT" => {
                let reason = Some(message.param(0)).filter(|r| !r.is_empty()).map(str::to_owned);
                let nick = self.casemap.fold(&source.nick);
                for channel in self.channels_of(&nick) {
                    self.left(&channel, &source.nick, reason.clone(), arrival).await;
                }
            }
            "KICK" => self.kicked(arrival, source).await,
            "NICK" => self.renamed(arrival, source).await,
            "TOPIC" => {
                let key = self.casemap.fold(message.param(0));
                let topic = crate::format::strip(message.param(1)).into_owned();
                if let Some(channel) = self.channels.get_mut(&key) {
                    channel.topic = Some(topic.clone());
                    self.tell(&key, Some(source), RemoteAction::Topic(topic), arrival).await;
                }
            }
            _ => {}
        }
    }

    fn reader_joined(&mut self, message: &Message) {
        let key = self.casemap.fold(message.param(0));
        let Some(channel) = self.channels.get_mut(&key) else { return };
        message.param(0).clone_into(&mut channel.name);
        channel.joined = true;
        channel.since = Some(SystemTime::now());
        let reader = channel.reader;
        if let Some(handle) = self.readers.get(reader).and_then(|reader| reader.handle.clone()) {
            // Its answer comes after all that the server tells by itself at a join.
            self.post(&handle, Message::new("MODE", [message.param(0)]));
        }
    }

    async fn read_numeric(&mut self, _at: usize, id: SessionId, message: &Message) {
        match message.numeric() {
            Some(324) => {
                let key = self.casemap.fold(message.param(1));
                if let Some(channel) = self.channels.get_mut(&key) {
                    channel.history = history(&message.params);
                }
                self.all_told(&key);
            }
            Some(332) => {
                let key = self.casemap.fold(message.param(1));
                let topic = crate::format::strip(message.param(2)).into_owned();
                if let Some(channel) = self.channels.get_mut(&key) {
                    channel.topic = Some(topic.clone());
                    let event = self.event(&key, None, RemoteAction::Topic(topic), None);
                    drop(self.journal.send(Entry { event, direct: None }).await);
                }
            }
            Some(353) => {
                let key = self.casemap.fold(message.param(2));
                let casemap = self.casemap;
                let Some(channel) = self.channels.get_mut(&key) else { return };
                let naming = channel.naming.get_or_insert_default();
                for name in message.param(3).split_ascii_whitespace() {
                    let name = name.trim_start_matches(['~', '&', '@', '%', '+', '!']);
                    let nick = name.split('!').next().unwrap_or(name);
                    naming.add(casemap, nick);
                }
            }
            Some(366) => self.named(&self.casemap.fold(message.param(1))).await,
            Some(403 | 405 | 471 | 473 | 474 | 475 | 476 | 477 | 489 | 520) => {
                let key = self.casemap.fold(message.param(1));
                if self.channels.get(&key).is_some_and(|channel| !channel.joined) {
                    self.not_admitted(&key, &words(message));
                }
            }
            _ => self.hear_numeric(None, id, message),
        }
    }

    /// The list of names is complete: who is missing left while nobody looked.
    async fn named(&mut self, key: &Folded) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        let now = channel.naming.take().unwrap_or_default();
        let gone = channel.roster.missing_from(&now);
        channel.roster = now;
        for nick in gone {
            let source = Source { nick, user: None, host: None };
            let event = self.event(key, Some(&source), RemoteAction::Leave { reason: None }, None);
            drop(self.journal.send(Entry { event, direct: None }).await);
        }
    }

    /// A line in a channel: somebody's, one of ours, or one that is played back.
    async fn said(&mut self, at: usize, arrival: &Arrival, source: &Source) {
        let message = &arrival.message;
        let key = self.casemap.fold(message.param(0));
        if self.channels.get(&key).is_none_or(|channel| channel.reader != at) {
            return;
        }
        let nick = self.casemap.fold(&source.nick);
        let played = message.tag("batch").is_some();
        let ours = self.owner(&nick, source);
        if let Some(user) = ours {
            let text = message.text().to_owned();
            let msgid = message.tag("msgid").map(str::to_owned);
            if played {
                return self.note_played(&key, Played { user, text, msgid });
            }
            let puppet = self.puppets.get(&user).and_then(|puppet| puppet.handle.as_ref());
            if let Some(connection) = puppet.map(|handle| handle.id().0) {
                self.seen(connection, &key, None, &text, msgid.as_deref());
            }
            return;
        }
        if self.is_reader(&source.nick) {
            return;
        }
        if let Some(action) = to_matrix::message(message) {
            self.tell(&key, Some(source), action, arrival).await;
        }
    }

    /// The Matrix user whose puppet, of this process or a former one, this is.
    fn owner(&self, nick: &Folded, source: &Source) -> Option<OwnedUserId> {
        if let Some(user) = self.puppet_nicks.get(nick) {
            return Some(user.clone());
        }
        let mask =
            format!("{}!{}@{}", source.nick, source.user.as_deref()?, source.host.as_deref()?);
        self.masks.get(&mask).cloned()
    }

    async fn came(&mut self, arrival: &Arrival, source: &Source) {
        let key = self.casemap.fold(arrival.message.param(0));
        let casemap = self.casemap;
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.roster.add(casemap, &source.nick);
        let nick = casemap.fold(&source.nick);
        if self.owner(&nick, source).is_none()
            && !self.is_reader(&source.nick)
            && self.setup.config.membership == Membership::Full
        {
            self.tell(&key, Some(source), RemoteAction::Join, arrival).await;
        }
    }

    async fn left(&mut self, key: &Folded, nick: &str, reason: Option<String>, arrival: &Arrival) {
        let folded = self.casemap.fold(nick);
        let Some(channel) = self.channels.get_mut(key) else { return };
        channel.roster.remove(&folded);
        let source = Source { nick: nick.to_owned(), user: None, host: None };
        if !self.puppet_nicks.contains_key(&folded) && !self.is_reader(nick) {
            self.tell(key, Some(&source), RemoteAction::Leave { reason }, arrival).await;
        }
    }

    async fn kicked(&mut self, arrival: &Arrival, source: &Source) {
        let message = &arrival.message;
        let key = self.casemap.fold(message.param(0));
        let target = self.casemap.fold(message.param(1));
        let reason = Some(message.param(2)).filter(|r| !r.is_empty()).map(str::to_owned);
        match self.puppet_nicks.get(&target).cloned() {
            Some(user) => {
                let action = RemoteAction::Kick { target: user, reason };
                self.tell(&key, Some(source), action, arrival).await;
            }
            None => self.left(&key, message.param(1), reason, arrival).await,
        }
    }

    async fn renamed(&mut self, arrival: &Arrival, source: &Source) {
        let to = arrival.message.param(0).to_owned();
        let old = self.casemap.fold(&source.nick);
        let new = self.casemap.fold(&to);
        let ours = self.puppet_nicks.contains_key(&old) || self.puppet_nicks.contains_key(&new);
        let casemap = self.casemap;
        for key in self.channels_of(&old) {
            if let Some(channel) = self.channels.get_mut(&key) {
                channel.roster.remove(&old);
                channel.roster.add(casemap, &to);
            }
            if !ours && !self.is_reader(&to) {
                let user =
                    RemoteUser { key: id::nick_key(&self.setup.name, &new), name: to.clone() };
                self.tell(&key, Some(source), RemoteAction::Rename { to: user }, arrival).await;
            }
        }
    }

    fn channels_of(&self, nick: &Folded) -> Vec<Folded> {
        self.channels
            .iter()
            .filter(|(_, channel)| channel.roster.contains(nick))
            .map(|(key, _)| key.clone())
            .collect()
    }

    async fn tell(
        &mut self,
        key: &Folded,
        source: Option<&Source>,
        action: RemoteAction,
        arrival: &Arrival,
    ) {
        let event = self.event(key, source, action, Some(arrival));
        drop(self.journal.send(Entry { event, direct: None }).await);
    }

    fn event(
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
fn time_of(arrival: &Arrival) -> Timestamp {
    let told = arrival.message.tag("time").and_then(to_matrix::server_time);
    told.unwrap_or_else(|| timestamp(arrival.at))
}

fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// How many seconds of history a channel's modes promise: `+H lines:time`, where InspIRCd writes
/// the time as `10m` or `1h30m`.
fn history(params: &[String]) -> Option<u64> {
    if !params.get(2)?.contains('H') {
        return None;
    }
    params.iter().skip(3).find_map(|param| {
        let (lines, time) = param.split_once(':')?;
        let is_number = !lines.is_empty() && lines.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| seconds(time))?
    })
}

/// Reads `600`, `10m` or `1h30m`.
fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut number: Option<u64> = None;
    for char in text.chars() {
        if let Some(digit) = char.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit))?);
            continue;
        }
        let unit = match char.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            'y' => 31_557_600,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    let total = total.checked_add(number.unwrap_or(0))?;
    (!text.is_empty()).then_some(total)
}

fn words(message: &Message) -> String {
    format!("{} ({})", message.text(), message.command)
}

fn refusal(message: &Message) -> Refusal {
    Refusal { why: words(message), text: format!("{}: {}", message.param(1), words(message)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_of_a_channel_is_read_from_its_modes() {
        let modes = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(history(&modes("me #c +HklntC 50:600 key 10")), Some(600));
        assert_eq!(history(&modes("me #c +Hnt 50:10m")), Some(600));
        assert_eq!(history(&modes("me #c +Hnt 5:1h30m")), Some(5_400));
        assert_eq!(history(&modes("me #c +Hnt 5:x")), None);
        assert_eq!(history(&modes("me #c +nt")), None);
    }
}
