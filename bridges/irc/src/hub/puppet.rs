//! Puppets: the connections of Matrix users. A connection belongs to a user id, never to a nick.

use std::{collections::HashSet, time::Duration};

use bridge_core::ruma::OwnedUserId;
use rand::rng;
use tokio::sync::oneshot;

use super::{Command, Connection, Hub, NoSeat, Place, Seat, Who, reader::rate};
use crate::{
    caps,
    casemap::Folded,
    message::Message,
    nick::{Person, realname, username},
    reconnect::Backoff,
    registration::Registrant,
    session::{Closed, Interest, Retry, Session, SessionConfig, SessionHandle, SessionId},
};

/// What a nick and a user name may hold before the server has said so.
const NICK_LENGTH: usize = 30;
const USER_LENGTH: usize = 10;
const REALNAME_LENGTH: usize = 48;

/// How long to wait before a store that failed is asked again.
const PAUSE: Duration = Duration::from_millis(500);

type Answer = oneshot::Sender<Result<Seat, NoSeat>>;

/// One puppet.
#[derive(Debug, Default)]
pub(super) struct Puppet {
    name: Option<String>,
    pub(super) handle: Option<SessionHandle>,
    session: Option<SessionId>,
    registered: bool,
    connecting: bool,
    /// The channels it is to be in.
    wanted: HashSet<Folded>,
    /// The channels it is in.
    pub(super) joined: HashSet<Folded>,
    waiting: Vec<(Place, Answer)>,
    nick: Option<Folded>,
    mask: Option<String>,
    /// The mask is in the store.
    kept: bool,
    /// Why it gets no connection at present.
    refused: Option<String>,
    backoff: Backoff,
}

impl Puppet {
    /// Somebody wants to speak in this channel through it.
    pub(super) fn waits_for(&self, channel: &Folded) -> bool {
        self.waiting
            .iter()
            .any(|(place, _)| matches!(place, Place::Channel(wanted) if wanted == channel))
    }
}

impl Hub {
    /// Finds the connection by which somebody speaks; answers once it may.
    pub(super) fn seat(&mut self, who: Who, target: &Place, answer: Answer) {
        let (user, name) = match who {
            Who::Bot => return drop(answer.send(self.bot_seat(target))),
            Who::Puppet { user, name } => (user, name),
        };
        if !self.puppets.contains_key(&user) && self.puppets.len() >= self.setup.config.max_puppets
        {
            return drop(answer.send(Err(NoSeat::Full)));
        }
        self.ensure_puppet(&user, name);
        let Some(puppet) = self.puppets.get_mut(&user) else { return };
        if let Some(why) = &puppet.refused {
            return drop(answer.send(Err(NoSeat::Unconnected(why.clone()))));
        }
        if let Place::Channel(channel) = target {
            puppet.wanted.insert(channel.clone());
        }
        puppet.waiting.push((target.clone(), answer));
        self.join_as_puppet(&user);
        self.seat_waiting(&user, target);
    }

    fn bot_seat(&self, target: &Place) -> Result<Seat, NoSeat> {
        let at = match target {
            Place::Channel(channel) => self.channels.get(channel).map_or(0, |c| c.reader),
            Place::Nick => 0,
        };
        let reader = self.readers.get(at).filter(|reader| reader.registered);
        let handle = reader.and_then(|reader| reader.handle.clone());
        let handle = handle.ok_or_else(|| NoSeat::Down("the bot is not connected".to_owned()))?;
        let is_seen = handle.state().caps.has("echo-message");
        Ok(Seat { connection: handle.id().0, is_seen, handle })
    }

    /// Answers those who wait to speak at a place, as far as they may.
    pub(super) fn seat_waiting(&mut self, user: &OwnedUserId, at: &Place) {
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        let Some(handle) = puppet.handle.clone().filter(|_| puppet.registered) else { return };
        let (is_in, is_read) = match at {
            Place::Channel(channel) => (
                // What is said under a mask that is not kept would be a stranger's after a crash.
                puppet.joined.contains(channel) && puppet.kept,
                self.channels.get(channel).is_some_and(|channel| channel.joined),
            ),
            Place::Nick => (true, false),
        };
        if !is_in {
            return;
        }
        let is_seen = is_read || handle.state().caps.has("echo-message");
        let seat = Seat { connection: handle.id().0, is_seen, handle };
        let (now, later) = std::mem::take(&mut puppet.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|(place, _)| is_same(place, at));
        puppet.waiting = later;
        for (_, answer) in now {
            drop(answer.send(Ok(seat.clone())));
        }
    }

