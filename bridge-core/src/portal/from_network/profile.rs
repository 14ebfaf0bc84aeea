//! Names and pictures of remote users and channels.

use super::PerformError;
use crate::{core::Core, network::RemoteUser};

/// Brings a ghost's name up to date. A user who never spoke gets no ghost for it.
pub(super) async fn of_user(core: &Core, user: &RemoteUser) -> Result<(), PerformError> {
    if core.ghosts.find(&user.key).await?.is_none() {
        return Ok(());
    }
    core.ghosts.ensure(core, user).await?;
    Ok(())
}
