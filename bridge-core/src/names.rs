//! Which Matrix ids are ours, and what they stand for.

use std::sync::{Arc, Weak};

use registration::Template;
use ruma::{OwnedRoomAliasId, OwnedServerName, OwnedUserId, RoomAliasId, UserId};

use crate::{
    id::{GhostKey, PortalKey},
    network::{Fields, Network},
    portal::from_network::PerformError,
};

/// The namespace of a bridge: templates, the bot, and the network's reading of their parts.
pub(crate) struct Names {
    domain: OwnedServerName,
    bot: OwnedUserId,
    ghost: Template,
    alias: Template,
    network: Box<dyn NetworkNames>,
}

/// The part of a [`Network`] that names need.
trait NetworkNames: Send + Sync {
    fn ghost_fields(&self, key: &GhostKey) -> Fields;
    fn ghost_key(&self, fields: &Fields) -> Option<GhostKey>;
    fn alias_fields(&self, portal: &PortalKey) -> Option<Fields>;
    fn portal_of_alias(&self, fields: &Fields) -> Option<PortalKey>;
    fn host_of(&self, key: &GhostKey) -> Option<String>;
}

/// Weak, since the network knows the core as well.
struct Of<N>(Weak<N>);

impl<N: Network> NetworkNames for Of<N> {
    fn ghost_fields(&self, key: &GhostKey) -> Fields {
        self.0.upgrade().map_or_else(Vec::new, |network| network.ghost_fields(key))
    }
    fn ghost_key(&self, fields: &Fields) -> Option<GhostKey> {
        self.0.upgrade()?.ghost_key(fields)
    }
    fn alias_fields(&self, portal: &PortalKey) -> Option<Fields> {
        self.0.upgrade()?.alias_fields(portal)
    }
    fn portal_of_alias(&self, fields: &Fields) -> Option<PortalKey> {
        self.0.upgrade()?.portal_of_alias(fields)
    }
    fn host_of(&self, key: &GhostKey) -> Option<String> {
        self.0.upgrade()?.host_of(key)
    }
}

impl Names {
    pub(crate) fn new<N: Network>(
        network: &Arc<N>,
        domain: OwnedServerName,
        bot: OwnedUserId,
        ghost: Template,
        alias: Template,
    ) -> Self {
        Self { domain, bot, ghost, alias, network: Box::new(Of(Arc::downgrade(network))) }
    }

    /// A ghost of this bridge, or its bot.
    pub(crate) fn is_ours(&self, user: &UserId) -> bool {
        user == self.bot || self.is_ghost(user)
    }

    /// An id in the namespace of the ghosts.
    pub(crate) fn is_ghost(&self, user: &UserId) -> bool {
        user.server_name() == self.domain
            && (self.ghost.decode(user.localpart()).is_some()
                || self.ghost.is_shortened(user.localpart()))
    }

    /// The id of a ghost at first sight. Later the store's record counts.
    pub(crate) fn ghost_id(&self, key: &GhostKey) -> Option<OwnedUserId> {
        self.ghost_of(&self.network.ghost_fields(key))
    }

    /// The ghost that an id names, if the id can be read back.
    pub(crate) fn ghost_key(&self, user: &UserId) -> Option<GhostKey> {
        if user.server_name() != self.domain {
            return None;
        }
        self.network.ghost_key(&self.ghost.decode(user.localpart())?)
    }

    /// The host that a remote user comes from.
    pub(crate) fn host_of(&self, key: &GhostKey) -> Option<String> {
        self.network.host_of(key)
    }

    /// The localpart of a portal's alias.
    pub(crate) fn alias(&self, portal: &PortalKey) -> Option<String> {
        let fields = self.network.alias_fields(portal)?;
        self.alias.encode(&borrowed(&fields), self.domain.as_str()).ok()
    }

    /// A localpart of ours as a whole alias.
    pub(crate) fn room_alias(&self, localpart: &str) -> Result<OwnedRoomAliasId, PerformError> {
        RoomAliasId::parse(format!("#{localpart}:{}", self.domain))
            .map_err(|error| PerformError::Refused(format!("{localpart:?} is no alias: {error}")))
    }

    /// The parts of an alias that somebody typed, if it is one of ours.
    pub(crate) fn typed_fields(&self, localpart: &str) -> Option<Fields> {
        self.alias.decode_typed(localpart)
    }

    /// The id of a ghost whose parts are known.
    pub(crate) fn ghost_of(&self, fields: &Fields) -> Option<OwnedUserId> {
        let localpart = self.ghost.encode(&borrowed(fields), self.domain.as_str()).ok()?;
        UserId::parse(format!("@{localpart}:{}", self.domain)).ok()
    }

    /// The portal that parts of an alias name, for third-party look-ups.
    pub(crate) fn portal_of_fields(&self, fields: &Fields) -> Option<PortalKey> {
        self.network.portal_of_alias(fields)
    }

    /// The ghost that parts of an id name, for third-party look-ups.
    pub(crate) fn ghost_of_fields(&self, fields: &Fields) -> Option<GhostKey> {
        self.network.ghost_key(fields)
    }

    /// The parts of an alias of ours.
    pub(crate) fn fields_of_alias(&self, localpart: &str) -> Option<Fields> {
        self.alias.decode(localpart)
    }

    /// The parts of a ghost's id.
    pub(crate) fn fields_of_ghost(&self, user: &UserId) -> Option<Fields> {
        (user.server_name() == self.domain).then(|| self.ghost.decode(user.localpart()))?
    }

    /// The names of the parts of an alias.
    pub(crate) fn alias_field_names(&self) -> Vec<String> {
        self.alias.fields().map(str::to_owned).collect()
    }

    /// The names of the parts of a ghost's id.
    pub(crate) fn ghost_field_names(&self) -> Vec<String> {
        self.ghost.fields().map(str::to_owned).collect()
    }

    pub(crate) fn domain(&self) -> &ruma::ServerName {
        &self.domain
    }
}

fn borrowed(fields: &Fields) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
