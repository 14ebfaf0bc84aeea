//! A whole installation: Synapse, `bridge-xmpp` and Prosody.

use anyhow::Result;
use serde_json::Value;

use super::XmppUser;
use crate::{
    bridge::{Bridge, BridgeBuilder},
    matrix::MatrixUser,
    rig::{Prosody, ProsodyBuilder, Synapse, SynapseBuilder, prosody},
};

/// An installation yet to be started.
#[derive(Debug)]
pub struct XmppStackBuilder {
    synapse: SynapseBuilder,
    prosody: ProsodyBuilder,
    bridge: BridgeBuilder,
}

impl XmppStackBuilder {
    /// Changes the homeserver.
    #[must_use]
    pub fn synapse(mut self, change: impl FnOnce(SynapseBuilder) -> SynapseBuilder) -> Self {
        self.synapse = change(self.synapse);
        self
    }

    /// Changes the XMPP server.
    #[must_use]
    pub fn prosody(mut self, change: impl FnOnce(ProsodyBuilder) -> ProsodyBuilder) -> Self {
        self.prosody = change(self.prosody);
        self
    }

    /// A key of the bridge's configuration.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.bridge = self.bridge.set(key, value);
        self
    }

    /// Starts the XMPP server while the bridge is prepared, the homeserver with the bridge's
    /// registration, then the bridge, and waits until it is ready.
    pub async fn start(self) -> Result<XmppStack> {
        let bridge = self
            .bridge
            .homeserver(&self.synapse.url())
            .flag("--xmpp-server", &self.prosody.component_address())
            .flag("--xmpp-jid", prosody::COMPONENT)
            .set("xmpp.component.secret_file", Value::Null)
            .set("xmpp.component.secret", prosody::SECRET);
        let synapse = self.synapse;
        let (prosody, (prepared, synapse)) = tokio::try_join!(self.prosody.start(), async {
            let prepared = bridge.prepare().await?;
            let synapse = synapse.appservice(prepared.registration()).start().await?;
            Ok((prepared, synapse))
        })?;
        let bridge = prepared.run().await?;
        Ok(XmppStack { bridge, synapse, prosody })
    }
}

/// Everything is running and ready. The parts are dropped from the bridge outwards.
#[derive(Debug)]
pub struct XmppStack {
    /// The bridge between the two.
    pub bridge: Bridge,
    /// The homeserver.
    pub synapse: Synapse,
    /// The XMPP server.
    pub prosody: Prosody,
}

impl XmppStack {
    /// An installation whose parts are as usual.
    pub fn builder() -> XmppStackBuilder {
        XmppStackBuilder {
            synapse: Synapse::builder(),
            prosody: Prosody::builder(),
            bridge: Bridge::builder("bridge-xmpp"),
        }
    }

    /// Everything, as usual.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// The address of a room of the XMPP server, as `six@rooms.localhost`.
    pub fn muc(&self, name: &str) -> String {
        format!("{name}@{}", prosody::ROOMS)
    }

    /// The alias under which that room appears, as `#_xmpp_six_rooms.localhost:localhost`.
    pub fn alias(&self, name: &str) -> String {
        format!("#_xmpp_{name}_{}:{}", prosody::ROOMS, self.synapse.server_name())
    }

    /// The address under which a Matrix room appears, by the local part of its alias.
    pub fn gateway(&self, alias: &str) -> String {
        format!("#{alias}#{}@{}", self.synapse.server_name(), prosody::COMPONENT)
    }

    /// A Matrix user of this name.
    pub async fn matrix_user(&self, localpart: &str) -> Result<MatrixUser> {
        MatrixUser::register(&self.synapse, localpart).await
    }

    /// An XMPP user of this name.
    pub async fn xmpp_user(&self, name: &str) -> Result<XmppUser> {
        self.xmpp_device(name, "device").await
    }

    /// One device of an XMPP user.
    pub async fn xmpp_device(&self, name: &str, device: &str) -> Result<XmppUser> {
        let bare = format!("{name}@{}", prosody::DOMAIN);
        XmppUser::connect(self.prosody.address(), &bare, device).await
    }
}
