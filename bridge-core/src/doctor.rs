//! `check`: finds what is wrong before people do, and says how to mend it.
//!
//! The codes E01 to E18 are the rules of registrations. The live checks:
//!
//! | code | asks |
//! |---|---|
//! | L1 | does the homeserver answer? |
//! | L2 | does it know the token, and as whom? |
//! | L3 | does the namespace let us act as a ghost? |
//! | L4 | does it reach us, with the right token? |
//! | L5 | is it us whom it reaches, and can we listen? |
//! | L6 | does an event come round? |
//! | L8 | do large transactions get through? |
//! | L9 | do the clocks agree? |
//! | L11 | is another instance running? |
//! | N1 | does the network let us in? |

mod homeserver;
mod listener;
mod ports;
mod proxy;
mod registration;
mod round_trip;

use ::registration::{Registration, Severity};
use ruma::UserId;
use serde::Serialize;

use self::listener::Listener;
use crate::{
    config::Config,
    homeserver::{Homeserver, HomeserverConfig},
    network::Network,
};

/// Something that an admin should mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Which check found it.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The file at fault.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// The key at fault.
    pub key: Option<String>,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub fix: String,
}

impl Diagnosis {
    fn error(code: &str, key: &str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity: Severity::Error,
            file: None,
            line: None,
            key: Some(key.to_owned()).filter(|key| !key.is_empty()),
            what: what.into(),
            fix: fix.into(),
        }
    }

    fn warning(code: &str, key: &str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, key, what, fix) }
    }
}

/// How far a check goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Files only.
    Offline,
    /// Homeserver, network and this machine too.
    Live,
}

/// A network that does not let the bridge in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The key of the configuration, or the server.
    pub subject: String,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub fix: String,
}

/// What the live checks work with.
struct Patient<'a> {
    config: &'a Config,
    registration: &'a Registration,
    homeserver: Homeserver,
    /// Takes what the homeserver sends, unless the bridge itself runs and does.
    listener: Option<Listener>,
}

/// Checks the files of a configuration at `path`, and, if asked to, all that they name.
pub async fn examine<N: Network>(
    path: &std::path::Path,
    config: &Config,
    network: &N,
    reach: Reach,
) -> Vec<Diagnosis> {
    let (mut found, registration) = registration::examine(path, config);
    if reach == Reach::Offline {
        return found;
    }
    let ports = ports::examine(config).await;
    found.extend(ports.found);
    for Trouble { subject, what, fix } in network.probe().await {
        found.push(Diagnosis::error("N1", &subject, what, fix));
    }
    let Some(registration) = registration else { return found };
    let bot = format!("@{}:{}", registration.sender_localpart, config.homeserver.domain);
    let Ok(bot) = UserId::parse(bot) else { return found }; // E17 has told
    let client = HomeserverConfig::new(
        config.homeserver.url.as_str(),
        config.homeserver.domain.clone(),
        config.appservice.id.as_str(),
        registration.as_token.expose(),
        bot,
    );
    let client = match Homeserver::new(&client, crate::clock::Clock::system()) {
        Ok(client) => client,
        Err(error) => {
            let fix = "write the address of the homeserver, as http://127.0.0.1:8008";
            found.push(Diagnosis::error("L1", "homeserver.url", error.to_string(), fix));
            return found;
        }
    };
    let listener = ports.appservice.map(|socket| Listener::start(socket, &registration));
    let patient = Patient { config, registration: &registration, homeserver: client, listener };
    found.extend(homeserver::examine(&patient).await);
    found
}
