//! What a stack is made of, and the order in which it starts.

use anyhow::Result;
use serde_json::Value;

use super::{IrcServer, Proxies, Stack};
use crate::{
    bridge::{Bridge, BridgeBuilder},
    rig::{InspIrcdBuilder, NgIrcdBuilder, Proxy, Synapse, SynapseBuilder, Tls},
};

/// A stack yet to be started.
#[derive(Debug)]
pub struct StackBuilder {
    synapse: SynapseBuilder,
    irc: IrcBuilder,
    bridge: BridgeBuilder,
    tls: Option<Tls>,
    proxied: Proxied,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proxied {
    Yes,
    No,
}

#[derive(Debug)]
pub(super) enum IrcBuilder {
    Modern(InspIrcdBuilder),
    Plain(NgIrcdBuilder),
}

impl From<InspIrcdBuilder> for IrcBuilder {
    fn from(builder: InspIrcdBuilder) -> Self {
        Self::Modern(builder)
    }
}

impl From<NgIrcdBuilder> for IrcBuilder {
    fn from(builder: NgIrcdBuilder) -> Self {
        Self::Plain(builder)
    }
}

impl IrcBuilder {
    fn tls(self, tls: &Tls) -> Self {
        match self {
            Self::Modern(builder) => Self::Modern(builder.tls(tls)),
            Self::Plain(builder) => Self::Plain(builder.tls(tls)),
        }
    }

    fn address(&self) -> String {
        match self {
            Self::Modern(builder) => builder.address(),
            Self::Plain(builder) => builder.address(),
        }
    }

    fn tls_address(&self) -> Option<String> {
        match self {
            Self::Modern(builder) => builder.tls_address(),
            Self::Plain(builder) => builder.tls_address(),
        }
    }

    async fn start(self) -> Result<IrcServer> {
        match self {
            Self::Modern(builder) => Ok(IrcServer::Modern(builder.start().await?)),
            Self::Plain(builder) => Ok(IrcServer::Plain(builder.start().await?)),
        }
    }
}

impl StackBuilder {
    pub(super) fn new(irc: IrcBuilder) -> Self {
        Self {
            synapse: Synapse::builder(),
            irc,
            // Neither server limits anybody, so nobody need wait.
            bridge: Bridge::builder("bridge-irc").set("irc.networks.local.flood", "none"),
            tls: None,
            proxied: Proxied::No,
        }
    }

    /// Changes the homeserver.
    #[must_use]
    pub fn synapse(mut self, change: impl FnOnce(SynapseBuilder) -> SynapseBuilder) -> Self {
        self.synapse = change(self.synapse);
        self
    }

    /// Changes the IRC server if it is the modern one.
    #[must_use]
    pub fn inspircd(mut self, change: impl FnOnce(InspIrcdBuilder) -> InspIrcdBuilder) -> Self {
        if let IrcBuilder::Modern(builder) = self.irc {
            self.irc = IrcBuilder::Modern(change(builder));
        }
        self
    }

    /// A key of the bridge's configuration.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.bridge = self.bridge.set(key, value);
        self
    }

    /// The bridge and the IRC users connect over TLS.
    pub fn tls(mut self) -> Result<Self> {
        let tls = Tls::new()?;
        self.irc = self.irc.tls(&tls);
        self.bridge = self
            .bridge
            .set("irc.networks.local.tls.ca_file", tls.ca_file().to_string_lossy().into_owned());
        self.tls = Some(tls);
        Ok(self)
    }

    /// Puts a proxy on each of the bridge's links.
    #[must_use]
    pub fn proxied(mut self) -> Self {
        self.proxied = Proxied::Yes;
        self
    }

    /// Starts the network while the bridge is prepared, the homeserver with the bridge's
    /// registration, then the bridge, and waits until it is ready.
    pub async fn start(self) -> Result<Stack> {
        let tls_address = self.irc.tls_address();
        let server = tls_address.unwrap_or_else(|| self.irc.address());
        let scheme = if self.tls.is_some() { "ircs" } else { "irc" };
        let proxies = match self.proxied {
            Proxied::No => None,
            Proxied::Yes => Some(Proxies {
                to_homeserver: Proxy::http(self.synapse.address()).await?,
                from_homeserver: Proxy::http(self.bridge.appservice_address()).await?,
                irc: Proxy::tcp(&server).await?,
            }),
        };
        let bridge = match &proxies {
            None => self
                .bridge
                .homeserver(&self.synapse.url())
                .irc_server(&format!("{scheme}://{server}")),
            Some(proxies) => self
                .bridge
                .homeserver(&proxies.to_homeserver.url())
                .irc_server(&format!("{scheme}://{}", proxies.irc.address()))
                .set("appservice.url", proxies.from_homeserver.url()),
        };
        let synapse = self.synapse;
        let (irc, (prepared, synapse)) = tokio::try_join!(self.irc.start(), async {
            let prepared = bridge.prepare().await?;
            let synapse = synapse.appservice(prepared.registration()).start().await?;
            Ok((prepared, synapse))
        })?;
        let bridge = prepared.run().await?;
        Ok(Stack { bridge, synapse, irc, proxies, tls: self.tls })
    }
}
