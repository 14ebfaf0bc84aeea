//! Who may do what: levels by user, server, or for everyone.

use std::{collections::BTreeMap, fmt};

use ruma::{OwnedServerName, OwnedUserId, ServerName, UserId};
use serde::{Serialize, Serializer};

/// What a Matrix user may do on the bridge. Each level may do what the lower ones may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing: what the user says is dropped, with one notice a room and day.
    Block,
    /// The bot says the user's words; no puppet, no direct messages, no commands.
    Relay,
    /// Everything that concerns oneself: a puppet, direct messages, commands.
    User,
    /// The whole bridge.
    Admin,
}

impl Level {
    /// All levels, the highest first.
    pub const ALL: [Self; 4] = [Self::Admin, Self::User, Self::Relay, Self::Block];

    /// The word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
            Self::Relay => "relay",
            Self::Block => "block",
        }
    }

    /// The level of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

/// Whom a rule is about; the more specific comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// One user.
    User(OwnedUserId),
    /// All users of a homeserver.
    Server(OwnedServerName),
    /// All users.
    Everyone,
}

impl Subject {
    /// Reads `@user:server`, `server` or `*`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everyone);
        }
        if text.starts_with('@') {
            return UserId::parse(text).ok().map(Self::User);
        }
        ServerName::parse(text).ok().map(Self::Server)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => f.write_str(user.as_str()),
            Self::Server(server) => f.write_str(server.as_str()),
            Self::Everyone => f.write_str("*"),
        }
    }
}

/// The rules. Whom no rule is about is blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    rules: BTreeMap<Subject, Level>,
}

impl Permissions {
    /// Adds or replaces a rule.
    pub fn set(&mut self, subject: Subject, level: Level) {
        self.rules.insert(subject, level);
    }

    /// The users whom a rule of their own gives this level.
    pub fn named(&self, level: Level) -> impl Iterator<Item = &OwnedUserId> {
        self.rules.iter().filter_map(move |(subject, given)| match subject {
            Subject::User(user) if *given == level => Some(user),
            _ => None,
        })
    }

    /// The level of a user: by the rule for the user, else for the server, else for everyone.
    pub fn level(&self, user: &UserId) -> Level {
        self.rules
            .get(&Subject::User(user.to_owned()))
            .or_else(|| self.rules.get(&Subject::Server(user.server_name().to_owned())))
            .or_else(|| self.rules.get(&Subject::Everyone))
            .copied()
            .unwrap_or(Level::Block)
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_map(self.rules.iter().map(|(subject, level)| (subject.to_string(), level)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions(rules: &[(&str, Level)]) -> Permissions {
        let mut permissions = Permissions::default();
        for (subject, level) in rules {
            permissions.set(Subject::parse(subject).unwrap(), *level);
        }
        permissions
    }

    fn level(permissions: &Permissions, user: &str) -> Level {
        permissions.level(&UserId::parse(user).unwrap())
    }

    #[test]
    fn the_most_specific_rule_wins_even_when_it_gives_less() {
        let permissions = permissions(&[
            ("*", Level::Relay),
            ("localhost", Level::User),
            ("@admin:localhost", Level::Admin),
            ("@troll:localhost", Level::Block),
        ]);
        assert_eq!(level(&permissions, "@admin:localhost"), Level::Admin);
        assert_eq!(level(&permissions, "@troll:localhost"), Level::Block);
        assert_eq!(level(&permissions, "@alice:localhost"), Level::User);
        assert_eq!(level(&permissions, "@admin:elsewhere"), Level::Relay);
    }

    #[test]
    fn whom_no_rule_is_about_is_blocked() {
        let permissions = permissions(&[("localhost", Level::User)]);
        assert_eq!(level(&permissions, "@alice:elsewhere"), Level::Block);
        assert_eq!(level(&permissions, "@alice:localhost:8448"), Level::Block);
    }

    #[test]
    fn levels_contain_each_other() {
        assert!(Level::Admin > Level::User);
        assert!(Level::User > Level::Relay);
        assert!(Level::Relay > Level::Block);
    }

    #[test]
    fn what_names_nobody_is_no_subject() {
        for text in ["", "@alice", "@", "a b", "**"] {
            assert_eq!(Subject::parse(text), None, "{text}");
        }
    }
}
