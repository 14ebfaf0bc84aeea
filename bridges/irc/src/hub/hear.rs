//! What a puppet hears: only what concerns itself.

use bridge_core::{
    id::RemoteId,
    network::{RemoteAction, RemoteEvent, RemoteUser},
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
    journal::Entry,
    message::{Message, Source},
    session::{Arrival, SessionId},
    to_matrix, to_network,
};

impl Hub {
    /// A puppet hears only what concerns itself.
    pub(super) async fn hear(&mut self, user: &OwnedUserId, id: SessionId, arrival: &Arrival) {
        let message = &arrival.message;
        if self.answers(id, message) {
            return;
        }
        if message.numeric().is_some() {
            return self.hear_numeric(Some(user), id, message).await;
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
            "TOPIC" if arrival.own => self.done(id.0, message, Deed::Topic, message.param(1)),
            "KICK" if arrival.own => {
                let nick = self.casemap.fold(message.param(1));
                self.done(id.0, message, Deed::Kick, nick.as_str());
            }
            "TAGMSG" | "REDACT" | "MODE" if arrival.own => {
                let text = to_network::seen_again(message);
                self.done(id.0, message, Deed::Other, &text);
            }
            "TAGMSG" | "REDACT" => self.tagged_privately(user, arrival).await,
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
    pub(super) fn done(&mut self, connection: u64, message: &Message, deed: Deed, text: &str) {
        let target = self.casemap.fold(message.param(0));
        let msgid = message.tag("msgid");
        if let Some((token, settlement)) = self.echoes.done(connection, &target, deed, text, msgid)
        {
            self.remote.settle(token, settlement);
        }
    }

    fn fail(&mut self, id: SessionId, message: &Message) {
        let label = message.tag("label");
        let refusal = refusal(message);
        for target in &message.params {
            let target = self.casemap.fold(target);
            if message.param(0) == "REDACT" && self.denied(id, message, &target) {
                return;
            }
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

    /// A puppet may not enter. Whoever waits to speak hears it as the fate of their words; others
    /// hear it in the room.
    pub(super) async fn join_refused(
        &mut self,
        user: &OwnedUserId,
        channel: &Folded,
        message: &Message,
    ) {
        let place = Place::Channel(channel.clone());
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        let is_told = puppet.waits_for(channel) || !puppet.refused_by.insert(channel.clone());
        self.unseat(user, Some(&place), &NoSeat::Refused(words(message)));
        if !is_told {
            let text = format!("{user} cannot enter the channel: {}", words(message));
            self.notify(channel, &text).await;
        }
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
        let key = id::nick_key(&self.setup.name, &nick);
        let begins = (message.command == "PRIVMSG").then(|| (user.clone(), key));
        let event = self.private_event(user, source, action, arrival);
        drop(self.journal.send(Entry { direct: begins, ..event.into() }).await);
    }

    /// Something that somebody does to a puppet.
    pub(super) fn private_event(
        &self,
        user: &OwnedUserId,
        source: &Source,
        action: RemoteAction,
        arrival: &Arrival,
    ) -> RemoteEvent {
        let (network, nick) = (&self.setup.name, self.casemap.fold(&source.nick));
        let key = id::nick_key(network, &nick);
        RemoteEvent {
            portal: id::direct_key(network, &nick, user),
            sender: Some(RemoteUser { key, name: source.nick.clone() }),
            id: arrival.message.tag("msgid").map(RemoteId::from),
            also: Vec::new(),
            at: time_of(arrival),
            action,
        }
    }
}
