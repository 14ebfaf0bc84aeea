//! The keys by which the core knows channels, people and conversations of IRC.
//!
//! | what | key |
//! |---|---|
//! | channel | `network/#channel`, folded |
//! | person | `network/nick`, folded |
//! | conversation | `network/nick @user:server`, folded |
//!
//! Network names hold no `/`, and nicks hold no space.

use bridge_core::id::{GhostKey, PortalKey};
use bridge_core::ruma::{OwnedUserId, UserId};

use crate::casemap::{CaseMapping, Folded};

/// What a portal of IRC mirrors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A channel, folded.
    Channel(Folded),
    /// A conversation of a puppet with somebody.
    Direct {
        /// The folded nick.
        nick: Folded,
        /// The Matrix user.
        user: OwnedUserId,
    },
}

/// The key of a channel.
pub fn channel_key(network: &str, channel: &Folded) -> PortalKey {
    format!("{network}/{channel}").into()
}

/// The key of a person.
pub fn nick_key(network: &str, nick: &Folded) -> GhostKey {
    format!("{network}/{nick}").into()
}

/// The key of a conversation.
pub fn direct_key(network: &str, nick: &Folded, user: &UserId) -> PortalKey {
    format!("{network}/{nick} {user}").into()
}

/// Reads the key of a portal: its network and its target.
pub fn read_portal(key: &PortalKey) -> Option<(&str, Target)> {
    let (network, rest) = key.as_str().split_once('/')?;
    // Keys hold folded names already; folding them again changes nothing.
    let target = match rest.split_once(' ') {
        Some((nick, user)) => {
            Target::Direct { nick: folded(nick), user: OwnedUserId::try_from(user).ok()? }
        }
        None => Target::Channel(folded(rest)),
    };
    Some((network, target))
}

/// Reads the key of a person: network and folded nick.
pub fn read_nick(key: &GhostKey) -> Option<(&str, Folded)> {
    let (network, nick) = key.as_str().split_once('/')?;
    Some((network, folded(nick)))
}

fn folded(text: &str) -> Folded {
    CaseMapping::Ascii.fold(text)
}

/// Whether a name can be a channel's: a prefix of channels, and nothing that ends a parameter.
pub fn is_channel_name(name: &str) -> bool {
    name.starts_with(['#', '&', '+', '!'])
        && name.len() > 1
        && !name.contains([' ', ',', '\u{7}', '\r', '\n', '\0'])
}

/// Whether a name can be a nick.
pub fn is_nick(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['#', '&', ':', '$', '@', '+', '!'])
        && !name.contains([' ', ',', '*', '?', '!', '@', '\r', '\n', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back() {
        let channel = CaseMapping::Rfc1459.fold("#Rust[x]");
        let key = channel_key("local", &channel);
        assert_eq!(key.as_str(), "local/#rust{x}");
        assert_eq!(read_portal(&key), Some(("local", Target::Channel(channel))));

        let nick = CaseMapping::Rfc1459.fold("Alice");
        let user: OwnedUserId = "@bob:example.org".try_into().unwrap();
        let key = direct_key("local", &nick, &user);
        assert_eq!(read_portal(&key), Some(("local", Target::Direct { nick: nick.clone(), user })));
        assert_eq!(read_nick(&nick_key("local", &nick)), Some(("local", nick)));
    }

    #[test]
    fn channel_names_are_told_from_nicks() {
        assert!(is_channel_name("#rust") && is_channel_name("&local"));
        assert!(!is_channel_name("rust") && !is_channel_name("#") && !is_channel_name("#a b"));
        assert!(is_nick("alice") && is_nick("[a]^"));
        assert!(!is_nick("#a") && !is_nick("a b") && !is_nick(""));
    }
}
