//! What a check may know besides the registrations: the configuration of the bridge and of the
//! homeserver.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::{dialect::Dialect, file::Unreadable, yaml::YamlError};

mod bridge;
mod homeserver;

#[cfg(test)]
mod tests;

pub(crate) use bridge::BridgeConfig;
pub(crate) use homeserver::{HomeserverConfig, Place};

/// The configuration files that a check was given.
#[derive(Debug, Default)]
pub struct Context {
    pub(crate) bridge: Option<BridgeConfig>,
    pub(crate) homeserver: Option<HomeserverConfig>,
}

/// A configuration file that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContextError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It is not YAML.
    #[error("{}: {source}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: YamlError,
    },
    /// It is the configuration of no homeserver that we know.
    #[error(
        "{}: no server_name in it: name the homeserver.yaml of Synapse, the dendrite.yaml or the \
         .toml file of Conduit and kin",
        path.display()
    )]
    NoHomeserver {
        /// The file.
        path: PathBuf,
    },
}

impl Context {
    /// Reads the files that are named.
    ///
    /// # Errors
    /// If one of them cannot be read or is not what it should be.
    pub fn load(
        bridge_config: Option<&Path>,
        homeserver_config: Option<&Path>,
    ) -> Result<Self, ContextError> {
        Ok(Self {
            bridge: bridge_config.map(BridgeConfig::read).transpose()?,
            homeserver: homeserver_config.map(HomeserverConfig::read).transpose()?,
        })
    }

    /// The server name in ids, where it is known.
    pub(crate) fn server_name(&self) -> Option<&str> {
        let homeserver = self.homeserver.as_ref().map(|config| config.server_name.as_str());
        homeserver.or_else(|| self.bridge.as_ref()?.domain.as_deref())
    }

    /// The dialects that matter: that of the homeserver, or all of them.
    pub(crate) fn dialects(&self) -> Vec<Dialect> {
        match &self.homeserver {
            Some(config) => vec![config.dialect],
            None => Dialect::ALL.to_vec(),
        }
    }
}
