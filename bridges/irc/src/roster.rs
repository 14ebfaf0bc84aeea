//! Who is in a channel, as its reader sees it.

use std::collections::HashMap;

use crate::{
    casemap::{CaseMapping, Folded},
    mode::Sign,
};

/// The people of one channel, by folded nick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roster {
    people: HashMap<Folded, Member>,
}

/// Somebody in a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member {
    /// The nick as they write it.
    pub(crate) shown: String,
    /// The host, if the server has shown it.
    pub(crate) host: Option<String>,
    /// The letters of their ranks.
    pub(crate) ranks: Vec<char>,
}

impl Roster {
    /// Somebody is there.
    pub(crate) fn add(&mut self, casemap: CaseMapping, member: Member) {
        self.people.insert(casemap.fold(&member.shown), member);
    }

    /// Somebody is gone; nobody if they were not there.
    pub(crate) fn remove(&mut self, nick: &Folded) -> Option<Member> {
        self.people.remove(nick)
    }

    /// Whether somebody is there.
    pub(crate) fn contains(&self, nick: &Folded) -> bool {
        self.people.contains_key(nick)
    }

    /// Somebody who is there.
    pub(crate) fn find(&self, nick: &Folded) -> Option<&Member> {
        self.people.get(nick)
    }

    /// Everybody, by folded nick.
    pub(crate) fn people(&self) -> impl Iterator<Item = (&Folded, &Member)> {
        self.people.iter()
    }

    /// Gives or takes a rank.
    pub(crate) fn rank(&mut self, nick: &Folded, rank: char, sign: Sign) {
        if let Some(member) = self.people.get_mut(nick) {
            member.ranks.retain(|known| *known != rank);
            if sign == Sign::Set {
                member.ranks.push(rank);
            }
        }
    }

    /// Everybody who was here and is not in `now`: they left while nobody looked.
    pub(crate) fn missing_from(&self, now: &Self) -> Vec<String> {
        let gone = |(nick, _): &(&Folded, &Member)| !now.people.contains_key(*nick);
        self.people.iter().filter(gone).map(|(_, member)| member.shown.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(nick: &str) -> Member {
        Member { shown: nick.to_owned(), ..Member::default() }
    }

    #[test]
    fn who_left_while_nobody_looked_is_told() {
        let casemap = CaseMapping::Rfc1459;
        let mut before = Roster::default();
        before.add(casemap, member("Alice"));
        before.add(casemap, member("bob"));
        let mut now = Roster::default();
        now.add(casemap, member("ALICE"));
        assert_eq!(before.missing_from(&now), ["bob"]);
        let alice = casemap.fold("alice");
        assert!(now.contains(&alice));
        assert!(now.remove(&alice).is_some() && !now.contains(&alice));
    }

    #[test]
    fn ranks_are_given_once_and_taken() {
        let mut roster = Roster::default();
        roster.add(CaseMapping::Rfc1459, member("Alice"));
        let alice = CaseMapping::Rfc1459.fold("alice");
        for sign in [Sign::Set, Sign::Set] {
            roster.rank(&alice, 'o', sign);
        }
        roster.rank(&alice, 'v', Sign::Set);
        roster.rank(&alice, 'o', Sign::Unset);
        assert_eq!(roster.find(&alice).unwrap().ranks, ['v']);
    }
}
