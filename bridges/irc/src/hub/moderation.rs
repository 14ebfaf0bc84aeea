//! Ranks, bans and doors of channels.

use bridge_core::{
    content::Doc,
    network::{Message as Said, MessageKind, Person, RemoteAction},
    ruma::OwnedUserId,
};

use super::Hub;
use crate::{
    casemap::Folded,
    echo::Deed,
    id,
    message::{Message, Source},
    mode::{self, ModeChange, ModeKind, Sign, parse_changes},
    roster::Member,
    session::Arrival,
    to_network,
};

/// The modes that shut a channel: by invitation, with a key.
const SHUT: [char; 2] = ['i', 'k'];

impl Hub {
    /// Modes of a channel change.
    pub(super) async fn modes(&mut self, at: usize, arrival: &Arrival, source: &Source) {
        let message = &arrival.message;
        let key = self.casemap.fold(message.param(0));
        if self.channels.get(&key).is_none_or(|channel| channel.reader != at) {
            return;
        }
        let nick = self.casemap.fold(&source.nick);
        let by = self.puppet_nicks.get(&nick).and_then(|user| self.puppets.get(user));
        if let Some(handle) = by.and_then(|puppet| puppet.handle.as_ref()) {
            let connection = handle.id().0;
            self.done(connection, message, Deed::Other, &to_network::seen_again(message));
        }
        for change in self.changes(at, message.params.get(1..).unwrap_or_default()) {
            match change {
                ModeChange { kind: ModeKind::Rank, mode, sign, param: Some(nick) } => {
                    self.rank(&key, &self.casemap.fold(&nick), mode, sign).await;
                }
                ModeChange { kind: ModeKind::List, mode: 'b', sign, param: Some(mask) } => {
                    self.ban(&key, source, &mask, sign, arrival).await;
                }
                ModeChange { mode: 'm', sign, .. } => {
                    self.moderate(&key, sign == Sign::Set).await;
                }
                ModeChange { mode, sign, .. } if SHUT.contains(&mode) => {
                    self.shut(&key, mode, sign).await;
                }
                _ => {}
            }
        }
    }

    /// The modes that a channel has, as the server tells them at a join.
    pub(super) async fn modes_told(&mut self, at: usize, message: &Message) {
        let key = self.casemap.fold(message.param(1));
        let changes = self.changes(at, message.params.get(2..).unwrap_or_default());
        let has = |mode| changes.iter().any(|it| it.mode == mode && it.sign == Sign::Set);
        self.moderate(&key, has('m')).await;
        for mode in SHUT {
            let sign = if has(mode) { Sign::Set } else { Sign::Unset };
            self.shut(&key, mode, sign).await;
        }
        let ranked: Vec<Folded> = self.channels.get(&key).map_or_else(Vec::new, |channel| {
            let people = channel.roster.people();
            people.filter(|(_, it)| !it.ranks.is_empty()).map(|(nick, _)| nick.clone()).collect()
        });
        for nick in ranked {
            if self.puppet_nicks.contains_key(&nick) {
                self.tell_power(&key, &nick, 0).await;
            }
        }
    }

    fn changes(&self, at: usize, params: &[String]) -> Vec<ModeChange> {
        let Some(handle) = self.readers.get(at).and_then(|reader| reader.handle.as_ref()) else {
            return Vec::new();
        };
        let isupport = &handle.state().isupport;
        parse_changes(params, &isupport.chanmodes(), &isupport.prefixes())
    }

    async fn rank(&mut self, key: &Folded, nick: &Folded, rank: char, sign: Sign) {
        let was = self.power(key, nick);
        if let Some(channel) = self.channels.get_mut(key) {
            channel.roster.rank(nick, rank, sign);
        }
        if self.power(key, nick) != was {
            self.tell_power(key, nick, was).await;
        }
    }

    fn power(&self, key: &Folded, nick: &Folded) -> i64 {
        let Some(channel) = self.channels.get(key) else { return 0 };
        let ranks = channel.roster.find(nick).map_or(&[][..], |member| &member.ranks);
        mode::power_of(ranks, channel.moderated)
    }

    /// Whoever speaks has a ghost, which gets the power of their rank.
    pub(super) async fn power_of_speaker(&mut self, key: &Folded, nick: &Folded) {
        let power = self.power(key, nick);
        let Some(channel) = self.channels.get_mut(key) else { return };
        if power > 0 && channel.ranked.insert(nick.clone()) {
            self.tell_power(key, nick, 0).await;
        }
    }

