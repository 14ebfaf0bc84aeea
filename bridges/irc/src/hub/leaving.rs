//! Who leaves the network, and is perhaps back at once.
//!
//! When two servers lose each other, all who are on the other one quit at the same moment, and join
//! again when the link is mended. A quit is held back for a moment; if it proves to be one of many
//! it is held for the window of the configuration, and forgotten if its person comes back. What is
//! left then leaves at a gentle pace. Whatever is held is in no store: after a restart, whoever has
//! a ghost in the room and is not in the channel leaves.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use bridge_core::network::{RemoteAction, RemoteEvent};
use tokio::time::Instant;

use super::{Command, Hub};
use crate::{
    casemap::Folded,
    id,
    message::{Message, Source},
    session::Arrival,
};

/// How long every quit is held back: others of a split come within it.
const MOMENT: Duration = Duration::from_secs(2);

/// How many quits within a moment are a split, whatever their reason.
const MANY: usize = 10;

/// How many quits within a moment are a split if their reasons name two servers.
const FEW: usize = 2;

/// How long a split goes on after its last sign.
const ECHOES: Duration = Duration::from_secs(10);

/// How often it is looked for leaves that are due.
const TICK: Duration = Duration::from_secs(1);

/// The leaves that are held back.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    held: HashMap<(Folded, Folded), Held>,
    /// The last quits, and whether their reasons name two servers.
    quits: VecDeque<(Instant, bool)>,
    /// Until when quits belong to a split.
    split: Option<Instant>,
    ticking: bool,
}

#[derive(Debug)]
struct Held {
    since: Instant,
    due: Instant,
    event: RemoteEvent,
}

impl Leaving {
    /// Takes note of a quit; says whether it belongs to a split.
    fn quit(&mut self, now: Instant, names_servers: bool) -> bool {
        while self.quits.front().is_some_and(|(at, _)| now.duration_since(*at) > MOMENT) {
            self.quits.pop_front();
        }
        self.quits.push_back((now, names_servers));
        let named = self.quits.iter().filter(|(_, names)| *names).count();
        if named >= FEW || self.quits.len() >= MANY {
            self.split = Some(now + ECHOES);
        }
        self.split.is_some_and(|until| until >= now)
    }

    fn hold(&mut self, channel: Folded, nick: Folded, due: Instant, event: RemoteEvent) {
        let held = Held { since: Instant::now(), due, event };
        self.held.insert((channel, nick), held);
    }

    /// What was held for a moment only turns out to belong to a split.
    fn extend(&mut self, now: Instant, until: Instant) {
        let fresh = |held: &&mut Held| now.duration_since(held.since) <= MOMENT;
        for held in self.held.values_mut().filter(fresh) {
            held.due = held.due.max(until);
        }
    }

    /// Somebody is back; `true` if their leave was held.
    pub(super) fn back(&mut self, channel: &Folded, nick: &Folded) -> bool {
        self.held.remove(&(channel.clone(), nick.clone())).is_some()
    }

    /// At most so many leaves that are due, the oldest first.
    fn due(&mut self, now: Instant, most: usize) -> Vec<RemoteEvent> {
        let mut due: Vec<_> = self
            .held
            .iter()
            .filter(|(_, held)| held.due <= now)
            .map(|(key, held)| (held.due, key.clone()))
            .collect();
        due.sort();
        let first = due.into_iter().take(most);
        first.filter_map(|(_, key)| Some(self.held.remove(&key)?.event)).collect()
    }
}

impl Hub {
    /// Somebody left the network.
    pub(super) fn has_quit(&mut self, arrival: &Arrival, source: &Source) {
        let message = &arrival.message;
        let reason = Some(message.param(0)).filter(|r| !r.is_empty()).map(str::to_owned);
        let nick = self.casemap.fold(&source.nick);
        let channels = self.channels_of(&nick);
        for key in &channels {
            if let Some(channel) = self.channels.get_mut(key) {
                channel.roster.remove(&nick);
            }
        }
        if self.owner(&nick, source).is_some() || self.is_reader(&source.nick) {
            return;
        }
        let now = Instant::now();
        let names_servers = self.is_of_netsplit(message) || names_two_servers(message.param(0));
        let split = self.leaving.quit(now, names_servers);
        let window = self.setup.config.netsplit.window();
        let until = if split { now + window } else { now + MOMENT };
        if split {
            self.leaving.extend(now, until);
        }
        for key in channels {
            if self.shows_members(&key) {
                let action = RemoteAction::Leave { reason: reason.clone() };
                let event = self.event(&key, Some(source), action, Some(arrival));
                self.leaving.hold(key, nick.clone(), until, event);
            }
        }
        self.tick();
    }

