//! Tries to get into a network, as the bot would, and says what is in the way.

use bridge_core::doctor::Trouble;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    caps,
    hub::Setup,
    registration::Registrant,
    session::{CloseReason, EventKind, Session, SessionConfig, SessionId},
};

/// How many events of a connection may wait; it ends with the first that counts.
const EVENTS: usize = 256;

/// Connects, waits for the welcome, and leaves.
pub(crate) async fn probe(setup: &Setup) -> Option<Trouble> {
    let mut found = None;
    for server in &setup.servers {
        // The bot itself may be there: another nick disturbs nobody.
        let nick = format!("{}-check", setup.config.nick);
        let registrant = Registrant {
            nicks: vec![nick.clone(), format!("{nick}_"), format!("{nick}__")],
            username: setup.config.nick.to_lowercase(),
            realname: "Matrix bridge, checking".to_owned(),
            pass: setup.pass.clone(),
            sasl: setup.sasl.clone(),
            caps: caps::WANTED.to_vec(),
            ..Registrant::default()
        };
        let mut config = SessionConfig::new(SessionId(0), vec![server.clone()], registrant);
        config.tls.clone_from(&setup.tls);
        match welcome(config).await {
            Ok(()) => return None,
            Err(reason) => found = found.or_else(|| Some(trouble(&setup.name, &reason))),
        }
    }
    found
}

async fn welcome(config: SessionConfig) -> Result<(), CloseReason> {
    let (events, mut heard) = mpsc::channel(EVENTS);
    let stop = CancellationToken::new();
    let (handle, session) = Session::new(config, events, stop.clone());
    let running = tokio::spawn(session.run());
    let mut outcome = Err(CloseReason::RegistrationTimeout);
    while let Some(event) = heard.recv().await {
        match event.kind {
            EventKind::Registered if outcome.is_err() => {
                outcome = Ok(());
                stop.cancel();
            }
            EventKind::Closed(closed) => {
                if outcome.is_err() {
                    outcome = Err(closed.reason);
                }
                break;
            }
            _ => {}
        }
    }
    drop(handle);
    drop(running.await);
    outcome
}

fn trouble(network: &str, reason: &CloseReason) -> Trouble {
    let (key, fix) = match reason {
        CloseReason::Unreachable { .. } => {
            ("servers", "start the server, or correct its address; 6667 is plain, 6697 is TLS")
        }
        CloseReason::Tls { .. } => (
            "tls",
            "use irc:// if the server has no TLS, or name the authority that signed its \
             certificate in tls.ca_file",
        ),
        CloseReason::Password { .. } => {
            ("password_file", "write the server's password into that file")
        }
        CloseReason::Registration(_) => {
            ("nick", "choose a nick that the server takes, and check sasl: account and password")
        }
        CloseReason::Banned { .. } => {
            ("servers", "ask the network's operators to let the bridge in (an exception, WEBIRC)")
        }
        CloseReason::Throttled { .. } | CloseReason::Full { .. } => {
            ("connect", "wait and try again, or ask the network's operators for more connections")
        }
        _ => ("servers", "see the log of the server"),
    };
    Trouble {
        subject: format!("irc.networks.{network}.{key}"),
        what: format!("the network {network:?} does not let the bridge in: {reason}"),
        fix: fix.to_owned(),
    }
}
