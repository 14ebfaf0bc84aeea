//! The client-server API, as the bridge speaks it: one connection pool, one token, many users.
//!
//! [`Homeserver`] sends one request and says how it ended; it never tries twice, because only its
//! caller knows what order has to be kept. [`HomeserverError`] says whether and when a second try
//! makes sense, and [`Homeserver::link`] whether the homeserver answers at all.
//!
//! Spec: <https://spec.matrix.org/v1.16/application-service-api/#client-server-api-extensions>

mod account;
mod alias;
mod answer;
mod backoff;
mod call;
mod ephemeral;
mod error;
mod history;
mod link;
mod media;
mod membership;
mod path;
mod raw_room;
mod relations;
mod room;
mod send;
mod server;
mod state;
mod transport;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use ruma::{OwnedServerName, OwnedUserId, ServerName, UserId, api::SupportedVersions};

pub(crate) use self::media::Download;
pub use self::{
    account::{Account, Profile},
    backoff::Backoff,
    call::VersionedPath,
    error::{HomeserverError, SetupError},
    link::Link,
};
use self::{link::LinkState, transport::Transport};
use crate::clock::Clock;

/// What is needed to speak to a homeserver as an application service.
#[derive(Clone)]
pub struct HomeserverConfig {
    /// How the homeserver is reached: `http://127.0.0.1:8008`. A path is kept as a prefix.
    pub url: String,
    /// The server name in ids.
    pub domain: OwnedServerName,
    /// The `id` of the registration; the appservice ping names it.
    pub appservice_id: String,
    /// The `as_token` of the registration.
    pub as_token: String,
    /// The user of `sender_localpart`.
    pub bot: OwnedUserId,
    /// How many requests may be under way at a time; more wait, in the order of their coming.
    pub max_concurrency: usize,
    /// How long one request may take, from the first byte sent to the last one read.
    pub timeout: Duration,
}

impl HomeserverConfig {
    /// A configuration with 256 requests at a time and 60 s for each.
    pub fn new(
        url: impl Into<String>,
        domain: OwnedServerName,
        appservice_id: impl Into<String>,
        as_token: impl Into<String>,
        bot: OwnedUserId,
    ) -> Self {
        Self {
            url: url.into(),
            domain,
            appservice_id: appservice_id.into(),
            as_token: as_token.into(),
            bot,
            max_concurrency: 256,
            timeout: Duration::from_mins(1),
        }
    }
}

impl fmt::Debug for HomeserverConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HomeserverConfig")
            .field("url", &self.url)
            .field("domain", &self.domain)
            .field("appservice_id", &self.appservice_id)
            .field("bot", &self.bot)
            .field("max_concurrency", &self.max_concurrency)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Whom a request is made for.
///
/// Spec: <https://spec.matrix.org/v1.16/application-service-api/#identity-assertion>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As<'a> {
    /// The user of `sender_localpart`.
    Bot,
    /// A user of our namespace.
    User(&'a UserId),
}

impl<'a> As<'a> {
    fn asserted(self) -> Option<&'a UserId> {
        match self {
            Self::Bot => None,
            Self::User(user_id) => Some(user_id),
        }
    }
}

/// The homeserver. Clones share one connection pool and one view of the link.
///
/// Dropping the future of a request ends it; the homeserver may have taken it all the same.
#[derive(Clone)]
pub struct Homeserver(Arc<Inner>);

struct Inner {
    domain: OwnedServerName,
    appservice_id: String,
    bot: OwnedUserId,
    transport: Transport,
    versions: RwLock<Option<Arc<SupportedVersions>>>,
    link: LinkState,
}

impl Homeserver {
    /// Prepares the connection pool; connects with the first request.
    ///
    /// # Errors
    /// If the URL or the token cannot be used, or the system has no root certificates for TLS.
    pub fn new(config: &HomeserverConfig, clock: Clock) -> Result<Self, SetupError> {
        Ok(Self(Arc::new(Inner {
            domain: config.domain.clone(),
            appservice_id: config.appservice_id.clone(),
            bot: config.bot.clone(),
            transport: Transport::new(config)?,
            versions: RwLock::new(None),
            link: LinkState::new(clock),
        })))
    }

    /// The server name in ids.
    pub fn domain(&self) -> &ServerName {
        &self.0.domain
    }

    /// The user of `sender_localpart`.
    pub fn bot(&self) -> &UserId {
        &self.0.bot
    }

    /// The user that requests made as `as_user` act for.
    pub fn user_id<'a>(&'a self, as_user: As<'a>) -> &'a UserId {
        as_user.asserted().unwrap_or(&self.0.bot)
    }

    fn known_versions(&self) -> Option<Arc<SupportedVersions>> {
        self.0.versions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep_versions(&self, versions: Arc<SupportedVersions>) {
        *self.0.versions.write().unwrap_or_else(PoisonError::into_inner) = Some(versions);
    }
}

impl fmt::Debug for Homeserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Homeserver")
            .field("domain", &self.0.domain)
            .field("bot", &self.0.bot)
            .finish_non_exhaustive()
    }
}
