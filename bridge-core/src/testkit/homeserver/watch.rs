//! Reading what was accepted, and waiting for it.

use std::{fmt, sync::Arc, time::Duration};

use ruma::RoomId;

use super::{Event, TestHomeserver, push::Attempt};

/// What was waited for did not come in time.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not seen within {within:?}; there were {} events, the last ones:{}", log.len(), Tail(log))]
pub struct NotSeen {
    /// How long the wait was.
    pub within: Duration,
    /// What there is instead.
    pub log: Vec<Arc<Event>>,
}

impl TestHomeserver {
    /// All events of a room in the order in which they were accepted; none if there is no room.
    pub fn log(&self, room_id: &RoomId) -> Vec<Arc<Event>> {
        self.world.find_room(room_id).map(|room| room.lock().events.clone()).unwrap_or_default()
    }

    /// Waits until some event of a room, past or to come, is the one that is wanted.
    ///
    /// # Errors
    /// If there is none within `within`.
    pub async fn wait_for(
        &self,
        room_id: &RoomId,
        within: Duration,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Arc<Event>, NotSeen> {
        let mut looked_at = 0;
        self.watch(room_id, within, |log| {
            // What is redacted changes; all else is looked at once, since logs grow long.
            if log[looked_at..].iter().any(|event| event.redacts.is_some()) {
                looked_at = 0;
            }
            let found = log[looked_at..].iter().find(|event| wanted(event)).cloned();
            looked_at = log.len();
            found
        })
        .await
    }

    /// Waits until the events of a room are as wanted, and returns them.
    ///
    /// # Errors
    /// If they are not within `within`.
    pub async fn wait_until(
        &self,
        room_id: &RoomId,
        within: Duration,
        wanted: impl Fn(&[Arc<Event>]) -> bool,
    ) -> Result<Vec<Arc<Event>>, NotSeen> {
        self.watch(room_id, within, |log| wanted(log).then(|| log.to_vec())).await
    }

    /// Looks at a room whenever it has grown, until there is a result.
    async fn watch<T>(
        &self,
        room_id: &RoomId,
        within: Duration,
        mut look: impl FnMut(&[Arc<Event>]) -> Option<T>,
    ) -> Result<T, NotSeen> {
        let not_seen = || NotSeen { within, log: self.log(room_id) };
        let room = self.world.find_room(room_id).ok_or_else(not_seen)?;
        let wait = async {
            let mut length = room.length();
            loop {
                length.mark_unchanged();
                let found = look(&room.lock().events);
                if let Some(found) = found {
                    return found;
                }
                // The sender is the room's, which we hold.
                let _ = length.changed().await;
            }
        };
        tokio::time::timeout(within, wait).await.map_err(|_| not_seen())
    }

    /// Every try of a transaction to a service, in order.
    pub fn attempts(&self, appservice_id: &str) -> Vec<Attempt> {
        self.world.service(appservice_id).map(|it| it.pusher.attempts()).unwrap_or_default()
    }

    /// Waits until a service has taken all that there was for it.
    ///
    /// # Errors
    /// If it has not within `within`.
    pub async fn wait_idle(&self, appservice_id: &str, within: Duration) -> Result<(), NotSeen> {
        let Some(service) = self.world.service(appservice_id) else { return Ok(()) };
        let idle = tokio::time::timeout(within, service.pusher.idle()).await;
        idle.map_err(|_| NotSeen { within, log: Vec::new() })
    }
}

/// The last events of a log, one a line.
struct Tail<'a>(&'a [Arc<Event>]);

impl fmt::Display for Tail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for event in self.0.iter().rev().take(10).rev() {
            let Event { sender, kind, content, .. } = &**event;
            write!(f, "\n  {sender} {kind} {content}")?;
        }
        Ok(())
    }
}
