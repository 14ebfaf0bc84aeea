//! What the server has told one connection about itself: nick, mask, account, capabilities, features.

use irc::proto::Response;

use crate::{
    caps::{CapChange, Caps},
    isupport::Isupport,
    message::{Head, Message, Source},
};

#[cfg(test)]
mod tests;

/// The state of a connection as its messages left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Our nick, or the one that we asked for before 001.
    pub nick: String,
    /// Our user name as others see it, once known.
    pub user: Option<String>,
    /// Our host as others see it, once known.
    pub host: Option<String>,
    /// The account that we are logged in to.
    pub account: Option<String>,
    /// The server's name.
    pub server: Option<String>,
    /// Whether registration is over.
    pub registered: bool,
    /// The capabilities.
    pub caps: Caps,
    /// The features of numeric 005.
    pub isupport: Isupport,
}

/// What a message changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// Something of ourselves.
    Own,
    /// Features of the server: limits and case mapping may be others now.
    Isupport,
    /// Capabilities.
    Caps(CapChange),
}

impl State {
    /// The state of a connection that asks for `nick`.
    pub fn new(nick: &str) -> Self {
        Self { nick: nick.to_owned(), ..Self::default() }
    }

    /// Whether a nick is ours.
    pub fn is_own_nick(&self, nick: &str) -> bool {
        self.isupport.casemapping().eq(nick, &self.nick)
    }

    /// Whether a line comes from ourselves.
    pub fn is_own(&self, head: &Head<'_>) -> bool {
        head.nick().is_some_and(|nick| self.is_own_nick(nick))
    }

    /// How many bytes `nick!user@host` takes, if all of it is known.
    pub fn mask_length(&self) -> Option<usize> {
        Some(self.nick.len() + self.user.as_ref()?.len() + self.host.as_ref()?.len() + 2)
    }

    /// Takes in a message.
    pub fn observe(&mut self, message: &Message) -> Change {
        if message.numeric().is_some() {
            return self.observe_numeric(message);
        }
        if message.command == "CAP" {
            return Change::Caps(self.caps.apply(&message.params));
        }
        match &message.source {
            Some(source) if self.is_own_nick(&source.nick) => self.observe_own(message, source),
            _ => Change::None,
        }
    }

    fn observe_numeric(&mut self, message: &Message) -> Change {
        match message.response() {
            Some(Response::RPL_WELCOME) => {
                message.param(0).clone_into(&mut self.nick);
                self.server = message.nick().map(str::to_owned);
                // Most servers end their welcome with our mask.
                let mask = message.text().rsplit(' ').next().map(Source::parse);
                if let Some(mask) = mask.filter(|mask| self.is_own_nick(&mask.nick)) {
                    self.set_mask(mask.user, mask.host);
                }
                Change::Own
            }
            Some(Response::RPL_ISUPPORT) if self.isupport.apply(&message.params) => {
                Change::Isupport
            }
            Some(Response::RPL_HOSTHIDDEN) => {
                let shown = message.param(1);
                let (user, host) =
                    shown.rsplit_once('@').map_or((None, shown), |(user, host)| (Some(user), host));
                self.set_mask(user.map(str::to_owned), Some(host.to_owned()))
            }
            Some(Response::RPL_LOGGEDIN) => {
                self.account = Some(message.param(2).to_owned());
                Change::Own
            }
            Some(Response::RPL_LOGGEDOUT) => {
                self.account = None;
                Change::Own
            }
            _ => Change::None,
        }
    }

    fn observe_own(&mut self, message: &Message, source: &Source) -> Change {
        let shown = self.set_mask(source.user.clone(), source.host.clone());
        let param = |index| Some(message.param(index)).filter(|param| !param.is_empty());
        match (message.command.as_str(), param(0)) {
            ("NICK", Some(nick)) => {
                nick.clone_into(&mut self.nick);
                Change::Own
            }
            ("CHGHOST", Some(user)) => {
                self.set_mask(Some(user.to_owned()), param(1).map(str::to_owned))
            }
            ("ACCOUNT", Some(account)) => {
                self.account = Some(account.to_owned()).filter(|account| account != "*");
                Change::Own
            }
            _ => shown,
        }
    }

    fn set_mask(&mut self, user: Option<String>, host: Option<String>) -> Change {
        let mut change = Change::None;
        for (known, new) in [(&mut self.user, user), (&mut self.host, host)] {
            if new.is_some() && *known != new {
                *known = new;
                change = Change::Own;
            }
        }
        change
    }
}
