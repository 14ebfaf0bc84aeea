//! What the server plays back, and what that tells of lines that were cut off.
//!
//! InspIRCd's channel mode `+H lines:seconds` sends the last lines at a JOIN in a `chathistory`
//! batch, with the msgid and time they had. What others said while nobody read is taken up from
//! it; what we said settles rows that were being sent when a former process ended.

use std::time::{Duration, SystemTime};

use bridge_core::{
    id::RemoteId,
    network::{InFlight, Settlement, Token},
};
use tokio::sync::oneshot;

use super::{Hub, channel::Played};
use crate::{casemap::Folded, to_network};

/// How much earlier than the start of a row its lines may lie, by the server's clock.
const MARGIN: Duration = Duration::from_secs(30);

impl Hub {
    /// Keeps a line of ours that was played back.
    pub(super) fn note_played(&mut self, key: &Folded, played: Played) {
        if let Some(channel) = self.channels.get_mut(key) {
            channel.played.push_back(played);
        }
    }

    /// Answers once the channel's reader has heard all that the server plays back.
    pub(super) fn reconcile(
        &mut self,
        key: &Folded,
        rows: Vec<InFlight>,
        answer: oneshot::Sender<Vec<(Token, Settlement)>>,
    ) {
        let key = self.ensure_channel(key.as_str());
        match self.channels.get_mut(&key) {
            Some(channel) if !channel.told => channel.askers.push((rows, answer)),
            _ => drop(answer.send(self.settle_by_history(&key, rows))),
        }
    }

    /// Compares rows with what was played back. Without a history nobody can tell.
    pub(super) fn settle_by_history(
        &mut self,
        key: &Folded,
        rows: Vec<InFlight>,
    ) -> Vec<(Token, Settlement)> {
        let Some(channel) = self.channels.get_mut(key) else { return Vec::new() };
        let window = channel.history.map(Duration::from_secs);
        let mut settled = Vec::new();
        for row in rows {
            let why = "the bridge was stopped while it was sent".to_owned();
            let since = SystemTime::UNIX_EPOCH + Duration::from_millis(row.since.0);
            let age = SystemTime::now().duration_since(since).unwrap_or_default();
            let covered = window.is_some_and(|window| age + MARGIN < window);
            let parts = to_network::parts_of(&row.outgoing);
            let mut ids = Vec::new();
            let mut arrived = 0;
            for part in &parts {
                let user = &row.outgoing.author.user_id;
                let at = channel
                    .played
                    .iter()
                    .position(|played| played.user == *user && played.text == *part);
                let Some(played) = at.and_then(|at| channel.played.remove(at)) else { break };
                ids.extend(played.msgid.as_deref().map(RemoteId::from));
                arrived += 1;
            }
            let settlement = if !parts.is_empty() && arrived == parts.len() {
                Settlement::Done { ids }
            } else if covered && !parts.is_empty() {
                Settlement::NotSent { arrived }
            } else {
                Settlement::Uncertain { why }
            };
            settled.push((row.token, settlement));
        }
        settled
    }
}
