//! People who come into a channel and have not spoken yet.
//!
//! Their ghosts are made a little later, beside the lane. If too many wait, nobody is let in for
//! coming alone: a flood of names makes no accounts. Whoever speaks gets a ghost at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    core::Core,
    id::{GhostKey, LaneId, Timestamp},
    network::RemoteUser,
    patience::Patience,
    portal::{from_network::PerformError, notice},
    store::{Batch, Portal, PortalBy},
};

/// How long newcomers wait at least.
const HELD: Duration = Duration::from_secs(3);

/// How many may wait in one channel.
const MOST: usize = 50;

/// How long a flood lasts after its last newcomer.
const CALM_MS: u64 = 60_000;

/// Those who wait, by channel.
#[derive(Default)]
pub(crate) struct Newcomers {
    lanes: Mutex<HashMap<LaneId, Channel>>,
}

#[derive(Default)]
struct Channel {
    waiting: HashMap<GhostKey, RemoteUser>,
    /// There is a task that lets them in.
    has_task: bool,
    flooded_until: Option<Timestamp>,
}

/// What became of a newcomer.
#[derive(Debug, PartialEq, Eq)]
enum Admitted {
    /// They wait; the first one needs a task.
    Waits { first: bool },
    /// There is a flood, which this one began or not.
    Flood { begins: bool },
}

impl Newcomers {
    /// Somebody came in who has no ghost yet.
    pub(crate) async fn came(
        &self,
        core: &Arc<Core>,
        portal: &Portal,
        user: &RemoteUser,
    ) -> Result<(), PerformError> {
        match self.admit(portal.lane, user, core.clock.now()) {
            Admitted::Waits { first: true } => {
                tokio::spawn(let_in(core.clone(), portal.lane));
                Ok(())
            }
            Admitted::Waits { .. } => Ok(()),
            Admitted::Flood { begins } => {
                metrics::counter!("bridge_newcomers_held_total").increment(1);
                if begins { tell(core, portal).await } else { Ok(()) }
            }
        }
    }

    /// Somebody left again, or got a ghost; tells whether they had waited.
    pub(crate) fn gone(&self, lane: LaneId, user: &GhostKey) -> bool {
        let mut lanes = self.lock();
        lanes.get_mut(&lane).is_some_and(|channel| channel.waiting.remove(user).is_some())
    }

    fn admit(&self, lane: LaneId, user: &RemoteUser, now: Timestamp) -> Admitted {
        let mut lanes = self.lock();
        let channel = lanes.entry(lane).or_default();
        let calm = Timestamp(now.0 + CALM_MS);
        if channel.flooded_until.is_some_and(|until| until > now) {
            channel.flooded_until = Some(calm);
            return Admitted::Flood { begins: false };
        }
        channel.waiting.insert(user.key.clone(), user.clone());
        if channel.waiting.len() > MOST {
            channel.waiting.clear();
            channel.flooded_until = Some(calm);
            return Admitted::Flood { begins: true };
        }
        let first = !channel.has_task;
        channel.has_task = true;
        Admitted::Waits { first }
    }

    /// Those who wait; at the end of their task nobody does.
    fn take(&self, lane: LaneId) -> Vec<RemoteUser> {
        let mut lanes = self.lock();
        let Some(channel) = lanes.get_mut(&lane) else { return Vec::new() };
        let waiting: Vec<RemoteUser> = channel.waiting.values().cloned().collect();
        if waiting.is_empty() {
            channel.has_task = false;
            if channel.flooded_until.is_none() {
                lanes.remove(&lane);
            }
        }
        waiting
    }

    fn still_waits(&self, lane: LaneId, user: &GhostKey) -> bool {
        self.lock().get(&lane).is_some_and(|channel| channel.waiting.contains_key(user))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LaneId, Channel>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets those in who still wait after a while.
async fn let_in(core: Arc<Core>, lane: LaneId) {
    loop {
        tokio::time::sleep(HELD).await;
        let waiting = core.safety.newcomers.take(lane);
        if waiting.is_empty() {
            return;
        }
        for user in waiting {
            let mut patience = Patience::default();
            while core.safety.newcomers.still_waits(lane, &user.key) {
                match enter(&core, lane, &user).await {
                    Err(PerformError::Homeserver(error)) if error.is_retryable() => {
                        patience.wait(&core, &error).await;
                    }
                    Err(error) => {
                        tracing::info!(%error, "somebody who came in is not shown");
                        core.safety.newcomers.gone(lane, &user.key);
                    }
                    Ok(()) => {
                        core.safety.newcomers.gone(lane, &user.key);
                    }
                }
            }
        }
    }
}

async fn enter(core: &Core, lane: LaneId, user: &RemoteUser) -> Result<(), PerformError> {
    let Some(portal) = core.portals.find(&PortalBy::Lane(lane)).await? else { return Ok(()) };
    let ghost = core.ghosts.ensure(core, user).await?;
    core.intents.ensure_joined(core, &portal, &ghost.user_id).await
}

async fn tell(core: &Core, portal: &Portal) -> Result<(), PerformError> {
    tracing::error!(portal = %portal.key, "a flood of newcomers: they are shown when they speak");
    let text = format!(
        "Very many people come into {} at once. Until that ends, they appear here only when they \
         speak.",
        portal.key
    );
    let ops = notice::for_admins(core, portal, &text).await?;
    core.store.commit(Batch::durable(ops)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> RemoteUser {
        RemoteUser { key: format!("n/{number}").into(), name: number.to_string() }
    }

    #[test]
    fn a_flood_is_told_once_and_lets_nobody_in() {
        let newcomers = Newcomers::default();
        let lane = LaneId(1);
        let admitted: Vec<_> =
            (0..5_000).map(|n| newcomers.admit(lane, &user(n), Timestamp(n as u64 * 12))).collect();
        let begun = admitted.iter().filter(|it| **it == Admitted::Flood { begins: true });
        assert_eq!(begun.count(), 1);
        assert_eq!(newcomers.take(lane), []);
        // Another channel is not concerned.
        let other = newcomers.admit(LaneId(2), &user(0), Timestamp(60_000));
        assert_eq!(other, Admitted::Waits { first: true });
    }

    #[test]
    fn after_a_minute_of_calm_people_are_let_in_again() {
        let newcomers = Newcomers::default();
        let lane = LaneId(1);
        for n in 0..=MOST {
            newcomers.admit(lane, &user(n), Timestamp(0));
        }
        let soon = newcomers.admit(lane, &user(100), Timestamp(CALM_MS - 1));
        assert_eq!(soon, Admitted::Flood { begins: false });
        let later = newcomers.admit(lane, &user(101), Timestamp(3 * CALM_MS));
        assert!(matches!(later, Admitted::Waits { .. }));
        newcomers.gone(lane, &user(101).key);
        assert_eq!(newcomers.take(lane), []);
    }
}
