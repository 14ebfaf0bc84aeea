//! What keeps a bridge from doing harm: limits, bans of others, floods, and other bridges.

pub(crate) mod acl;
pub(crate) mod foreign;
pub(crate) mod limits;
pub(crate) mod newcomers;
pub(crate) mod policy;

use ruma::UserId;

use self::{acl::Acls, foreign::Foreign, limits::Limits, newcomers::Newcomers, policy::Policies};
use crate::{config::Config, core::Core, portal::from_network::PerformError, store::Portal};

/// All of it.
pub(crate) struct Safety {
    pub(crate) acls: Acls,
    pub(crate) foreign: Foreign,
    pub(crate) limits: Limits,
    pub(crate) newcomers: Newcomers,
    pub(crate) policies: Policies,
}

impl Safety {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            acls: Acls::default(),
            foreign: Foreign::new(&config.other_bridges),
            limits: Limits::new(&config.limits),
            newcomers: Newcomers::default(),
            policies: Policies::default(),
        }
    }

    /// Whether a policy list or the room's server ACL keeps this user out. `host` is where a
    /// remote user comes from, if their network knows hosts.
    pub(crate) async fn is_kept_out(
        &self,
        core: &Core,
        portal: &Portal,
        user: &UserId,
        host: Option<&str>,
    ) -> Result<bool, PerformError> {
        if self.policies.bans(user, host) {
            metrics::counter!("bridge_blocked_total").increment(1);
            return Ok(true);
        }
        let Some(room) = &portal.room_id else { return Ok(false) };
        let host = host.unwrap_or(user.server_name().as_str());
        if self.acls.denies(core, room, host).await? {
            metrics::counter!("bridge_blocked_total").increment(1);
            return Ok(true);
        }
        Ok(false)
    }
}
