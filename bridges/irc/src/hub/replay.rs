//! What the server plays back, and what that tells of lines that were cut off.
//!
//! InspIRCd's channel mode `+H lines:seconds` sends the last lines at a JOIN in a `chathistory`
//! batch, with the msgid and time they had. What others said while nobody read is taken up from
//! it; what we said settles rows that were being sent when a former process ended.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use bridge_core::{
    id::RemoteId,
    network::{Action, InFlight, Settlement, Token},
    ruma::OwnedUserId,
};
use tokio::sync::oneshot;

use super::{Hub, events::time_of};
use crate::{casemap::Folded, session::Arrival, to_matrix, to_network};

/// How much earlier than the start of a row its lines may lie, by the server's clock.
const MARGIN: Duration = Duration::from_secs(30);

/// Times of a server that are told in whole seconds may be later by as much.
const SECOND: i128 = 1_000;

/// A line of ours that the server played back.
#[derive(Clone, Debug)]
pub(super) struct Played {
    pub(super) user: OwnedUserId,
    pub(super) text: String,
    pub(super) msgid: Option<String>,
}

/// What a channel's mode `+H lines:time` promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct History {
    lines: usize,
    time: Duration,
}

/// What the server played back at the reader's join.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub(super) history: Option<History>,
    /// When the channel came into being, in seconds: its history is not older.
    pub(super) created: Option<u64>,
    /// How far the server's clock is ahead of ours, in milliseconds.
    pub(super) ahead: i128,
    /// Lines of ours.
    played: VecDeque<Played>,
    /// How many lines there were, of anybody.
    lines: usize,
    /// The time of the first of them, in milliseconds.
    oldest: Option<u64>,
}

impl Replay {
    /// Whether a line that was written after `since`, in milliseconds of our clock, would have
    /// been played back.
    fn covers(&self, since: u64, now: SystemTime) -> bool {
        let Some(history) = self.history else { return false };
        let age = now.duration_since(SystemTime::UNIX_EPOCH + Duration::from_millis(since));
        let since = i128::from(since) + self.ahead;
        let is_before = |told: u64| i128::from(told) + SECOND <= since;
        // A channel without anybody in it ends, and a server that is restarted knows none.
        let is_older = self.created.is_none_or(|second| is_before(second.saturating_mul(1_000)));
        let is_whole = self.lines < history.lines || self.oldest.is_some_and(is_before);
        age.unwrap_or_default() + MARGIN < history.time && is_older && is_whole
    }

    /// Takes the line of this user and text out of those that were played back.
    fn take(&mut self, user: &OwnedUserId, text: &str) -> Option<Played> {
        let is_it = |played: &Played| played.user == *user && played.text == text;
        let at = self.played.iter().position(is_it)?;
        self.played.remove(at)
    }
}

/// Where it is kept up to when a channel's lines without an id were read.
pub(super) fn scope(network: &str, channel: &str) -> String {
    format!("irc/{network}/read/{channel}")
}

