//! Application services: what they register, and what they own.

use std::sync::{Mutex, PoisonError};

use regex::Regex;
use ruma::{
    OwnedUserId, RoomAliasId, ServerName, UserId,
    api::appservice::{Namespace, Registration, RegistrationInit},
};

use super::push::Pusher;

/// What an application service registers, as in its registration file.
#[derive(Clone, Debug)]
pub struct Appservice(Registration);

impl Appservice {
    /// Reads a registration file.
    ///
    /// # Errors
    /// If the file is no registration.
    pub fn from_yaml(text: &str) -> Result<Self, RegistrationError> {
        match serde_saphyr::from_str(text) {
            Ok(registration) => Ok(Self(registration)),
            Err(error) => Err(RegistrationError::File { source: Box::new(error) }),
        }
    }

    /// A service with the tokens `as_{id}` and `hs_{id}`, which gets ephemeral data as well.
    ///
    /// `users` and `aliases` are regular expressions of exclusive namespaces.
    pub fn new(id: &str, bot_localpart: &str, users: &[&str], aliases: &[&str]) -> Self {
        let exclusive = |regexes: &[&str]| {
            regexes.iter().map(|regex| Namespace::new(true, (*regex).to_owned())).collect()
        };
        let mut namespaces = ruma::api::appservice::Namespaces::new();
        namespaces.users = exclusive(users);
        namespaces.aliases = exclusive(aliases);
        let mut registration: Registration = RegistrationInit {
            id: id.to_owned(),
            url: None,
            as_token: format!("as_{id}"),
            hs_token: format!("hs_{id}"),
            sender_localpart: bot_localpart.to_owned(),
            namespaces,
            rate_limited: Some(false),
            protocols: None,
        }
        .into();
        registration.receive_ephemeral = true;
        Self(registration)
    }

    /// The same service, listening at `url`.
    #[must_use]
    pub fn at(mut self, url: impl Into<String>) -> Self {
        self.0.url = Some(url.into());
        self
    }
}

/// Why a registration is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The file.
    #[error("this is no registration file")]
    File {
        /// What the parser says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A namespace.
    #[error("a namespace is no regular expression")]
    Namespace {
        /// What is wrong with it.
        #[from]
        source: regex::Error,
    },
    /// The bot.
    #[error("sender_localpart makes no user id")]
    Bot {
        /// What is wrong with it.
        #[from]
        source: ruma::IdParseError,
    },
}

/// A registered service.
#[derive(Debug)]
pub(super) struct Service {
    /// Its place among the services.
    pub(super) number: usize,
    pub(super) id: String,
    pub(super) bot: OwnedUserId,
    pub(super) as_token: String,
    pub(super) hs_token: String,
    pub(super) receive_ephemeral: bool,
    pub(super) pusher: Pusher,
    url: Mutex<Option<String>>,
    users: Vec<Pattern>,
    aliases: Vec<Pattern>,
}

impl Service {
    pub(super) fn new(
        number: usize,
        Appservice(registration): &Appservice,
        domain: &ServerName,
    ) -> Result<Self, RegistrationError> {
        let bot = UserId::parse_with_server_name(&*registration.sender_localpart, domain)?;
        Ok(Self {
            number,
            id: registration.id.clone(),
            bot,
            as_token: registration.as_token.clone(),
            hs_token: registration.hs_token.clone(),
            receive_ephemeral: registration.receive_ephemeral,
            pusher: Pusher::default(),
            url: Mutex::new(registration.url.clone()),
            users: patterns(&registration.namespaces.users)?,
            aliases: patterns(&registration.namespaces.aliases)?,
        })
    }

    /// Where it listens, without a slash at the end.
    pub(super) fn url(&self) -> Option<String> {
        let url = self.url.lock().unwrap_or_else(PoisonError::into_inner);
        url.as_deref().map(|url| url.trim_end_matches('/').to_owned())
    }

    pub(super) fn set_url(&self, url: String) {
        *self.url.lock().unwrap_or_else(PoisonError::into_inner) = Some(url);
        self.pusher.hurry();
    }

    pub(super) fn owns_user(&self, user_id: &UserId) -> bool {
        self.bot == user_id || self.users.iter().any(|users| users.regex.is_match(user_id.as_str()))
    }

    pub(super) fn owns_alias(&self, alias: &RoomAliasId) -> bool {
        self.aliases.iter().any(|aliases| aliases.regex.is_match(alias.as_str()))
    }

    /// Whether nobody else may make this alias.
    pub(super) fn reserves_alias(&self, alias: &RoomAliasId) -> bool {
        let mut exclusive = self.aliases.iter().filter(|aliases| aliases.is_exclusive);
        exclusive.any(|aliases| aliases.regex.is_match(alias.as_str()))
    }
}

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    is_exclusive: bool,
}

/// Synapse matches from the start, and does not care for the end.
fn patterns(namespaces: &[Namespace]) -> Result<Vec<Pattern>, RegistrationError> {
    namespaces
        .iter()
        .map(|namespace| {
            let regex = Regex::new(&format!("^(?:{})", namespace.regex))?;
            Ok(Pattern { regex, is_exclusive: namespace.exclusive })
        })
        .collect()
}
