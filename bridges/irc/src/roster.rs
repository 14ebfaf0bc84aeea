//! Who is in a channel, as its reader sees it.

use std::collections::HashMap;

use crate::casemap::{CaseMapping, Folded};

/// The people of one channel, by folded nick, with the nick as they write it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roster {
    people: HashMap<Folded, String>,
}

impl Roster {
    /// Somebody is there.
    pub(crate) fn add(&mut self, casemap: CaseMapping, nick: &str) {
        self.people.insert(casemap.fold(nick), nick.to_owned());
    }

    /// Somebody is gone; `false` if they were not there.
    pub(crate) fn remove(&mut self, nick: &Folded) -> bool {
        self.people.remove(nick).is_some()
    }

    /// Whether somebody is there.
    pub(crate) fn contains(&self, nick: &Folded) -> bool {
        self.people.contains_key(nick)
    }

    /// Everybody who was here and is not in `now`: they left while nobody looked.
    pub(crate) fn missing_from(&self, now: &Self) -> Vec<String> {
        let gone = |(nick, _): &(&Folded, &String)| !now.people.contains_key(*nick);
        self.people.iter().filter(gone).map(|(_, shown)| shown.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_while_nobody_looked_is_told() {
        let casemap = CaseMapping::Rfc1459;
        let mut before = Roster::default();
        before.add(casemap, "Alice");
        before.add(casemap, "bob");
        let mut now = Roster::default();
        now.add(casemap, "ALICE");
        assert_eq!(before.missing_from(&now), ["bob"]);
        assert!(now.contains(&casemap.fold("alice")));
        assert!(now.remove(&casemap.fold("alice")) && !now.contains(&casemap.fold("alice")));
    }
}
