//! What people tell the bridge to do on a network, and what the server answers.

use bridge_core::ruma::OwnedUserId;
use tokio::sync::oneshot;

use super::Hub;
use crate::{
    command::{HELP, Order},
    message::Message,
    session::{SessionHandle, SessionId},
};

/// How many lines of an answer are told.
const LINES: usize = 50;

/// A question that a connection has put to its server.
#[derive(Debug)]
pub(super) struct Ask {
    kind: Kind,
    lines: Vec<String>,
    left_out: usize,
    answer: oneshot::Sender<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nick,
    Whois,
    List,
}

impl Kind {
    /// What a numeric is in the answer to such a question.
    const fn place(self, numeric: u16) -> Place {
        match (self, numeric) {
            (Self::Whois, 318) | (Self::List, 323) => Place::End,
            (Self::Nick, 432 | 433 | 435..=438 | 447 | 484)
            | (Self::Whois, 401 | 402 | 431)
            | (Self::List, 263) => Place::Refusal,
            (
                Self::Whois,
                276 | 301 | 307 | 310..=313 | 316..=320 | 330 | 335 | 338 | 378 | 379 | 671,
            )
            | (Self::List, 322) => Place::Line,
            _ => Place::Elsewhere,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Line,
    End,
    Refusal,
    Elsewhere,
}

impl Hub {
    /// Does what somebody wants, and answers what came of it.
    pub(super) fn order(
        &mut self,
        user: &OwnedUserId,
        order: Order,
        answer: oneshot::Sender<String>,
    ) {
        let text = match order {
            Order::Help => HELP.to_owned(),
            Order::Status => self.status(user),
            Order::Join(channel) => {
                let network = &self.setup.name;
                format!("Join the room of {channel} by its alias: #_irc_{network}_{channel}:…")
            }
            Order::Nick(nick) => return self.take_nick(user, nick, answer),
            Order::Whois(nick) => {
                let line = Message::new("WHOIS", [nick]);
                return self.ask(user, Kind::Whois, line, answer);
            }
            Order::List(pattern) => {
                let line = Message::new("LIST", pattern);
                return self.ask(user, Kind::List, line, answer);
            }
            Order::Reconnect => self.hang_up(user, "reconnecting"),
            Order::Quit => {
                let text = self.hang_up(user, "left");
                self.forget_puppet(user);
                text
            }
        };
        drop(answer.send(text));
    }

    fn status(&self, user: &OwnedUserId) -> String {
        let network = &self.setup.name;
        let Some(handle) = self.handle_of(user) else {
            let link =
                if self.readers.first().is_some_and(|it| it.registered) { "up" } else { "down" };
            return format!("{network}: you are not connected; the bridge is {link}");
        };
        let state = handle.state();
        let server = state.server.as_deref().unwrap_or("the server");
        let account = state.account.as_deref().map_or_else(
            || "not logged in".to_owned(),
            |account| format!("logged in as {account}"),
        );
        let channels = self.puppets.get(user).map_or(0, |puppet| puppet.joined.len());
        format!("{network}: you are {} on {server}, {account}, in {channels} channels", state.nick)
    }

    fn take_nick(
        &mut self,
        user: &OwnedUserId,
        nick: Option<String>,
        answer: oneshot::Sender<String>,
    ) {
        let scope = self.nick_scope(user);
        let (remote, kept) = (self.remote.clone(), nick.clone());
        self.tasks.spawn(async move {
            if let Err(error) = remote.keep_fact(&scope, kept.as_deref()).await {
                tracing::warn!(%error, "the nick of a user is not kept");
            }
        });
        match &nick {
            Some(nick) => drop(self.own_nicks.insert(user.clone(), nick.clone())),
            None => drop(self.own_nicks.remove(user)),
        }
        let name = self.puppets.get(user).and_then(|puppet| puppet.name.clone());
        let wanted = nick.or_else(|| self.nicks_of(user, name.as_deref()).into_iter().next());
        match (wanted, self.handle_of(user).is_some()) {
            (Some(nick), true) => self.ask(user, Kind::Nick, Message::new("NICK", [nick]), answer),
            (Some(nick), false) => drop(answer.send(format!("you will be {nick}"))),
            (None, _) => drop(answer.send("there is no nick to take".to_owned())),
        }
    }

    pub(super) fn nick_scope(&self, user: &OwnedUserId) -> String {
        format!("irc/{}/nick/{user}", self.setup.name)
    }

    fn hang_up(&self, user: &OwnedUserId, why: &str) -> String {
        match self.handle_of(user) {
            Some(handle) => {
                self.post(&handle, Message::new("QUIT", [why]));
                format!("{}: disconnected", self.setup.name)
            }
            None => format!("{}: you are not connected", self.setup.name),
        }
    }

    /// The connection of somebody's puppet, if it is registered.
    fn handle_of(&self, user: &OwnedUserId) -> Option<SessionHandle> {
        let handle = self.puppets.get(user)?.handle.clone()?;
        let registered = handle.state().registered;
        registered.then_some(handle)
    }

    /// Puts a question by somebody's puppet, or by the bot.
    fn ask(
        &mut self,
        user: &OwnedUserId,
        kind: Kind,
        line: Message,
        answer: oneshot::Sender<String>,
    ) {
        let bot = || self.readers.first().filter(|it| it.registered)?.handle.clone();
        let Some(handle) = self.handle_of(user).or_else(bot) else {
            return drop(answer.send("the network is not connected".to_owned()));
        };
        let ask = Ask { kind, lines: Vec::new(), left_out: 0, answer };
        if let Some(former) = self.asks.insert(handle.id(), ask) {
            drop(former.answer.send("another question came in between".to_owned()));
        }
        self.post(&handle, line);
    }

    /// Takes a line that answers a question; `true` if it was for nothing else.
    pub(super) fn answers(&mut self, id: SessionId, message: &Message) -> bool {
        let Some(ask) = self.asks.get_mut(&id) else { return false };
        let Some(numeric) = message.numeric() else {
            if ask.kind == Kind::Nick && message.command == "NICK" {
                let text = format!("you are {} now", message.param(0));
                self.answer(id, Some(text));
            }
            return false;
        };
        match ask.kind.place(numeric) {
            Place::Elsewhere => return false,
            Place::Refusal => {
                let text = format!("{} ({})", words(message), message.command);
                self.answer(id, Some(text));
            }
            Place::End => self.answer(id, None),
            Place::Line if ask.lines.len() < LINES => ask.lines.push(words(message)),
            Place::Line => ask.left_out += 1,
        }
        true
    }

    /// Gives what was gathered, or a text of its own.
    fn answer(&mut self, id: SessionId, text: Option<String>) {
        let Some(ask) = self.asks.remove(&id) else { return };
        let gathered = || match (ask.lines.len(), ask.left_out) {
            (0, _) => "nothing was found".to_owned(),
            (_, 0) => ask.lines.join("\n"),
            (_, more) => format!("{}\n… and {more} more", ask.lines.join("\n")),
        };
        let text = text.unwrap_or_else(gathered);
        drop(ask.answer.send(text));
    }
}

/// An answer without our own nick in front.
fn words(message: &Message) -> String {
    message.params.get(1..).unwrap_or_default().join(" ")
}