impl Hub {
    /// Takes note of a line that is played back.
    pub(super) fn note_replay(&mut self, key: &Folded, arrival: &Arrival) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        channel.replay.lines += 1;
        channel.replay.oldest.get_or_insert(time_of(arrival).0);
    }

    /// Keeps a line of ours that was played back.
    pub(super) fn note_played(&mut self, key: &Folded, played: Played) {
        if let Some(channel) = self.channels.get_mut(key) {
            channel.replay.played.push_back(played);
        }
    }

    /// A line without an id: what is to be kept with it, or `None` if it is not to be taken.
    ///
    /// Where lines have no ids only their time tells those that were read before from those that
    /// were not. History has whole seconds, so what was said in the last of them is left out.
    pub(super) fn read_up_to(
        &mut self,
        key: &Folded,
        arrival: &Arrival,
        played: bool,
    ) -> Option<Vec<(String, Option<String>)>> {
        let told = arrival.message.tag("time").and_then(to_matrix::server_time);
        let Some(second) = told.map(|time| time.0 / 1_000) else {
            return (!played).then(Vec::new);
        };
        let channel = self.channels.get_mut(key)?;
        if played && channel.read_up_to.is_some_and(|before| second <= before) {
            return None;
        }
        if !played {
            channel.read_up_to = channel.read_up_to.max(Some(second));
        }
        Some(vec![(scope(&self.setup.name, key.as_str()), Some(second.to_string()))])
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
        let mut settled = Vec::new();
        for row in rows {
            let covered = channel.replay.covers(row.since.0, SystemTime::now());
            let parts = to_network::parts_of(&row.outgoing);
            let mut ids = Vec::new();
            let mut arrived = 0;
            for part in &parts {
                let user = &row.outgoing.author.user_id;
                let Some(played) = channel.replay.take(user, part) else { break };
                ids.extend(played.msgid.as_deref().map(RemoteId::from));
                arrived += 1;
            }
            let settlement = if !parts.is_empty() && arrived == parts.len() {
                Settlement::Done { ids }
            } else if covered && !parts.is_empty() {
                Settlement::NotSent { arrived }
            } else if matches!(row.outgoing.action, Action::Topic(_)) {
                Settlement::NotSent { arrived: 0 } // twice is as good as once
            } else {
                let why = "the bridge was stopped while it was sent".to_owned();
                Settlement::Uncertain { why }
            };
            settled.push((row.token, settlement));
        }
        settled
    }
}

impl History {
    /// Reads the answer to `MODE #channel`.
    pub(super) fn of_modes(params: &[String]) -> Option<Self> {
        if !params.get(2)?.contains('H') {
            return None;
        }
        params.iter().skip(3).find_map(|param| {
            let (lines, time) = param.split_once(':')?;
            let is_number = !lines.is_empty() && lines.bytes().all(|byte| byte.is_ascii_digit());
            let lines = lines.parse().ok().filter(|_| is_number)?;
            Some(Self { lines, time: Duration::from_secs(seconds(time)?) })
        })
    }
}

/// Reads `600`, `10m` or `1h30m`, as InspIRCd writes times.
fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut number: Option<u64> = None;
    for char in text.chars() {
        if let Some(digit) = char.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit))?);
            continue;
        }
        let unit = match char.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            'y' => 31_557_600,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    let total = total.checked_add(number.unwrap_or(0))?;
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_of_a_channel_is_read_from_its_modes() {
        let modes = |text: &str| {
            let params: Vec<String> = text.split(' ').map(str::to_owned).collect();
            History::of_modes(&params).map(|history| (history.lines, history.time.as_secs()))
        };
        assert_eq!(modes("me #c +HklntC 50:600 key 10"), Some((50, 600)));
        assert_eq!(modes("me #c +Hnt 50:10m"), Some((50, 600)));
        assert_eq!(modes("me #c +Hnt 5:1h30m"), Some((5, 5_400)));
        assert_eq!(modes("me #c +Hnt 5:x"), None);
        assert_eq!(modes("me #c +nt"), None);
    }

    /// A row that became `sending` 1,000 s after the epoch, and is asked about 10 s later.
    fn covers(replay: &Replay) -> bool {
        replay.covers(1_000_000, SystemTime::UNIX_EPOCH + Duration::from_secs(1_010))
    }

    #[test]
    fn a_history_tells_only_of_what_it_must_hold() {
        let history = Some(History { lines: 5, time: Duration::from_mins(10) });
        let whole = || Replay { history, created: Some(900), lines: 3, ..Replay::default() };
        assert!(covers(&whole()));
        assert!(!covers(&Replay { history: None, ..whole() }));
        let short = Some(History { lines: 5, time: Duration::from_secs(40) });
        assert!(!covers(&Replay { history: short, ..whole() }), "it may be past the time");
        assert!(!covers(&Replay { created: Some(1_000), ..whole() }), "it is another channel");
        let full = |oldest| Replay { lines: 5, oldest: Some(oldest), ..whole() };
        assert!(covers(&full(990_000)) && !covers(&full(1_002_000)), "it may be pushed out");
        let ahead = Replay { ahead: 60_000, created: Some(1_030), ..whole() };
        assert!(covers(&ahead), "the server's clock is ahead");
    }
}
