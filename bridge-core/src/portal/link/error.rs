//! Why a link is not made or ended.

use crate::{
    homeserver::HomeserverError, network::OpenError, portal::from_network::PerformError,
    store::StoreError,
};

/// Why a link is not made or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("{0}")]
    Remote(String),
    #[error("{0:?} is no room id and no alias; write !id or #alias:server")]
    Room(String),
    #[error("there is no room {0}; check the alias, or give the room's id")]
    NoRoom(String),
    #[error("{0} is not linked; `rooms list` shows what is")]
    NotLinked(String),
    #[error("{room} is linked to {by} already; unlink it first")]
    Taken { room: String, by: String },
    #[error("{0}")]
    Power(String),
    #[error("the network says no: {0}")]
    Refused(String),
    #[error("the network does not answer: {0}; try again later")]
    Unavailable(String),
    #[error("the homeserver says no: {0}")]
    Homeserver(#[from] HomeserverError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the bridge stops; try again once it runs")]
    Stopped,
}

impl LinkError {
    /// What kind of trouble it is, for programs.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Remote(_) => "bad_remote",
            Self::Room(_) => "bad_room",
            Self::NoRoom(_) => "no_room",
            Self::NotLinked(_) => "not_linked",
            Self::Taken { .. } => "taken",
            Self::Power(_) => "no_power",
            Self::Refused(_) => "network_refused",
            Self::Unavailable(_) => "network_down",
            Self::Homeserver(_) => "homeserver",
            Self::Store(_) => "store",
            Self::Stopped => "stopped",
        }
    }
}

impl From<OpenError> for LinkError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Refused(why) => Self::Refused(why),
            OpenError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<PerformError> for LinkError {
    fn from(error: PerformError) -> Self {
        match error {
            PerformError::Homeserver(error) => error.into(),
            PerformError::Store(error) => error.into(),
            PerformError::Refused(why) => Self::Power(why),
        }
    }
}
