//! Homeserver, bridge and platform together.

use anyhow::Result;
use serde_json::Value;

use super::{DATABASE, Gitter, GitterUser};
use crate::{
    bridge::{Bridge, BridgeBuilder},
    matrix::MatrixUser,
    rig::{Mongod, MongodBuilder, Synapse, SynapseBuilder},
};

/// Everything is running and ready. The parts are dropped from the bridge outwards.
#[derive(Debug)]
pub struct GitterStack {
    /// The bridge between the two.
    pub bridge: Bridge,
    /// The homeserver.
    pub synapse: Synapse,
    /// The platform.
    pub gitter: Gitter,
    /// The platform's database server.
    pub mongod: Mongod,
}

/// A stack yet to be started.
#[derive(Debug)]
pub struct GitterStackBuilder {
    synapse: SynapseBuilder,
    mongod: MongodBuilder,
    bridge: BridgeBuilder,
}

impl GitterStack {
    /// `bridge-gitter` between Synapse and a platform without rooms.
    pub fn builder() -> GitterStackBuilder {
        GitterStackBuilder {
            synapse: Synapse::builder(),
            mongod: Mongod::builder(),
            bridge: Bridge::builder("bridge-gitter"),
        }
    }

    /// The alias of a room, as `#acme_rockets:localhost`.
    pub fn alias(&self, uri: &str) -> String {
        format!("#{}:{}", uri.replace('/', "_"), self.synapse.server_name())
    }

    /// The ghost of a user, as `@bob-5f5e…:localhost`.
    pub fn ghost(&self, user: &GitterUser) -> String {
        let name = user.username.to_lowercase();
        format!("@{name}-{}:{}", user.id, self.synapse.server_name())
    }

    /// A Matrix user of this name.
    pub async fn matrix_user(&self, localpart: &str) -> Result<MatrixUser> {
        MatrixUser::register(&self.synapse, localpart).await
    }
}

impl GitterStackBuilder {
    /// Changes the homeserver.
    #[must_use]
    pub fn synapse(mut self, change: impl FnOnce(SynapseBuilder) -> SynapseBuilder) -> Self {
        self.synapse = change(self.synapse);
        self
    }

    /// Changes the database server.
    #[must_use]
    pub fn mongod(mut self, change: impl FnOnce(MongodBuilder) -> MongodBuilder) -> Self {
        self.mongod = change(self.mongod);
        self
    }

    /// A key of the bridge's configuration.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.bridge = self.bridge.set(key, value);
        self
    }

    /// Starts the platform while the bridge is prepared, the homeserver with the bridge's
    /// registration, then the bridge, and waits until it is ready.
    pub async fn start(self) -> Result<GitterStack> {
        let mut stack = self.start_unready().await?;
        stack.bridge.process.wait_ready().await?;
        Ok(stack)
    }

    /// [`GitterStackBuilder::start`] without waiting until the bridge is ready.
    pub async fn start_unready(self) -> Result<GitterStack> {
        let (synapse, url) = (self.synapse, self.mongod.url(DATABASE));
        let bridge = self.bridge.homeserver(&synapse.url()).flag("--mongodb", &url);
        let (mongod, (prepared, synapse)) = tokio::try_join!(self.mongod.start(), async {
            let prepared = bridge.prepare().await?;
            let synapse = synapse.appservice(prepared.registration()).start().await?;
            Ok((prepared, synapse))
        })?;
        let gitter = Gitter::new(&mongod).await?;
        let bridge = prepared.spawn()?;
        Ok(GitterStack { bridge, synapse, gitter, mongod })
    }
}
