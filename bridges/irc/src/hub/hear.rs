//! What a puppet hears: only what concerns itself.

use bridge_core::{
    id::RemoteId,
    network::{RemoteEvent, RemoteUser, journal::Entry},
    ruma::OwnedUserId,
};

use super::{
    Hub, NoSeat, Place,
    events::{refusal, time_of, words},
};
use crate::{
    casemap::Folded,
    echo::Deed,
    id,
    message::Message,
    session::{Arrival, SessionId},
    to_matrix,
};

impl Hub {
    /// A puppet hears only what concerns itself.
    pub(super) async fn hear(&mut self, user: &OwnedUserId, id: SessionId, arrival: &Arrival) {
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
            "TOPIC" if arrival.own => self.done(id, message, Deed::Topic, message.param(1)),
            "KICK" if arrival.own => {
                let nick = self.casemap.fold(message.param(1));
                self.done(id, message, Deed::Kick, nick.as_str());
            }
            "KICK" => {
                let channel = self.casemap.fold(message.param(0));
                self.puppet_kicked(user, &channel);
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
        // What is played back at a join was seen long ago.
        if label.is_none() && message.tag("batch").is_some() {
            return;
        }
        // In a channel that is read the reader sees the line as well; only a label or an id tells
        // the two apart.
        if label.is_none() && self.channels.get(&target).is_some_and(|channel| channel.joined) {
            return;
        }
        self.seen(id.0, &target, label, message.text(), message.tag("msgid"));
    }

    /// The server shows what a puppet of ours did.
    fn done(&mut self, id: SessionId, message: &Message, deed: Deed, text: &str) {
        let target = self.casemap.fold(message.param(0));
        if let Some((token, settlement)) = self.echoes.done(id.0, &target, deed, text) {
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

    /// Settles a topic or a kick that was refused; `false` if none is awaited.
    pub(super) fn denied(&mut self, id: SessionId, message: &Message, about: &Folded) -> bool {
        let denied = self.echoes.denied(id.0, about, message.tag("label"), refusal(message));
        let found = denied.is_some();
        if let Some((token, settlement)) = denied {
            self.remote.settle(token, settlement);
        }
        found
    }

    pub(super) fn join_refused(&mut self, user: &OwnedUserId, channel: &Folded, message: &Message) {
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
        drop(self.journal.send(Entry { direct: begins, ..event.into() }).await);
    }
}
