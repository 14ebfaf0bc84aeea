//! Ghosts of other bridges in our rooms, and bridges that carry the same channel.
//!
//! Events of this family of bridges carry a marker, and the name of their bridge; others are known
//! by the patterns of the configuration. What another bridge brings from a channel that is ours as
//! well came from us, or will come: it is not carried a second time, or the two would go on for
//! ever.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use ruma::{EventId, OwnedEventId, UserId};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::policy::matches;
use crate::{
    config::{OtherBridges, OtherGhosts},
    core::Core,
    id::LaneId,
    inbox::Head,
    portal::{from_network::PerformError, notice},
    store::{Batch, Op, Portal},
};

/// The key of event content under which the name of the bridge stands.
pub(crate) const BRIDGE_KEY: &str = "io.bridgework.bridge";

/// How long what was said is remembered: longer than a message takes to go round.
const REMEMBERED: Duration = Duration::from_mins(2);
const MOST: usize = 20_000;

/// What is known of other bridges.
pub(crate) struct Foreign {
    policy: OtherGhosts,
    users: Vec<String>,
    /// Who said what in which portal of late, by a hash, and under which names.
    said: Mutex<HashMap<Words, Vec<Said>>>,
}

/// The hash of a text in a portal.
type Words = (LaneId, [u8; 16]);

struct Said {
    name: String,
    /// The event that said it, if it was one of another bridge.
    event_id: Option<OwnedEventId>,
    at: Instant,
}

impl Said {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < REMEMBERED
    }
}

/// What becomes of an event of another bridge.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It comes from no other bridge, or is to be treated like any.
    Carry,
    /// The bot says it.
    Relay,
    /// It is left out.
    Block,
    /// It has been round once: the bridge of this name carries the same channel.
    Loop(String),
}

impl Foreign {
    pub(crate) fn new(config: &OtherBridges) -> Self {
        Self { policy: config.ghosts, users: config.users.clone(), said: Mutex::default() }
    }

    /// Whether a user is the ghost of another bridge, by the patterns of the configuration.
    pub(crate) fn is_listed(&self, user: &UserId) -> bool {
        self.users.iter().any(|pattern| matches(pattern, user.as_str()))
    }

    /// What to do with those who come in, as far as their ids tell.
    pub(crate) fn of_member(&self, user: &UserId) -> Verdict {
        if self.is_listed(user) { self.by_policy() } else { Verdict::Carry }
    }

    fn by_policy(&self) -> Verdict {
        match self.policy {
            OtherGhosts::Allow => Verdict::Carry,
            OtherGhosts::Relay => Verdict::Relay,
            OtherGhosts::Block => Verdict::Block,
        }
    }

    /// What to do with an event that says `text` under `name`. What is carried is remembered.
    pub(crate) fn of_event(
        &self,
        lane: LaneId,
        head: &Head<'_>,
        name: &str,
        text: &str,
    ) -> Verdict {
        let bridge = bridge_of(head);
        if bridge.is_none() && !self.is_listed(&head.sender) {
            return Verdict::Carry;
        }
        if !text.is_empty() && self.was_said(lane, head, name, text) {
            let bridge = bridge.filter(|bridge| !bridge.is_empty());
            return Verdict::Loop(bridge.unwrap_or_else(|| head.sender.to_string()));
        }
        self.keep(lane, name, text, Some(&head.event_id));
        self.by_policy()
    }

    /// Remembers what the network said.
    pub(crate) fn remember(&self, lane: LaneId, name: &str, text: &str) {
        self.keep(lane, name, text, None);
    }

