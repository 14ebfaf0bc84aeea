//! A channel: its members, its last lines, and what waits in it.

use std::{
    collections::VecDeque,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::client::Client;
use crate::stub::ledger::Ledger;

/// How many lines a channel plays back.
pub(super) const HISTORY: usize = 20_000;

/// For how many seconds it does.
pub(super) const HISTORY_SECONDS: u64 = 3_600;

/// A channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: String,
    with_history: bool,
    inside: Mutex<Inside>,
}

/// What changes.
#[derive(Debug, Default)]
pub(super) struct Inside {
    pub(super) members: Vec<Arc<Client>>,
    /// Lines wait, and are passed on one by one.
    pub(super) paced: bool,
    pub(super) waiting: VecDeque<Waiting>,
    /// Tags and line, for those who understand tags.
    history: VecDeque<(String, String)>,
    lines: u64,
}

/// A line that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    mask: String,
    text: String,
    by: u64,
}

impl Channel {
    pub(super) fn new(name: &str, with_history: bool) -> Self {
        Self { name: name.to_owned(), with_history, inside: Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A member's line arrives: it counts, and is passed on to the others, or waits.
    pub(super) fn take(&self, client: &Client, text: &str, ledger: &Ledger) {
        let mut inside = self.lock();
        if inside.paced {
            let mask = client.mask();
            inside.waiting.push_back(Waiting { mask, text: text.to_owned(), by: client.id });
            return;
        }
        ledger.note(text);
        self.pass(&mut inside, &client.mask(), text, Some(client.id));
    }

    /// Passes on the first of the lines that wait; `false` if there is none.
    pub(super) fn pass_one(&self, ledger: &Ledger) -> bool {
        let mut inside = self.lock();
        let Some(line) = inside.waiting.pop_front() else { return false };
        ledger.note(&line.text);
        self.pass(&mut inside, &line.mask, &line.text, Some(line.by));
        true
    }

    /// Passes a line on to all members but `by`.
    pub(super) fn say(&self, mask: &str, text: &str, by: Option<u64>) {
        self.pass(&mut self.lock(), mask, text, by);
    }

    fn pass(&self, inside: &mut Inside, mask: &str, text: &str, by: Option<u64>) {
        inside.lines += 1;
        let mut line = String::with_capacity(mask.len() + self.name.len() + text.len() + 16);
        // Writing to a string does not fail.
        let _ = write!(line, ":{mask} PRIVMSG {} :{text}\r\n", self.name);
        let tags = if self.with_history {
            let msgid = format!("{}-{}", self.name.trim_start_matches('#'), inside.lines);
            let tags = format!("time={};msgid={msgid}", server_time());
            if inside.history.len() == HISTORY {
                inside.history.pop_front();
            }
            inside.history.push_back((tags.clone(), line.clone()));
            tags
        } else {
            String::new()
        };
        for member in inside.members.iter().filter(|member| Some(member.id) != by) {
            member.write_tagged(&tags, &line);
        }
    }

    /// Lets a client in, tells the others, and plays back what was said.
    pub(super) fn enter(&self, client: &Arc<Client>, batch: u64) {
        let mut inside = self.lock();
        if inside.members.iter().any(|member| member.id == client.id) {
            return;
        }
        inside.members.push(client.clone());
        let joined = format!(":{} JOIN {}\r\n", client.mask(), self.name);
        for member in &inside.members {
            member.write(&joined);
        }
        let mut text = String::new();
        let nick = client.nick();
        for names in inside.members.chunks(20) {
            let names: Vec<String> = names.iter().map(|member| member.nick()).collect();
            let _ = write!(text, ":stub 353 {nick} = {} :{}\r\n", self.name, names.join(" "));
        }
        let _ = write!(text, ":stub 366 {nick} {} :End of names\r\n", self.name);
        if self.with_history && client.has_tags() {
            let _ = write!(text, ":stub BATCH +{batch} chathistory {}\r\n", self.name);
            for (tags, line) in &inside.history {
                let _ = write!(text, "@batch={batch};{tags} {line}");
            }
            let _ = write!(text, ":stub BATCH -{batch}\r\n");
        }
        client.write(&text);
    }

    /// Lets a client out.
    pub(super) fn leave(&self, client: &Client, told: &str) {
        let mut inside = self.lock();
        let before = inside.members.len();
        inside.members.retain(|member| member.id != client.id);
        if inside.members.len() < before {
            for member in &inside.members {
                member.write(told);
            }
        }
    }

    /// The answer to `MODE #channel`.
    pub(super) fn modes(&self, nick: &str) -> String {
        let modes = if self.with_history {
            format!("+Hnt {HISTORY}:{HISTORY_SECONDS}")
        } else {
            "+nt".to_owned()
        };
        format!(":stub 324 {nick} {} {modes}\r\n", self.name)
    }
}

/// The time as `server-time` has it.
fn server_time() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let day = Duration::from_hours(24).as_secs();
    let (days, rest) = (now.as_secs() / day, now.as_secs() % day);
    let (year, month, date) = civil(i64::try_from(days).unwrap_or_default());
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    let millis = now.subsec_millis();
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Year, month and day of the day so many days after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let mut year = 1970;
    let mut left = days;
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while left >= 365 + i64::from(leap(year)) {
        left -= 365 + i64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn days_are_dates() {
        assert_eq!(super::civil(0), (1970, 1, 1));
        assert_eq!(super::civil(11_016), (2000, 2, 29));
        assert_eq!(super::civil(20_453), (2025, 12, 31));
    }
}