    async fn tell_power(&mut self, key: &Folded, nick: &Folded, was: i64) {
        if self.is_reader(nick.as_str()) {
            return;
        }
        let now = self.power(key, nick);
        let who = match self.puppet_nicks.get(nick) {
            Some(user) => Person::Matrix(user.clone()),
            None => Person::Remote(id::nick_key(&self.setup.name, nick)),
        };
        self.network_does(key, RemoteAction::Power { who, was, now }).await;
    }

    async fn moderate(&mut self, key: &Folded, moderated: bool) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        if channel.moderated == moderated {
            return;
        }
        channel.moderated = moderated;
        let voiced: Vec<Folded> = channel
            .roster
            .people()
            .filter(|(_, member)| member.ranks == ['v'])
            .map(|(nick, _)| nick.clone())
            .collect();
        let needed = if moderated { mode::VOICE } else { 0 };
        for nick in voiced {
            self.tell_power(key, &nick, mode::VOICE - needed).await;
        }
        self.network_does(key, RemoteAction::Speech(needed)).await;
    }

    async fn shut(&mut self, key: &Folded, mode: char, sign: Sign) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        let was = !channel.shut.is_empty();
        match sign {
            Sign::Set => drop(channel.shut.insert(mode)),
            Sign::Unset => drop(channel.shut.remove(&mode)),
        }
        let shut = !channel.shut.is_empty();
        // What was shut by a former process may be open by now.
        if shut != was || !channel.told {
            self.network_does(key, RemoteAction::Doors { shut }).await;
        }
    }

    /// A ban keeps out the Matrix users whose puppets it names. One that names hosts alone would
    /// name all puppets at once: they share the bridge's.
    async fn ban(
        &mut self,
        key: &Folded,
        source: &Source,
        mask: &str,
        sign: Sign,
        arrival: &Arrival,
    ) {
        let folded = self.casemap.fold(mask);
        let names_somebody = folded
            .as_str()
            .split('@')
            .next()
            .is_some_and(|who| who.chars().any(|char| !matches!(char, '*' | '?' | '!')));
        if !names_somebody {
            return;
        }
        let covered: Vec<OwnedUserId> = self
            .masks
            .iter()
            .filter(|(whole, _)| mode::covers(folded.as_str(), self.casemap.fold(whole).as_str()))
            .map(|(_, user)| user.clone())
            .collect();
        for target in covered {
            let action = match sign {
                Sign::Set => {
                    self.go(&target, key, Some("banned".to_owned()));
                    RemoteAction::Ban { target, reason: None }
                }
                Sign::Unset => RemoteAction::Unban { target },
            };
            self.tell(key, Some(source), action, arrival).await;
        }
    }

    /// Tells a room something about one of its people.
    pub(super) async fn notify(&mut self, key: &Folded, text: &str) {
        let said = Said::new(MessageKind::Notice, Doc::text(text));
        self.network_does(key, RemoteAction::Message(said)).await;
    }

    async fn network_does(&mut self, key: &Folded, action: RemoteAction) {
        let event = self.event(key, None, action, None);
        drop(self.journal.send(event.into()).await);
    }

    /// The mask by which somebody is kept out: their host if it is known, else their nick. It is
    /// kept, to let the same person in again.
    pub(super) fn mask_of(&mut self, channel: &Folded, nick: &Folded) -> String {
        let scope = format!("irc/{}/ban/{channel} {nick}", self.setup.name);
        let member = self.channels.get(channel).and_then(|channel| channel.roster.find(nick));
        let mask = match (member, self.kept_out.get(&scope)) {
            (Some(Member { host: Some(host), .. }), _) => format!("*!*@{host}"),
            (None, Some(mask)) => return mask.clone(),
            _ => format!("{nick}!*@*"),
        };
        self.kept_out.insert(scope.clone(), mask.clone());
        let (remote, kept) = (self.remote.clone(), mask.clone());
        self.tasks.spawn(async move {
            if let Err(error) = remote.keep_fact(&scope, Some(&kept)).await {
                tracing::warn!(%error, "the mask of a ban is not kept");
            }
        });
        mask
    }
}