    fn keep(&self, lane: LaneId, name: &str, text: &str, event_id: Option<&EventId>) {
        if text.is_empty() {
            return;
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= MOST {
            said.retain(|_, names| names.iter().any(Said::is_fresh));
        }
        if said.len() >= MOST {
            return; // more than can be told apart is said at once
        }
        let names = said.entry((lane, digest(text))).or_default();
        names.retain(Said::is_fresh);
        if names.len() < 16 {
            let event_id = event_id.map(ToOwned::to_owned);
            names.push(Said { name: name.to_owned(), event_id, at: Instant::now() });
        }
    }

    /// Whether the same was said under the same name of late, or under what bridges make of it.
    fn was_said(&self, lane: LaneId, head: &Head<'_>, name: &str, text: &str) -> bool {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(names) = said.get(&(lane, digest(text))) else { return false };
        // The event itself may be looked at more than once.
        names
            .iter()
            .filter(|said| said.is_fresh() && said.event_id.as_ref() != Some(&head.event_id))
            .any(|said| is_form_of(name, &said.name) || is_form_of(&said.name, name))
    }
}

/// Whether a bridge may have made `long` of the name `short`, as `bob[m]` of `bob`.
fn is_form_of(long: &str, short: &str) -> bool {
    let (long, short) = (long.to_lowercase(), short.to_lowercase());
    !short.is_empty()
        && long.strip_prefix(&*short).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// The name of the bridge that sent an event, if one of this family did; it may be empty.
fn bridge_of(head: &Head<'_>) -> Option<String> {
    #[derive(Deserialize)]
    struct Content {
        #[serde(rename = "io.bridgework.marker")]
        _marker: String,
        #[serde(default, rename = "io.bridgework.bridge")]
        bridge: String,
    }
    serde_json::from_str::<Content>(head.content.get()).ok().map(|content| content.bridge)
}

fn digest(text: &str) -> [u8; 16] {
    let words: Vec<&str> = text.split_whitespace().collect();
    let digest = Sha256::digest(words.join(" "));
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

/// Tells the admins once that another bridge carries the same channel.
pub(crate) async fn tell_loop(
    core: &Core,
    portal: &Portal,
    bridge: &str,
) -> Result<(), PerformError> {
    metrics::counter!("bridge_loops_total").increment(1);
    let scope = format!("core/loop/{}/{bridge}", portal.lane.0);
    if core.store.cursor(&scope).await?.is_some() {
        return Ok(());
    }
    tracing::error!(
        bridge, portal = %portal.key,
        "another bridge carries the same channel into the same room: unlink one of the two"
    );
    let text = format!(
        "The bridge {bridge} carries {} into this room as well. What it brings is not carried a \
         second time; unlink one of the two.",
        portal.key
    );
    let mut ops = notice::for_admins(core, portal, &text).await?;
    ops.push(Op::Cursor { scope, value: Some(core.clock.now().0.to_string()) });
    core.store.commit(Batch::durable(ops)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, marked: bool) -> String {
        let marker = if marked {
            r#","io.bridgework.marker":"x","io.bridgework.bridge":"irc2""#
        } else {
            ""
        };
        format!(
            r#"{{"event_id":"${id}","room_id":"!r:s","type":"m.room.message","sender":"@_two_bob:s",
                 "content":{{"msgtype":"m.text","body":"hi"{marker}}}}}"#
        )
    }

    fn verdict(foreign: &Foreign, marked: bool, name: &str) -> Verdict {
        let event = event(name, marked);
        foreign.of_event(LaneId(1), &Head::parse_str(&event).unwrap(), name, "hi")
    }

    fn foreign(policy: OtherGhosts, users: &[&str]) -> Foreign {
        let users = users.iter().map(|user| (*user).to_owned()).collect();
        Foreign::new(&OtherBridges { ghosts: policy, users })
    }

    #[test]
    fn ghosts_of_others_are_treated_as_configured() {
        for (policy, expected) in [
            (OtherGhosts::Allow, Verdict::Carry),
            (OtherGhosts::Relay, Verdict::Relay),
            (OtherGhosts::Block, Verdict::Block),
        ] {
            assert_eq!(verdict(&foreign(policy, &[]), true, "bob"), expected);
            assert_eq!(verdict(&foreign(policy, &["@_two_*:s"]), false, "bob"), expected);
            assert_eq!(verdict(&foreign(policy, &[]), false, "bob"), Verdict::Carry);
        }
    }

    #[test]
    fn what_comes_round_is_found_by_text_and_name_and_its_bridge_is_named() {
        let foreign = foreign(OtherGhosts::Allow, &[]);
        foreign.remember(LaneId(1), "bob", "hi");
        assert_eq!(verdict(&foreign, true, "bob"), Verdict::Loop("irc2".into()));
        assert_eq!(verdict(&foreign, true, "bob[m]"), Verdict::Loop("irc2".into()));
        assert_eq!(verdict(&foreign, true, "bobby"), Verdict::Carry);
        assert_eq!(verdict(&foreign, false, "bob"), Verdict::Carry);
    }

    #[test]
    fn what_was_carried_for_another_bridge_does_not_come_back_by_it() {
        let foreign = foreign(OtherGhosts::Allow, &[]);
        assert_eq!(verdict(&foreign, true, "ann"), Verdict::Carry);
        assert_eq!(verdict(&foreign, true, "ann[m]"), Verdict::Loop("irc2".into()));
    }
}
