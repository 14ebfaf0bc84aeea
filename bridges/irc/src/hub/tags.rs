//! What people do by tags: reactions, removals, typing.

use std::time::Duration;

use bridge_core::{
    network::{MentionTarget, RemoteAction, RemoteSignal, RemoteUser, Signal},
    ruma::OwnedUserId,
};
use tokio::time::Instant;

use super::{Command, Hub};
use crate::{
    casemap::Folded,
    echo::Deed,
    id,
    message::{Message, Source},
    offers,
    session::Arrival,
    to_matrix::{self, Typing},
    to_network,
};

/// How long somebody writes without saying so again.
const WRITES: Duration = Duration::from_secs(6);

/// How often it is said that somebody writes.
const REPEAT: Duration = Duration::from_secs(3);

/// The most people who write at once; further ones are not shown.
const WRITERS: usize = 1_000;

/// Somebody who writes: where, and by which nick.
pub(super) type Writer = (Where, Folded);

/// Where somebody writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Where {
    /// In a channel.
    Channel(Folded),
    /// To a puppet's user.
    Private(OwnedUserId),
}

impl Hub {
    /// A line of tags, or a removal, in a channel that is read.
    pub(super) async fn tagged(&mut self, at: usize, arrival: &Arrival, source: &Source) {
        let message = &arrival.message;
        let key = self.casemap.fold(message.param(0));
        if self.channels.get(&key).is_none_or(|channel| channel.reader != at) {
            return;
        }
        let nick = self.casemap.fold(&source.nick);
        if let Some(user) = self.owner(&nick, source) {
            let puppet = self.puppets.get(&user).and_then(|puppet| puppet.handle.as_ref());
            if let Some(connection) = puppet.map(|handle| handle.id().0) {
                self.done(connection, message, Deed::Other, &to_network::seen_again(message));
            }
            return;
        }
        if self.is_reader(&source.nick) {
            return;
        }
        if let Some(typing) = to_matrix::typing(message) {
            self.writes((Where::Channel(key), nick), &source.nick, typing);
        } else if let Some(action) = to_matrix::tagged(message) {
            self.tell(&key, Some(source), action, arrival).await;
        }
    }

    /// A line of tags, or a removal, to a puppet.
    pub(super) async fn tagged_privately(&mut self, user: &OwnedUserId, arrival: &Arrival) {
        let message = &arrival.message;
        let Some(source) = message.source.as_ref().filter(|source| source.user.is_some()) else {
            return; // a server
        };
        let nick = self.casemap.fold(&source.nick);
        if self.puppet_nicks.contains_key(&nick) || self.is_reader(&source.nick) {
            return;
        }
        if let Some(typing) = to_matrix::typing(message) {
            self.writes((Where::Private(user.clone()), nick), &source.nick, typing);
        } else if let Some(action) = to_matrix::tagged(message) {
            let event = self.private_event(user, source, action, arrival);
            drop(self.journal.send(event.into()).await);
        }
    }

    /// Somebody on IRC writes, or stops.
    fn writes(&mut self, writer: Writer, name: &str, typing: Typing) {
        let until = Instant::now() + WRITES;
        match typing {
            Typing::Active
                if self.writers.contains_key(&writer) || self.writers.len() < WRITERS =>
            {
                self.writers.insert(writer.clone(), until);
                self.signal(&writer, name, Signal::TypingStarted);
                let name = name.to_owned();
                self.later(WRITES, Command::Wrote { writer, name });
            }
            Typing::Active => {}
            Typing::Stopped => {
                if self.writers.remove(&writer).is_some() {
                    self.signal(&writer, name, Signal::TypingStopped);
                }
            }
        }
    }

    /// Whoever has not said again that they write has stopped.
    pub(super) fn wrote(&mut self, writer: &Writer, name: &str) {
        if self.writers.get(writer).is_some_and(|until| *until <= Instant::now()) {
            self.writers.remove(writer);
            self.signal(writer, name, Signal::TypingStopped);
        }
    }

    fn signal(&self, (place, nick): &Writer, name: &str, signal: Signal) {
        let network = &self.setup.name;
        let portal = match place {
            Where::Channel(channel) => id::channel_key(network, channel),
            Where::Private(user) => id::direct_key(network, nick, user),
        };
        let sender = RemoteUser { key: id::nick_key(network, nick), name: name.to_owned() };
        self.remote.signal(RemoteSignal { portal, sender, signal });
    }

    /// A Matrix user writes, or stops. Servers and clients forget it after a while, so it is said
    /// again until they stop.
    pub(super) fn types(&mut self, user: OwnedUserId, target: Folded, is_typing: bool) {
        let key = (user, target);
        if is_typing {
            let until = Instant::now() + REPEAT * 10;
            if self.typists.insert(key.clone(), until).is_none() {
                self.say_typing(&key, "active");
                self.later(REPEAT, Command::TypesStill { user: key.0, target: key.1 });
            }
        } else if self.typists.remove(&key).is_some() {
            self.say_typing(&key, "done");
        }
    }

    pub(super) fn types_still(&mut self, user: OwnedUserId, target: Folded) {
        let key = (user, target);
        match self.typists.get(&key) {
            Some(until) if *until > Instant::now() => {
                self.say_typing(&key, "active");
                self.later(REPEAT, Command::TypesStill { user: key.0, target: key.1 });
            }
            Some(_) => {
                self.typists.remove(&key);
                self.say_typing(&key, "done");
            }
            None => {}
        }
    }

    /// Only a puppet that is there already says so: nobody connects to type.
    fn say_typing(&self, (user, target): &(OwnedUserId, Folded), state: &str) {
        let Some(puppet) = self.puppets.get(user) else { return };
        let is_channel = id::is_channel_name(target.as_str());
        if is_channel && !puppet.joined.contains(target) {
            return;
        }
        if let Some(handle) = puppet.handle.as_ref().filter(|it| it.state().registered) {
            let line = Message::new("TAGMSG", [target.as_str()]).with_tag(offers::TYPING, state);
            self.post(handle, line);
        }
    }

    /// Gives itself a command after a while.
    pub(super) fn later(&self, pause: Duration, command: Command) {
        let (commands, stop) = (self.commands.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => drop(commands.send(command)),
            }
        });
    }

    /// Turns the nicks of those who are in a channel into mentions.
    pub(super) fn address(&self, channel: &Folded, action: RemoteAction) -> RemoteAction {
        let RemoteAction::Message(mut said) = action else { return action };
        let Some(channel) = self.channels.get(channel) else {
            return RemoteAction::Message(said);
        };
        crate::mention::mark(&mut said.body, self.casemap, &|nick| {
            if !channel.roster.contains(nick) {
                return None;
            }
            self.target_of(nick)
        });
        RemoteAction::Message(said)
    }

    /// Takes note of how people write their nicks.
    pub(super) fn note_written<'a>(&self, nicks: impl Iterator<Item = &'a str>) {
        let casemap = self.casemap;
        self.view.send_if_modified(|view| {
            for nick in nicks {
                let folded = casemap.fold(nick);
                if folded.as_str() == nick {
                    view.written.remove(&folded);
                } else {
                    view.written.insert(folded, nick.to_owned());
                }
            }
            false
        });
    }

    fn target_of(&self, nick: &Folded) -> Option<MentionTarget> {
        if let Some(user) = self.puppet_nicks.get(nick) {
            return Some(MentionTarget::User(user.clone()));
        }
        if self.is_reader(nick.as_str()) {
            return None;
        }
        let key = id::nick_key(&self.setup.name, nick);
        Some(MentionTarget::Ghost(key.as_str().to_owned()))
    }
}