    /// People are not in a channel any more, as its list of names tells.
    pub(super) fn has_gone(&mut self, key: &Folded, nicks: Vec<String>) {
        if !self.shows_members(key) {
            return;
        }
        for nick in nicks {
            let folded = self.casemap.fold(&nick);
            let source = Source { nick, user: None, host: None };
            let event = self.event(key, Some(&source), RemoteAction::Leave { reason: None }, None);
            self.leaving.hold(key.clone(), folded, Instant::now(), event);
        }
        self.tick();
    }

    /// Whoever has a ghost in a channel's room and is not in the channel left while nobody looked.
    pub(super) async fn look_for_gone(&mut self, key: &Folded) {
        let portal = id::channel_key(&self.setup.name, key);
        let ghosts = self.remote.ghosts(&portal).await.unwrap_or_default();
        let Some(channel) = self.channels.get(key) else { return };
        let gone = ghosts.into_iter().filter_map(|ghost| {
            let (_, nick) = id::read_nick(&ghost)?;
            (!channel.roster.contains(&nick)).then(|| nick.as_str().to_owned())
        });
        let gone = gone.collect();
        self.has_gone(key, gone);
    }

    /// Lets go of the leaves that are due.
    pub(super) async fn let_go(&mut self) {
        self.leaving.ticking = false;
        let most = self.setup.config.netsplit.per_second.max(1);
        for event in self.leaving.due(Instant::now(), most) {
            drop(self.journal.send(event.into()).await);
        }
        self.tick();
    }

    fn tick(&mut self) {
        if !self.leaving.ticking && !self.leaving.held.is_empty() {
            self.leaving.ticking = true;
            self.later(TICK, Command::LetGo);
        }
    }

    /// The server groups what happens in a split.
    fn is_of_netsplit(&self, message: &Message) -> bool {
        message.tag("batch").is_some_and(|batch| self.netsplits.contains(batch))
    }
}

/// `irc.a.example irc.b.example`, and nothing else: what servers give as the reason of a split.
fn names_two_servers(reason: &str) -> bool {
    let is_name = |name: &str| name.contains('.') && !name.contains(['/', ':']);
    reason
        .split_once(' ')
        .is_some_and(|(here, there)| is_name(here) && is_name(there) && !there.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casemap::CaseMapping;

    #[test]
    fn a_split_is_known_by_its_reason_or_by_its_number() {
        for (reason, split) in [
            ("a.example b.example", true),
            ("*.net *.split", true),
            ("Quit: a.example b.example", false),
            ("a.example b.example c", false),
            ("https://a.b c.d", false),
            ("gone fishing", false),
        ] {
            assert_eq!(names_two_servers(reason), split, "{reason}");
        }
        let now = Instant::now();
        let mut named = Leaving::default();
        assert!(!named.quit(now, true), "one may be a jest");
        assert!(named.quit(now, true));
        assert!(named.quit(now + ECHOES, false), "it goes on for a while");
        assert!(!named.quit(now + ECHOES * 2, false));
        let mut many = Leaving::default();
        assert!((1..MANY).all(|_| !many.quit(now, false)));
        assert!(many.quit(now, false));
        let mut slow = Leaving::default();
        assert!((0..100).all(|n| !slow.quit(now + MOMENT * n, false)));
    }

    #[test]
    fn who_comes_back_has_not_left_and_others_go_slowly() {
        let now = Instant::now();
        let fold = |name: &str| CaseMapping::Rfc1459.fold(name);
        let event = |nick: &str| RemoteEvent {
            portal: "n/#c".into(),
            sender: None,
            id: None,
            also: Vec::new(),
            at: bridge_core::id::Timestamp(0),
            action: RemoteAction::Topic(nick.to_owned()),
        };
        let mut leaving = Leaving::default();
        for nick in ["a", "b", "c"] {
            leaving.hold(fold("#c"), fold(nick), now + MOMENT, event(nick));
        }
        leaving.extend(now, now + MOMENT * 5);
        assert!(leaving.due(now + MOMENT * 2, 10).is_empty(), "the split holds them");
        assert!(leaving.back(&fold("#c"), &fold("B")));
        assert!(!leaving.back(&fold("#d"), &fold("a")));
        let later = now + MOMENT * 6;
        assert_eq!(leaving.due(later, 1).len(), 1);
        assert_eq!(leaving.due(later, 10).len(), 1);
        assert!(leaving.held.is_empty());
    }
}
