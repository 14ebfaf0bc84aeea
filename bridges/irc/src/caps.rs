//! Capabilities: what the server offers and what is on, by [capability negotiation 302].
//!
//! [capability negotiation 302]: https://ircv3.net/specs/extensions/capability-negotiation

use std::collections::{BTreeMap, BTreeSet};

use irc::proto::{CapSubCommand, Command};

use crate::message::Message;

#[cfg(test)]
mod tests;

/// What the bridge knows how to use, and so asks for wherever it is offered. `sasl` is asked for
/// only with credentials at hand.
pub const WANTED: &[&str] = &[
    "account-notify",
    "account-tag",
    "away-notify",
    "batch",
    "chghost",
    "draft/chathistory",
    "draft/event-playback",
    "draft/message-redaction",
    "draft/multiline",
    "draft/no-implicit-names",
    "echo-message",
    "extended-join",
    "extended-monitor",
    "invite-notify",
    "labeled-response",
    "message-tags",
    "multi-prefix",
    "server-time",
    "setname",
    "standard-replies",
    "userhost-in-names",
];

/// The most names kept of one server, so that memory stays bounded.
const MAX_OFFERED: usize = 256;

/// The most bytes of a line that asks for capabilities, without its end.
const MAX_REQUEST: usize = 510;

/// The capabilities of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    offered: BTreeMap<String, String>,
    enabled: BTreeSet<String>,
}

/// What a `CAP` of the server means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CapChange {
    /// A part of the offer; more follows.
    Listing,
    /// The offer is complete.
    Listed,
    /// These are on now, or off if they were asked to go.
    Acknowledged(Vec<String>),
    /// None of these is on; a server refuses a whole line at once.
    Refused(Vec<String>),
    /// These are offered from now on.
    Offered(Vec<String>),
    /// These are gone.
    Withdrawn(Vec<String>),
    /// Nothing that matters.
    Other,
}

impl Caps {
    /// Takes in the parameters of a `CAP`: target, verb, perhaps `*`, names.
    pub fn apply(&mut self, params: &[String]) -> CapChange {
        let [_, verb, rest @ ..] = params else { return CapChange::Other };
        let (more, names) = match rest {
            [more, names, ..] if more == "*" => (true, names.as_str()),
            [names, ..] => (false, names.as_str()),
            [] => (false, ""),
        };
        let names = names.split(' ').filter(|name| !name.is_empty());
        match verb.parse::<CapSubCommand>() {
            Ok(CapSubCommand::LS) => {
                self.offer(names);
                if more { CapChange::Listing } else { CapChange::Listed }
            }
            Ok(CapSubCommand::NEW) => CapChange::Offered(self.offer(names)),
            Ok(CapSubCommand::ACK) => CapChange::Acknowledged(self.acknowledge(names)),
            Ok(CapSubCommand::NAK) => CapChange::Refused(names.map(plain).collect()),
            Ok(CapSubCommand::DEL) => {
                let names: Vec<_> = names.map(plain).collect();
                for name in &names {
                    self.offered.remove(name);
                    self.enabled.remove(name);
                }
                CapChange::Withdrawn(names)
            }
            _ => CapChange::Other,
        }
    }

    fn offer<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        let mut taken = Vec::new();
        for offer in names {
            let (name, value) = offer.split_once('=').unwrap_or((offer, ""));
            let name = plain(name);
            if self.offered.len() < MAX_OFFERED || self.offered.contains_key(&name) {
                self.offered.insert(name.clone(), value.to_owned());
                taken.push(name);
            }
        }
        taken
    }

    /// A server can only turn on what it offered; `-name` turns off.
    fn acknowledge<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        let mut taken = Vec::new();
        for name in names {
            let bare = plain(name);
            if name.starts_with('-') {
                self.enabled.remove(&bare);
            } else if self.offered.contains_key(&bare) {
                self.enabled.insert(bare.clone());
            }
            taken.push(bare);
        }
        taken
    }

    /// Whether a capability is on.
    pub fn has(&self, name: &str) -> bool {
        self.enabled.contains(name)
    }

    /// The value with which a capability is offered, empty if it has none.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.offered.get(name).map(String::as_str)
    }

    /// The value of one key in a list such as `max-bytes=4096,max-lines=100`.
    pub fn value_of(&self, name: &str, key: &str) -> Option<&str> {
        let mut pairs =
            self.value(name)?.split(',').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|&(known, _)| known == key).map(|(_, value)| value)
    }

    /// What is on.
    pub fn enabled(&self) -> impl Iterator<Item = &str> {
        self.enabled.iter().map(String::as_str)
    }

    /// Those of `wanted` that are offered and not yet on.
    pub fn missing<'a>(&self, wanted: &[&'a str]) -> Vec<&'a str> {
        let open = |name: &&str| self.offered.contains_key(*name) && !self.enabled.contains(*name);
        wanted.iter().copied().filter(open).collect()
    }
}

/// Asks for capabilities, in as many lines as they need: each with the names it asks for.
pub fn requests(names: &[&str]) -> Vec<(Vec<String>, Message)> {
    let overhead = "CAP REQ :".len();
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut length = usize::MAX;
    for &name in names {
        length = length.saturating_add(1 + name.len());
        match lines.last_mut() {
            Some(line) if length <= MAX_REQUEST => line.push(name.to_owned()),
            _ => {
                length = overhead + name.len();
                lines.push(vec![name.to_owned()]);
            }
        }
    }
    let request = |line: Vec<String>| {
        let names = Some(line.join(" "));
        (line, Command::CAP(None, CapSubCommand::REQ, None, names).into())
    };
    lines.into_iter().map(request).collect()
}

/// The name without the modifiers `-`, `~` and `=`, of which the last two are of the past.
fn plain(name: &str) -> String {
    name.trim_start_matches(['-', '~', '=']).to_owned()
}
