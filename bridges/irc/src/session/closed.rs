//! Why a connection ended, and what that means for the next one.

use irc::proto::Response;

use crate::{address::ServerAddress, message::Message, registration::RegistrationError};

/// The end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Why.
    pub reason: CloseReason,
    /// The server, if one was reached.
    pub server: Option<ServerAddress>,
    /// Whether the connection was registered.
    pub registered: bool,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// We said `QUIT`.
    #[error("we left")]
    Quit,
    /// No server could be reached.
    #[error("cannot connect to {server}: {why}")]
    Unreachable {
        /// The last one that was tried.
        server: String,
        /// What went wrong there.
        why: String,
    },
    /// TLS did not come about.
    #[error("no TLS with {server}: {why}")]
    Tls {
        /// The last server that was tried.
        server: String,
        /// What went wrong there.
        why: String,
    },
    /// The server did not finish its greeting in time.
    #[error("the server did not register us in time")]
    RegistrationTimeout,
    /// The server takes none of our nicks, or not our account.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    /// The server wants another password, or one at all.
    #[error("the server refused the password: {why}")]
    Password {
        /// The server's words.
        why: String,
    },
    /// We are banned.
    #[error("the server banned us: {why}")]
    Banned {
        /// The server's words.
        why: String,
    },
    /// We connect too often.
    #[error("the server slows us down: {why}")]
    Throttled {
        /// The server's words.
        why: String,
    },
    /// There is no room for us.
    #[error("the server takes no more connections: {why}")]
    Full {
        /// The server's words.
        why: String,
    },
    /// An operator, a service or a nick collision ended the connection.
    #[error("the connection was killed: {why}")]
    Killed {
        /// The server's words.
        why: String,
    },
    /// The server ended the connection for another reason.
    #[error("the server ended the connection: {why}")]
    Error {
        /// The server's words.
        why: String,
    },
    /// The server was silent for too long.
    #[error("the server fell silent")]
    Silent,
    /// The connection broke.
    #[error("the connection was lost: {why}")]
    Lost {
        /// The system's words.
        why: String,
    },
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// As usual.
    Backoff,
    /// After a minute at least.
    Throttled,
    /// Not until somebody changed something: a puppet stops, a reader asks rarely.
    Hopeless,
}

impl CloseReason {
    /// When to try again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Throttled { .. } | Self::Full { .. } => Retry::Throttled,
            Self::Banned { .. }
            | Self::Password { .. }
            | Self::Registration(RegistrationError::Sasl(_)) => Retry::Hopeless,
            _ => Retry::Backoff,
        }
    }

    /// The reason behind the text of an `ERROR`.
    ///
    /// Servers have no codes for it, only words: those of InspIRCd, ngIRCd, Solanum, UnrealIRCd and
    /// Ergo are known. Bans come first, since their text may hold any words.
    pub fn of_error(text: &str) -> Self {
        const BAN_LINES: [&str; 13] = [
            "k-line",
            "k:line",
            "kline",
            "g-line",
            "g:line",
            "gline",
            "z-line",
            "z:line",
            "zline",
            "d-line",
            "dline",
            "q-line",
            "bad user info",
        ];
        const THROTTLED: [&str; 4] = ["throttl", "too fast", "too many times", "too quickly"];
        const FULL: [&str; 10] = [
            "too many host connections",
            "too many connections",
            "too many user connections",
            "too many unknown connections",
            "no more connections",
            "server is full",
            "maximum number of connections",
            "connection limit",
            "connections from your ip",
            "session limit",
        ];
        let lower = text.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let why = text.to_owned();
        if says(&BAN_LINES) {
            Self::Banned { why }
        } else if says(&THROTTLED) {
            Self::Throttled { why }
        } else if says(&FULL) {
            Self::Full { why }
        } else if says(&["banned", "blacklist", "dnsbl"]) {
            Self::Banned { why }
        } else if says(&["killed", "nickname collision", "nick collision"]) {
            Self::Killed { why }
        } else if says(&["bad password", "invalid password", "password mismatch", "access denied"])
        {
            Self::Password { why }
        } else {
            Self::Error { why }
        }
    }

    /// The reason behind a numeric that says that the connection will end, before it is registered.
    pub(super) fn of_numeric(message: &Message) -> Option<Self> {
        let why = message.text().to_owned();
        match message.response()? {
            Response::ERR_YOUREBANNEDCREEP
            | Response::ERR_YOUWILLBEBANNED
            | Response::ERR_NOPERMFORHOST => Some(Self::Banned { why }),
            Response::ERR_PASSWDMISMATCH => Some(Self::Password { why }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseReason, Retry};

    #[test]
    fn the_words_of_servers_are_understood() {
        use Retry::{Backoff, Hopeless, Throttled};
        for (text, reason, retry) in [
            ("Closing link: (a@h) [K-lined: spam, too many connections]", "banned", Hopeless),
            ("Closing Link: h (K-Lined)", "banned", Hopeless),
            ("Closing Link: h (*** Banned )", "banned", Hopeless),
            ("Closing Link: h (Bad user info)", "banned", Hopeless),
            ("Closing link: (a@h) [Z:Lined: bye]", "banned", Hopeless),
            ("You are banned from this server (reason)", "banned", Hopeless),
            ("Closing Link: h (Trying to reconnect too fast.)", "slows", Throttled),
            ("Closing link: (a@h) [Throttled: Reconnecting too fast]", "slows", Throttled),
            (
                "You have attempted to connect too many times within a short duration. Wait a while.",
                "slows",
                Throttled,
            ),
            (
                "Closing Link: h (Too many host connections (local))",
                "no more connections",
                Throttled,
            ),
            (
                "Closing link: (a@h) [No more connections allowed from your host via this connect class (local)]",
                "no more connections",
                Throttled,
            ),
            ("Sorry, server is full - try later", "no more connections", Throttled),
            ("Too many connections!", "no more connections", Throttled),
            ("Closing link: (a@h) [Killed (oper (bye))]", "killed", Backoff),
            ("Bad password", "password", Hopeless),
            ("Closing Link: h (Ping timeout: 120 seconds)", "ended the connection", Backoff),
            ("", "ended the connection", Backoff),
        ] {
            let found = CloseReason::of_error(text);
            assert!(found.to_string().contains(reason), "{text}: {found}");
            assert!(found.to_string().contains(text), "the server's words are passed on");
            assert_eq!(found.retry(), retry, "{text}");
        }
    }
}
