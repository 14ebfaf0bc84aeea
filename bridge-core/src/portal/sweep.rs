//! Looks at quiet rooms for events that the homeserver did not send.
//!
//! A room in which somebody speaks is looked at by its lane, before what is said goes on. In the
//! others nothing says that something is missing, so all of them are visited after a start and
//! after each outage of the homeserver, the most recently used first. There is no hurry: it begins
//! once the bridge is ready, and few rooms are read at a time.

use std::{sync::Arc, time::Duration};

use crate::{
    core::Core,
    store::{PortalKind, StoreError},
};

/// How long to wait between two rooms.
const PACE: Duration = Duration::from_millis(100);

/// How often to look whether a new epoch has begun.
const LOOK: Duration = Duration::from_secs(1);

/// How long to wait for a bridge that does not get ready, such as one whose network is away.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Sweeps once each epoch, for ever.
pub(crate) async fn run(core: &Arc<Core>) {
    let mut swept = String::new();
    loop {
        let epoch = core.epoch();
        if swept != epoch && core.homeserver.link().borrow().is_up() {
            until_ready(core).await;
            match sweep(core, &epoch).await {
                Ok(true) => swept = epoch,
                Ok(false) => {} // the homeserver went away again
                Err(error) => tracing::warn!(%error, "quiet rooms are not looked at"),
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn until_ready(core: &Core) {
    let ready = async {
        while !core.health.readiness().ready {
            tokio::time::sleep(LOOK).await;
        }
    };
    // A bridge that is not ready for a reason of its own still takes what Matrix says.
    drop(tokio::time::timeout(READY_LIMIT, ready).await);
}

/// Has every lane look at its room; `false` if a new epoch began meanwhile.
async fn sweep(core: &Arc<Core>, epoch: &str) -> Result<bool, StoreError> {
    let portals = core.store.portals("").await?;
    let rooms = portals
        .into_iter()
        .filter(|portal| portal.room_id.is_some() && portal.kind != PortalKind::Unlinked);
    for portal in rooms {
        if core.epoch() != epoch {
            return Ok(false);
        }
        core.dispatch.sweep(portal.lane);
        tokio::time::sleep(PACE).await;
    }
    tracing::debug!("looked at all rooms for what the homeserver did not send");
    Ok(true)
}
