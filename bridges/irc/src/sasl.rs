//! Logging in to an account while connecting, by [SASL]: PLAIN and EXTERNAL.
//!
//! [SASL]: https://ircv3.net/specs/extensions/sasl-3.2

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use irc::proto::{Command, Response};

use crate::message::Message;

#[cfg(test)]
mod tests;

/// The most characters of one `AUTHENTICATE`.
const CHUNK: usize = 400;

/// A text that no log may show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, to be written to the network and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sasl {
    /// With a password.
    Plain {
        /// The account's name.
        account: String,
        /// Its password.
        password: Secret,
    },
    /// With the certificate of the TLS connection.
    External,
}

/// What to do where logging in fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaslPolicy {
    /// Give the connection up.
    #[default]
    Require,
    /// Go on without an account.
    Prefer,
}

/// Why logging in failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SaslError {
    /// The server has no SASL at all, perhaps because its services are away.
    #[error("the server offers no SASL; ask its operators or take `sasl` out of the configuration")]
    NotOffered,
    /// The server has other mechanisms.
    #[error("the server does not offer SASL {mechanism}, only {offered}")]
    NoMechanism {
        /// The one that is configured.
        mechanism: &'static str,
        /// What there is, separated by commas.
        offered: String,
    },
    /// The server says no.
    #[error("the server refused the SASL account: {0}")]
    Refused(String),
    /// The server asked for something that the mechanism does not have.
    #[error("the server sent a SASL challenge that {0} does not have")]
    Challenge(&'static str),
}

impl Sasl {
    /// The mechanism's name.
    pub const fn mechanism(&self) -> &'static str {
        match self {
            Self::Plain { .. } => "PLAIN",
            Self::External => "EXTERNAL",
        }
    }

    /// Whether the value of the `sasl` capability has the mechanism. An empty value says nothing.
    pub fn check_offer(&self, offered: Option<&str>) -> Result<(), SaslError> {
        let offered = offered.ok_or(SaslError::NotOffered)?;
        let mechanism = self.mechanism();
        let known = offered.split(',').any(|name| name.eq_ignore_ascii_case(mechanism));
        if known || offered.is_empty() {
            return Ok(());
        }
        Err(SaslError::NoMechanism { mechanism, offered: offered.to_owned() })
    }

    fn payload(&self) -> String {
        match self {
            Self::Plain { account, password } => format!("\0{account}\0{}", password.reveal()),
            Self::External => String::new(),
        }
    }
}

/// One login, from `AUTHENTICATE` to its numeric. Pure: messages in, messages out.
#[derive(Debug)]
pub struct Exchange {
    sasl: Sasl,
    offered: Option<String>,
}

/// Where a login stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The message was not about the login.
    Unrelated,
    /// To be written; may be empty.
    Reply(Vec<Message>),
    /// Logged in.
    Done,
    /// Not logged in.
    Failed(SaslError),
}

impl Exchange {
    /// Begins a login with the message to write.
    pub fn begin(sasl: Sasl) -> (Self, Message) {
        let first = Command::AUTHENTICATE(sasl.mechanism().to_owned()).into();
        (Self { sasl, offered: None }, first)
    }

    /// Takes in a message of the server.
    pub fn on_message(&mut self, message: &Message) -> Progress {
        if message.command == "AUTHENTICATE" {
            return self.on_challenge(message.param(0));
        }
        let text = || message.text().to_owned();
        match message.response() {
            Some(Response::RPL_SASLMECHS) => {
                self.offered = Some(message.param(1).to_owned());
                Progress::Reply(Vec::new())
            }
            // 907 says that this connection is logged in already, which is what was wanted.
            Some(Response::RPL_SASLSUCCESS | Response::ERR_SASLALREADY) => Progress::Done,
            Some(Response::ERR_SASLFAIL) => {
                let offer = self.offered.as_deref().unwrap_or_default();
                let error = self.sasl.check_offer(Some(offer)).err();
                Progress::Failed(error.unwrap_or_else(|| SaslError::Refused(text())))
            }
            Some(
                Response::ERR_NICKLOCKED | Response::ERR_SASLTOOLONG | Response::ERR_SASLABORT,
            ) => Progress::Failed(SaslError::Refused(text())),
            _ => Progress::Unrelated,
        }
    }

    fn on_challenge(&self, challenge: &str) -> Progress {
        if challenge == "+" {
            return Progress::Reply(chunks(&self.sasl.payload()));
        }
        Progress::Failed(SaslError::Challenge(self.sasl.mechanism()))
    }
}

/// The payload in base64, in pieces of 400; a full last piece is followed by `+`, as is an empty one.
fn chunks(payload: &str) -> Vec<Message> {
    let encoded = BASE64.encode(payload);
    let mut pieces: Vec<String> = encoded
        .as_bytes()
        .chunks(CHUNK)
        .map(|piece| String::from_utf8_lossy(piece).into_owned())
        .collect();
    if encoded.len().is_multiple_of(CHUNK) {
        pieces.push("+".to_owned());
    }
    pieces.into_iter().map(|piece| Command::AUTHENTICATE(piece).into()).collect()
}
