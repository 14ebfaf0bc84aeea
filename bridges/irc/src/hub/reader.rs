//! Readers: the connections by which channels are read, as many as the network's limit asks for.

use std::time::Duration;

use bridge_core::network::LinkState;
use rand::rng;

use super::{Connection, Hub};
use crate::{
    caps,
    casemap::Folded,
    config,
    flood::Rate,
    message::Message,
    reconnect::Backoff,
    registration::Registrant,
    session::{Closed, Retry, Session, SessionConfig, SessionHandle, SessionId},
};

/// How many channels a reader takes before its server has told its limit.
const ASSUMED_LIMIT: usize = 20;

/// How many bytes of channel names one JOIN takes.
const JOIN_BYTES: usize = 400;

/// One reader.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) handle: Option<SessionHandle>,
    pub(super) session: Option<SessionId>,
    pub(super) registered: bool,
    connecting: bool,
    backoff: Backoff,
}

impl Hub {
    /// A reader that has room for one more channel.
    pub(super) fn reader_with_room(&self) -> usize {
        (0..=self.readers.len())
            .find(|at| {
                let read = self.channels.values().filter(|c| c.reader == *at).count();
                let limit = self.readers.get(*at).and_then(|reader| {
                    let handle = reader.handle.as_ref().filter(|_| reader.registered)?;
                    handle.state().isupport.channel_limit("#")
                });
                read < limit.unwrap_or(ASSUMED_LIMIT)
            })
            .unwrap_or(0)
    }

    pub(super) fn ensure_reader(&mut self, at: usize) {
        while self.readers.len() <= at {
            self.readers.push(Reader::default());
        }
        let reader = &mut self.readers[at];
        if reader.handle.is_none() && !reader.connecting {
            reader.connecting = true;
            self.connect_later(Connection::Reader(at), Duration::ZERO);
        }
    }

    pub(super) fn connect_reader(&mut self, at: usize) {
        let connection = Connection::Reader(at);
        let id = self.new_session(&connection);
        let config = &self.setup.config;
        let nick = match at {
            0 => config.nick.clone(),
            _ => format!("{}{}", config.nick, at + 1),
        };
        let mut nicks = vec![nick.clone()];
        nicks.extend((1..=5).map(|n| format!("{nick}{}", "_".repeat(n))));
        let registrant = Registrant {
            username: config.nick.to_lowercase(),
            realname: "Matrix bridge".to_owned(),
            pass: self.setup.pass.clone(),
            sasl: self.setup.sasl.clone().filter(|_| at == 0),
            caps: wanted_by_readers(),
            nicks,
            ..Registrant::default()
        };
        let mut session = SessionConfig::new(id, self.setup.servers.clone(), registrant);
        session.tls.clone_from(&self.setup.tls);
        session.flood = rate(config.flood);
        let handle =
            Session::connect(session, self.events_in.clone(), self.stop.clone(), &self.tasks);
        let reader = &mut self.readers[at];
        reader.connecting = false;
        reader.session = Some(id);
        reader.handle = Some(handle);
    }

    pub(super) fn reader_registered(&mut self, at: usize) {
        let Some(reader) = self.readers.get_mut(at) else { return };
        reader.registered = true;
        reader.backoff.reset();
        if let Some(handle) = &reader.handle {
            self.casemap = handle.state().isupport.casemapping();
        }
        if at == 0 {
            self.judge(Ok(()));
            tracing::info!(network = self.setup.name, "connected");
            self.remote.link(&self.setup.name, &LinkState::Up);
        }
        let mine: Vec<Folded> = self
            .channels
            .iter()
            .filter(|(_, channel)| channel.reader == at && !channel.joined)
            .map(|(key, _)| key.clone())
            .collect();
        self.join_as_reader(at, &mine);
    }

    pub(super) fn join_as_reader(&mut self, at: usize, keys: &[Folded]) {
        let Some(reader) = self.readers.get(at).filter(|reader| reader.registered) else { return };
        let Some(handle) = reader.handle.clone() else { return };
        let mut line = String::new();
        for key in keys {
            let Some(channel) = self.channels.get(key) else { continue };
            if !line.is_empty() && line.len() + channel.name.len() >= JOIN_BYTES {
                self.post(&handle, Message::new("JOIN", [std::mem::take(&mut line)]));
            }
            if !line.is_empty() {
                line.push(',');
            }
            line.push_str(&channel.name);
        }
        if !line.is_empty() {
            self.post(&handle, Message::new("JOIN", [line]));
        }
    }

    pub(super) fn reader_closed(&mut self, at: usize, closed: &Closed) {
        let Some(reader) = self.readers.get_mut(at) else { return };
        let pause = reader.backoff.next(&closed.reason, &mut rng());
        reader.handle = None;
        reader.session = None;
        reader.registered = false;
        reader.connecting = true;
        for channel in self.channels.values_mut().filter(|channel| channel.reader == at) {
            channel.lose();
        }
        self.count_channels();
        if at == 0 {
            let what = closed.reason.to_string();
            if closed.reason.retry() == Retry::Hopeless {
                self.judge(Err(format!("{}: {what}", self.setup.name)));
            }
            tracing::warn!(network = self.setup.name, what, "the link is down");
            let fix = "check the server's address, its log, and the bot's nick and password";
            self.remote.link(&self.setup.name, &LinkState::Down { what, fix: fix.to_owned() });
        }
        self.connect_later(Connection::Reader(at), pause);
    }
}

/// The rate of the configuration, as a session takes it.
pub(super) fn rate(rate: config::Rate) -> Rate {
    match rate {
        config::Rate::None => Rate::Unlimited,
        config::Rate::Limit { burst, per_second } => Rate::Limited { burst, per_second },
    }
}

/// A reader needs the list of names that puppets can do without.
fn wanted_by_readers() -> Vec<&'static str> {
    caps::WANTED.iter().copied().filter(|cap| !cap.ends_with("no-implicit-names")).collect()
}
