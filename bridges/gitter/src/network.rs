//! Gitter as the core's [`Network`]: the database is the network.

mod deliver;

use std::{sync::Arc, time::Duration};

use bridge_core::{
    config::{ConfigError, Secret},
    content::caps::TextFormat,
    id::{GhostKey, PortalKey, SessionGroup},
    network::{
        Answer, Caps, ChannelInfo, Delivery, Descriptor, Fields, Idempotency, InFlight, LinkState,
        Network, NetworkEnv, NetworkError, OpenError, Ordering, Outgoing, Remote, RetryScope,
        Settlement, Support, TextCaps, Ticket, Token,
    },
};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    id,
    platform::{Platform, PlatformError},
    sequence::Sequence,
    session,
};

/// How long to wait before the database is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// The longest wait before the change stream is opened again.
const LONGEST: Duration = Duration::from_secs(30);

/// The platform, as one network.
pub struct Gitter {
    config: Config,
    env: NetworkEnv,
    platform: OnceCell<Platform>,
    sequence: Sequence,
}

impl Network for Gitter {
    const KIND: &'static str = "gitter";
    type Config = Config;

    fn descriptor() -> Descriptor {
        Descriptor {
            name: "Gitter",
            bot: "gitterbot",
            ghost_template: "{username}-{userid}",
            alias_template: "{community}_{room}",
            example: include_str!("example.yaml"),
            answers: &[Answer {
                flag: "mongodb",
                question: "The platform's database, mongodb://host/gitter?replicaSet=rs0",
                default: "mongodb://127.0.0.1:27017/gitter?replicaSet=rs0",
            }],
        }
    }

    fn new(config: Config, env: NetworkEnv) -> Result<Self, ConfigError> {
        let url = config.mongodb.expose();
        if !["mongodb://", "mongodb+srv://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(ConfigError::new(
                "gitter.mongodb",
                "this is not the address of a MongoDB database",
                "write `mongodb://host/gitter?replicaSet=rs0`",
            ));
        }
        if config.backing_user.is_empty() {
            return Err(ConfigError::new(
                "gitter.backing_user",
                "no user is named",
                "name the user of the platform that is to own what is said on Matrix",
            ));
        }
        Ok(Self { config, env, platform: OnceCell::new(), sequence: Sequence::default() })
    }

    async fn run(
        self: Arc<Self>,
        remote: Remote,
        shutdown: CancellationToken,
    ) -> Result<(), NetworkError> {
        let mut pause = AGAIN;
        while !shutdown.is_cancelled() {
            let since = tokio::time::Instant::now();
            let Err(error) = self.live(&remote, &shutdown).await else { break };
            tracing::warn!(%error, "the platform is not read; trying again");
            remote.link(Self::KIND, &LinkState::Down { what: error.to_string(), fix: error.fix() });
            if since.elapsed() > LONGEST {
                pause = AGAIN;
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST);
        }
        Ok(())
    }

    fn caps(&self, _portal: &PortalKey) -> Caps {
        let mut caps = Caps::default();
        caps.text = TextCaps { format: TextFormat::Rich, ..TextCaps::default() };
        caps.edit = Support::Native;
        caps.reply = Support::Native;
        caps.thread = Support::Native;
        caps.react = Support::None;
        caps.media = Support::Native;
        caps.delete = Support::Native;
        caps.members = Support::None;
        caps.ordering = Ordering::Total;
        caps.idempotency = Idempotency::ClientKey;
        caps
    }

    fn affinity(&self, portal: &PortalKey) -> SessionGroup {
        portal.as_str().into()
    }

    fn ghost_fields(&self, key: &GhostKey) -> Fields {
        // People are named before their first event; this is for those who were not.
        vec![("userid".to_owned(), key.to_string())]
    }

    fn ghost_key(&self, fields: &Fields) -> Option<GhostKey> {
        let (_, user) = fields.iter().find(|(name, _)| name == "userid")?;
        id::read(user).map(id::ghost_key)
    }

    fn alias_fields(&self, portal: &PortalKey) -> Option<Fields> {
        let uri = self.platform.get()?.remembered_uri(id::room_of(portal)?)?;
        id::alias_fields(&uri)
    }

    fn portal_of_alias(&self, fields: &Fields) -> Option<PortalKey> {
        id::candidates(fields)?.id.map(id::portal_key)
    }

    async fn find_portal(&self, fields: &Fields) -> Result<Option<PortalKey>, OpenError> {
        let Some(candidates) = id::candidates(fields) else { return Ok(None) };
        let platform = self.platform().await.map_err(away)?;
        let found = match candidates.id {
            Some(room) => platform.room(room).await.map_err(away)?,
            None => None,
        };
        let found = match found {
            Some(room) => Some(room),
            None => platform.room_by_uri(&candidates.uris).await.map_err(away)?,
        };
        let fits = found.filter(|room| {
            room.is_public && room.uri.as_ref().is_some_and(|uri| self.config.rooms.admit(uri))
        });
        Ok(fits.map(|room| id::portal_key(room.id)))
    }

    fn portal_of_name(&self, remote: &str) -> Result<PortalKey, String> {
        id::read(remote)
            .map(id::portal_key)
            .ok_or_else(|| format!("{remote:?} is no room; write the `_id` of a room, 24 digits"))
    }

    async fn open(&self, portal: &PortalKey) -> Result<ChannelInfo, OpenError> {
        let refused = || OpenError::Refused("the platform has no such room".to_owned());
        let id = id::room_of(portal).ok_or_else(refused)?;
        let room = self.platform().await.map_err(away)?.room(id).await.map_err(away)?;
        Ok(session::channel_info(&room.ok_or_else(refused)?))
    }

    async fn deliver(&self, outgoing: Outgoing, ticket: Ticket) -> Delivery {
        match self.send(&outgoing, &ticket).await {
            Ok(delivery) => delivery,
            Err(error) => {
                Delivery::Retry { after: AGAIN, scope: RetryScope::Lane, why: error.to_string() }
            }
        }
    }

    async fn reconcile(
        &self,
        _portal: &PortalKey,
        rows: Vec<InFlight>,
    ) -> Vec<(Token, Settlement)> {
        let mut settled = Vec::with_capacity(rows.len());
        for row in rows {
            settled.push((row.token, self.reconcile_row(&row).await));
        }
        settled
    }
}

impl Gitter {
    async fn live(
        &self,
        remote: &Remote,
        shutdown: &CancellationToken,
    ) -> Result<(), PlatformError> {
        let platform = self.platform().await?;
        session::run(platform, &self.config, remote, shutdown).await
    }

    async fn platform(&self) -> Result<&Platform, PlatformError> {
        self.platform.get_or_try_init(|| Platform::new(self.url())).await
    }

    fn url(&self) -> &Secret {
        &self.config.mongodb
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn away(error: PlatformError) -> OpenError {
    OpenError::Unavailable(error.to_string())
}