    /// Tells those who wait to speak at a place that they may not.
    pub(super) fn unseat(&mut self, user: &OwnedUserId, at: Option<&Place>, why: &NoSeat) {
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        let (now, later) = std::mem::take(&mut puppet.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|(place, _)| at.is_none_or(|at| is_same(place, at)));
        puppet.waiting = later;
        for (_, answer) in now {
            drop(answer.send(Err(why.clone())));
        }
    }

    pub(super) fn come_in(&mut self, user: &OwnedUserId, name: Option<String>, channel: Folded) {
        if self.remote.is_ours(user)
            || (!self.puppets.contains_key(user)
                && self.puppets.len() >= self.setup.config.max_puppets)
        {
            return;
        }
        self.ensure_puppet(user, name);
        if let Some(puppet) = self.puppets.get_mut(user) {
            puppet.wanted.insert(channel);
        }
        self.join_as_puppet(user);
    }

    /// Takes a puppet out of a channel; one that is in none goes home.
    pub(super) fn go(&mut self, user: &OwnedUserId, channel: &Folded, reason: Option<String>) {
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        puppet.wanted.remove(channel);
        let Some(handle) = puppet.handle.clone() else { return };
        if puppet.wanted.is_empty() && puppet.waiting.is_empty() {
            let reason = reason.unwrap_or_else(|| "left".to_owned());
            self.go_home(user, reason);
        } else if puppet.joined.remove(channel) {
            let mut params = vec![channel.as_str().to_owned()];
            params.extend(reason);
            self.post(&handle, Message::new("PART", params));
        }
    }

    /// Somebody threw a puppet out of a channel. It comes back when its user speaks there again.
    pub(super) fn puppet_kicked(&mut self, user: &OwnedUserId, channel: &Folded) {
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        puppet.joined.remove(channel);
        puppet.wanted.remove(channel);
        if puppet.wanted.is_empty() && puppet.waiting.is_empty() {
            self.go_home(user, "kicked".to_owned());
        }
    }

    fn go_home(&mut self, user: &OwnedUserId, reason: String) {
        if let Some(handle) = self.puppets.remove(user).and_then(|puppet| puppet.handle) {
            self.post(&handle, Message::new("QUIT", [reason]));
        }
    }

    /// Ends the connection of a user and forgets who they are.
    pub(super) fn forget_user(&mut self, user: &OwnedUserId) {
        self.unseat(user, None, &NoSeat::Refused("the user was forgotten".to_owned()));
        self.masks.retain(|_, owner| owner != user);
        self.puppet_nicks.retain(|_, owner| owner != user);
        let handle = self.puppets.remove(user).and_then(|puppet| puppet.handle);
        if let Some(handle) = handle {
            self.post(&handle, Message::new("QUIT", ["left"]));
        }
    }

    fn ensure_puppet(&mut self, user: &OwnedUserId, name: Option<String>) {
        let puppet = self.puppets.entry(user.clone()).or_default();
        if name.is_some() {
            puppet.name = name;
        }
        if puppet.handle.is_none() && !puppet.connecting {
            puppet.connecting = true;
            self.connect_later(Connection::Puppet(user.clone()), Duration::ZERO);
        }
    }

    pub(super) fn connect_puppet(&mut self, user: &OwnedUserId) {
        if !self.puppets.contains_key(user) {
            return;
        }
        let connection = Connection::Puppet(user.clone());
        let id = self.new_session(&connection);
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        let person = Person {
            name: puppet.name.as_deref(),
            localpart: user.localpart(),
            domain: user.server_name().as_str(),
        };
        let registrant = Registrant {
            nicks: self.setup.nicks.candidates(&person, NICK_LENGTH),
            username: username(&person, None, USER_LENGTH),
            realname: realname(&person, REALNAME_LENGTH),
            pass: self.setup.pass.clone(),
            caps: caps::WANTED.to_vec(),
            ..Registrant::default()
        };
        let mut session = SessionConfig::new(id, self.setup.servers.clone(), registrant);
        session.tls.clone_from(&self.setup.tls);
        session.flood = rate(self.setup.config.flood);
        session.interest = Interest::Own;
        let handle =
            Session::connect(session, self.events_in.clone(), self.stop.clone(), &self.tasks);
        puppet.connecting = false;
        puppet.refused = None;
        puppet.session = Some(id);
        puppet.handle = Some(handle);
    }

