//! From an open socket to a registered connection: CAP, PASS, NICK, USER, SASL. Pure: messages in,
//! messages out; the time limit is the session's.
//!
//! ```text
//! CAP LS 302 ─> [PASS] NICK USER ─> CAP REQ… ─> [AUTHENTICATE…] ─> CAP END ─> 001 005… 376
//! ```
//! A server that knows no capabilities answers with 001 at once, which is as good.

use std::collections::VecDeque;

use irc::proto::{CapSubCommand, Command, Response};

use crate::{
    caps::{self, CapChange},
    message::Message,
    sasl::{Exchange, Progress, Sasl, SaslError, SaslPolicy, Secret},
    state::{Change, State},
};

#[cfg(test)]
mod tests;

/// Who registers.
#[derive(Clone, Debug, Default)]
pub struct Registrant {
    /// Nicks in the order in which they are tried.
    pub nicks: Vec<String>,
    /// The user name.
    pub username: String,
    /// The real name.
    pub realname: String,
    /// The server's password.
    pub pass: Option<Secret>,
    /// How to log in to an account.
    pub sasl: Option<Sasl>,
    /// What to do where that fails.
    pub sasl_policy: SaslPolicy,
    /// The capabilities to ask for, usually [`caps::WANTED`].
    pub caps: Vec<&'static str>,
}

/// What follows from a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write these; may be empty.
    Send(Vec<Message>),
    /// Registered: the server is through with its greeting.
    Registered,
    /// It cannot come to anything.
    Failed(RegistrationError),
}

/// Why a server does not take us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// Each of the nicks is taken or refused.
    #[error("the server refused every nick that was tried, at last `{nick}`: {why}")]
    Nick {
        /// The last one.
        nick: String,
        /// The server's words.
        why: String,
    },
    /// Logging in failed, and the configuration requires it.
    #[error(transparent)]
    Sasl(#[from] SaslError),
}

#[derive(Debug)]
enum Phase {
    /// The offer is coming in.
    Listing,
    /// These lines are not answered yet.
    Requesting(VecDeque<Vec<String>>),
    Authenticating(Exchange),
    /// CAP END is written.
    Ended,
    /// 001 is here.
    Welcomed,
}

/// One registration.
#[derive(Debug)]
pub struct Registration {
    registrant: Registrant,
    next_nick: usize,
    phase: Phase,
}

impl Registration {
    /// Begins with the messages to write.
    pub fn begin(registrant: Registrant) -> (Self, Vec<Message>) {
        let mut first = Vec::new();
        if let Some(pass) = &registrant.pass {
            first.push(Command::PASS(pass.reveal().to_owned()).into());
        }
        first.push(Command::CAP(None, CapSubCommand::LS, Some("302".into()), None).into());
        first.push(Command::NICK(registrant.nicks.first().cloned().unwrap_or_default()).into());
        let (username, realname) = (registrant.username.clone(), registrant.realname.clone());
        first.push(Command::USER(username, "0".into(), realname).into());
        (Self { registrant, next_nick: 1, phase: Phase::Listing }, first)
    }

    /// Takes in a message that `state` has observed already, with what it changed there.
    pub fn on_message(&mut self, message: &Message, change: &Change, state: &State) -> Step {
        match message.response() {
            Some(Response::RPL_WELCOME) => {
                self.phase = Phase::Welcomed;
                return Step::Send(Vec::new());
            }
            Some(Response::RPL_ENDOFMOTD | Response::ERR_NOMOTD) => {
                return match self.phase {
                    Phase::Welcomed => Step::Registered,
                    _ => Step::Send(Vec::new()),
                };
            }
            Some(
                Response::ERR_NICKNAMEINUSE
                | Response::ERR_NICKCOLLISION
                | Response::ERR_UNAVAILRESOURCE
                | Response::ERR_ERRONEOUSNICKNAME
                | Response::ERR_NONICKNAMEGIVEN,
            ) if !matches!(self.phase, Phase::Welcomed) => return self.try_next_nick(message),
            _ => {}
        }
        match (&mut self.phase, change) {
            (Phase::Listing, Change::Caps(CapChange::Listed)) => self.on_listed(state),
            (Phase::Requesting(open), Change::Caps(CapChange::Acknowledged(names))) => {
                for line in open.iter_mut() {
                    line.retain(|name| !names.contains(name));
                }
                open.retain(|line| !line.is_empty());
                self.on_answer(Vec::new(), state)
            }
            (Phase::Requesting(open), Change::Caps(CapChange::Refused(_))) => {
                // One bad name spoils its line: the others are asked for again one by one.
                let refused = open.pop_front().filter(|line| line.len() > 1).unwrap_or_default();
                let again = refused.iter().flat_map(|name| caps::requests(&[name]));
                let (names, messages): (Vec<_>, Vec<_>) = again.unzip();
                open.extend(names);
                self.on_answer(messages, state)
            }
            (Phase::Authenticating(exchange), _) => match exchange.on_message(message) {
                Progress::Unrelated => Step::Send(Vec::new()),
                Progress::Reply(messages) => Step::Send(messages),
                Progress::Done => self.end(Vec::new()),
                Progress::Failed(error) => self.on_sasl_error(error, Vec::new()),
            },
            _ => Step::Send(Vec::new()),
        }
    }

    fn on_listed(&mut self, state: &State) -> Step {
        let mut wanted = self.registrant.caps.clone();
        if let Some(sasl) = &self.registrant.sasl
            && sasl.check_offer(state.caps.value("sasl")).is_ok()
        {
            wanted.push("sasl");
        }
        let (open, messages): (VecDeque<_>, Vec<_>) =
            caps::requests(&state.caps.missing(&wanted)).into_iter().unzip();
        self.phase = Phase::Requesting(open);
        self.on_answer(messages, state)
    }

    /// Goes on to the login or the end once each request is answered.
    fn on_answer(&mut self, mut messages: Vec<Message>, state: &State) -> Step {
        if matches!(&self.phase, Phase::Requesting(open) if !open.is_empty()) {
            return Step::Send(messages);
        }
        let Some(sasl) = self.registrant.sasl.clone() else { return self.end(messages) };
        if let Err(error) = sasl.check_offer(state.caps.value("sasl")) {
            return self.on_sasl_error(error, messages);
        }
        if !state.caps.has("sasl") {
            return self.on_sasl_error(SaslError::NotOffered, messages);
        }
        let (exchange, first) = Exchange::begin(sasl);
        self.phase = Phase::Authenticating(exchange);
        messages.push(first);
        Step::Send(messages)
    }

    fn on_sasl_error(&mut self, error: SaslError, messages: Vec<Message>) -> Step {
        match self.registrant.sasl_policy {
            SaslPolicy::Require => Step::Failed(error.into()),
            SaslPolicy::Prefer => self.end(messages),
        }
    }

    fn end(&mut self, mut messages: Vec<Message>) -> Step {
        self.phase = Phase::Ended;
        messages.push(Command::CAP(None, CapSubCommand::END, None, None).into());
        Step::Send(messages)
    }

    fn try_next_nick(&mut self, refusal: &Message) -> Step {
        let Some(nick) = self.registrant.nicks.get(self.next_nick) else {
            let nick = self.registrant.nicks.last().cloned().unwrap_or_default();
            return Step::Failed(RegistrationError::Nick { nick, why: refusal.text().to_owned() });
        };
        self.next_nick += 1;
        Step::Send(vec![Command::NICK(nick.clone()).into()])
    }
}
