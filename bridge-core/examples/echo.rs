//! A whole bridge to a network that repeats what it hears: the smallest thing that `Network` takes.
//!
//! `cargo run --example echo -- init --defaults`, register it, `-- run`, and join `#_echo_any:…`.

use std::{process::ExitCode, sync::Arc};

use bridge_core::{
    config::ConfigError,
    id::{GhostKey, PortalKey, SessionGroup},
    network::{
        Action, Caps, ChannelInfo, Delivery, Descriptor, Fields, InFlight, LinkState, Network,
        NetworkEnv, NetworkError, OpenError, Outgoing, Remote, RemoteAction, RemoteEvent,
        RemoteUser, Settlement, Ticket, Token,
    },
};
use serde::Deserialize;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

pub(crate) struct Echo {
    voice: String,
    remote: OnceCell<Remote>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Who repeats.
    voice: String,
}

impl Network for Echo {
    const KIND: &'static str = "echo";
    type Config = Config;

    fn descriptor() -> Descriptor {
        Descriptor {
            name: "Echo",
            bot: "_echobot",
            ghost_template: "_echo_{nick}",
            alias_template: "_echo_{cave}",
            example: "echo:\n  voice: nymph   # who repeats\n",
            answers: &[],
        }
    }

    fn new(config: Config, _env: NetworkEnv) -> Result<Self, ConfigError> {
        Ok(Self { voice: config.voice, remote: OnceCell::new() })
    }

    async fn run(
        self: Arc<Self>,
        remote: Remote,
        shutdown: CancellationToken,
    ) -> Result<(), NetworkError> {
        remote.link("echo", &LinkState::Up);
        drop(self.remote.set(remote));
        shutdown.cancelled().await;
        Ok(())
    }

    fn caps(&self, _portal: &PortalKey) -> Caps {
        Caps::default()
    }

    fn affinity(&self, _portal: &PortalKey) -> SessionGroup {
        "echo".into()
    }

    fn ghost_fields(&self, key: &GhostKey) -> Fields {
        vec![("nick".to_owned(), key.to_string())]
    }

    fn ghost_key(&self, fields: &Fields) -> Option<GhostKey> {
        fields.first().map(|(_, nick)| nick.as_str().into())
    }

    fn alias_fields(&self, portal: &PortalKey) -> Option<Fields> {
        Some(vec![("cave".to_owned(), portal.to_string())])
    }

    fn portal_of_alias(&self, fields: &Fields) -> Option<PortalKey> {
        fields.first().map(|(_, cave)| cave.as_str().into())
    }

    fn portal_of_name(&self, remote: &str) -> Result<PortalKey, String> {
        Ok(remote.into())
    }

    async fn open(&self, portal: &PortalKey) -> Result<ChannelInfo, OpenError> {
        Ok(ChannelInfo { name: Some(format!("Cave {portal}")), topic: None })
    }

    async fn deliver(&self, outgoing: Outgoing, ticket: Ticket) -> Delivery {
        let Action::Message(message) = outgoing.action else {
            return Delivery::Done { ids: Vec::new() };
        };
        let echo = RemoteEvent {
            portal: outgoing.portal,
            sender: Some(RemoteUser { key: self.voice.as_str().into(), name: self.voice.clone() }),
            // The event that is repeated names its echo: a second attempt repeats nothing.
            id: Some(outgoing.event_id.as_str().into()),
            also: Vec::new(),
            at: outgoing.at,
            action: RemoteAction::Message(message),
        };
        let retry = |why: String| Delivery::Retry {
            after: std::time::Duration::from_secs(1),
            scope: bridge_core::network::RetryScope::Lane,
            why,
        };
        let Some(remote) = self.remote.get() else { return retry("not started".to_owned()) };
        if let Err(error) = ticket.sending(None).await {
            return retry(error.to_string());
        }
        match remote.push(&[echo], None).await {
            Ok(_) => Delivery::Done { ids: Vec::new() },
            Err(error) => retry(error.to_string()),
        }
    }

    async fn reconcile(
        &self,
        _portal: &PortalKey,
        rows: Vec<InFlight>,
    ) -> Vec<(Token, Settlement)> {
        // Repeating is idempotent, so everything may be sent again.
        rows.into_iter().map(|row| (row.token, Settlement::NotSent { arrived: 0 })).collect()
    }
}

fn main() -> ExitCode {
    bridge_core::cli::main::<Echo>()
}