    pub(super) fn puppet_registered(&mut self, user: &OwnedUserId) {
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        puppet.registered = true;
        puppet.backoff.reset();
        self.note_nick(user);
        self.join_as_puppet(user);
        self.seat_waiting(user, &Place::Nick);
    }

    /// Takes note of the nick and the mask that a puppet has now. The mask outlives the process:
    /// what a dead socket still says must not come back as somebody's words.
    pub(super) fn note_nick(&mut self, user: &OwnedUserId) {
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        let Some(handle) = &puppet.handle else { return };
        let (nick, mask) = {
            let state = handle.state();
            let mask = match (&state.user, &state.host) {
                (Some(name), Some(host)) => Some(format!("{}!{name}@{host}", state.nick)),
                _ => None,
            };
            (self.casemap.fold(&state.nick), mask)
        };
        if let Some(old) = puppet.nick.replace(nick.clone())
            && old != nick
            && self.puppet_nicks.get(&old) == Some(user)
        {
            self.puppet_nicks.remove(&old);
        }
        self.puppet_nicks.insert(nick, user.clone());
        if puppet.mask == mask {
            return;
        }
        puppet.mask.clone_from(&mask);
        let Some(mask) = mask else {
            puppet.kept = true; // there is nothing to keep
            return;
        };
        puppet.kept = self.masks.insert(mask.clone(), user.clone()).as_ref() == Some(user);
        if !puppet.kept {
            self.keep_mask(user.clone(), mask);
        }
    }

    fn keep_mask(&self, user: OwnedUserId, mask: String) {
        let scope = format!("irc/{}/mask/{mask}", self.setup.name);
        let (remote, commands) = (self.remote.clone(), self.commands.clone());
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            while let Err(error) = remote.keep_fact(&scope, Some(user.as_str())).await {
                tracing::warn!(%error, "a puppet waits until its mask is kept");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
            drop(commands.send(Command::Kept { user, mask }));
        });
    }

    /// The mask of a puppet is in the store: it may speak.
    pub(super) fn mask_kept(&mut self, user: &OwnedUserId, mask: &str) {
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        if puppet.mask.as_deref() != Some(mask) {
            return;
        }
        puppet.kept = true;
        for channel in puppet.joined.clone() {
            self.seat_waiting(user, &Place::Channel(channel));
        }
    }

    fn join_as_puppet(&mut self, user: &OwnedUserId) {
        let Some(puppet) = self.puppets.get(user).filter(|puppet| puppet.registered) else {
            return;
        };
        let Some(handle) = puppet.handle.clone() else { return };
        for channel in puppet.wanted.difference(&puppet.joined) {
            let name = self.channels.get(channel).map_or(channel.as_str(), |c| c.name.as_str());
            self.post(&handle, Message::new("JOIN", [name]));
        }
    }

    pub(super) fn puppet_joined(&mut self, user: &OwnedUserId, channel: &Folded) {
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        puppet.joined.insert(channel.clone());
        self.note_nick(user);
        self.seat_waiting(user, &Place::Channel(channel.clone()));
    }

    pub(super) fn puppet_left(&mut self, user: &OwnedUserId, channel: &Folded) {
        if let Some(puppet) = self.puppets.get_mut(user) {
            puppet.joined.remove(channel);
        }
    }

    pub(super) fn puppet_closed(&mut self, user: &OwnedUserId, id: SessionId, closed: &Closed) {
        let Some(puppet) = self.puppets.get_mut(user) else { return };
        if puppet.session != Some(id) {
            return;
        }
        if let Some(nick) = puppet.nick.take() {
            self.puppet_nicks.remove(&nick);
        }
        puppet.handle = None;
        puppet.session = None;
        puppet.registered = false;
        puppet.mask = None;
        puppet.joined.clear();
        let pause = puppet.backoff.next(&closed.reason, &mut rng());
        puppet.connecting = true;
        let why = match closed.reason.retry() {
            Retry::Hopeless => {
                puppet.refused = Some(closed.reason.to_string());
                NoSeat::Unconnected(closed.reason.to_string())
            }
            Retry::Backoff | Retry::Throttled => NoSeat::Down(closed.reason.to_string()),
        };
        self.unseat(user, None, &why);
        self.connect_later(Connection::Puppet(user.clone()), pause);
    }
}

fn is_same(a: &Place, b: &Place) -> bool {
    match (a, b) {
        (Place::Channel(a), Place::Channel(b)) => a == b,
        (Place::Nick, Place::Nick) => true,
        _ => false,
    }
}
