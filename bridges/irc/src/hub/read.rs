//! What a reader reads: everything in its channels.

use bridge_core::network::{RemoteAction, RemoteUser, journal::Entry};

use super::{
    Hub,
    events::{timestamp, words},
    replay::{History, Played},
};
use crate::{
    casemap::Folded,
    config::Membership,
    id,
    message::{Message, Source},
    session::{Arrival, SessionId},
    to_matrix,
};

impl Hub {
    /// A reader hears everything in its channels.
    pub(super) async fn read(&mut self, at: usize, id: SessionId, arrival: &Arrival) {
        let message = &arrival.message;
        if message.numeric().is_some() {
            return self.read_numeric(at, id, message).await;
        }
        let Some(source) = &message.source else { return };
        match message.command.as_str() {
            "JOIN" if arrival.own => self.reader_joined(arrival),
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
                let nick = self.casemap.fold(&source.nick);
                let ours = self.owner(&nick, source).is_some();
                if let Some(channel) = self.channels.get_mut(&key) {
                    channel.topic = Some(topic.clone());
                    if !ours {
                        self.tell(&key, Some(source), RemoteAction::Topic(topic), arrival).await;
                    }
                }
            }
            _ => {}
        }
    }

    fn reader_joined(&mut self, arrival: &Arrival) {
        let message = &arrival.message;
        let key = self.casemap.fold(message.param(0));
        let Some(channel) = self.channels.get_mut(&key) else { return };
        message.param(0).clone_into(&mut channel.name);
        channel.joined = true;
        channel.replay.ahead = message
            .tag("time")
            .and_then(to_matrix::server_time)
            .map_or(0, |at| i128::from(at.0) - i128::from(timestamp(arrival.at).0));
        let reader = channel.reader;
        self.count_channels();
        if let Some(handle) = self.readers.get(reader).and_then(|reader| reader.handle.clone()) {
            // Its answer comes after all that the server tells by itself at a join.
            self.post(&handle, Message::new("MODE", [message.param(0)]));
        }
    }

    async fn read_numeric(&mut self, _at: usize, id: SessionId, message: &Message) {
        match message.numeric() {
            Some(324) => {
                let key = self.casemap.fold(message.param(1));
                let Some(channel) = self.channels.get_mut(&key) else { return };
                channel.replay.history = History::of_modes(&message.params);
                // A server that keeps a history tells right behind it since when.
                if channel.replay.history.is_none() {
                    self.all_told(&key);
                }
            }
            Some(329) => {
                let key = self.casemap.fold(message.param(1));
                let Some(channel) = self.channels.get_mut(&key) else { return };
                channel.replay.created = message.param(2).parse().ok();
                if channel.joined && !channel.told {
                    self.all_told(&key);
                }
            }
            Some(332) => {
                let key = self.casemap.fold(message.param(1));
                let topic = crate::format::strip(message.param(2)).into_owned();
                if let Some(channel) = self.channels.get_mut(&key) {
                    channel.topic = Some(topic.clone());
                    let event = self.event(&key, None, RemoteAction::Topic(topic), None);
                    drop(self.journal.send(event.into()).await);
                }
            }
            Some(353) => {
                let key = self.casemap.fold(message.param(2));
                let casemap = self.casemap;
                for name in message.param(3).split_ascii_whitespace() {
                    self.note_operator(&key, name);
                    let Some(channel) = self.channels.get_mut(&key) else { return };
                    let naming = channel.naming.get_or_insert_default();
                    let name = name.trim_start_matches(['~', '&', '@', '%', '+', '!']);
                    let nick = name.split('!').next().unwrap_or(name);
                    naming.add(casemap, nick);
                }
            }
            Some(366) => {
                let key = self.casemap.fold(message.param(1));
                self.named(&key).await;
                self.decide(&key).await;
            }
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
            drop(self.journal.send(event.into()).await);
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
        if played {
            self.note_replay(&key, arrival);
        }
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
        if !played {
            self.maybe_answer(&key, &nick, message.text());
        }
        let Some(action) = to_matrix::message(message) else { return };
        let mut entry = Entry::from(self.event(&key, Some(source), action, Some(arrival)));
        if message.tag("msgid").is_none() {
            let Some(facts) = self.read_up_to(&key, arrival, played) else { return };
            entry.facts = facts;
        }
        drop(self.journal.send(entry).await);
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
}
