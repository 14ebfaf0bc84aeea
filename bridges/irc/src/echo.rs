//! Lines that were written and are awaited on the channel.
//!
//! A line is seen when the channel's reader sees it, or when its labelled echo comes back.
//! Without labels it is the oldest line of that puppet to that target; servers cut lines and
//! strip codes, so the text only has to begin alike.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use bridge_core::{
    id::RemoteId,
    network::{Refusal, Settlement, Token},
};

use crate::casemap::Folded;

/// Which connection of ours wrote a line, counted up from the start of the process.
pub(crate) type ConnectionId = u64;

/// How long a line is awaited. The core has settled its row before.
const AWAITED: Duration = Duration::from_secs(15);

/// What a line does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It says something.
    #[default]
    Say,
    /// It sets a topic, which is its text.
    Topic,
    /// It kicks somebody, whose folded nick is its text.
    Kick,
}

/// A row whose lines are being sent.
#[derive(Debug)]
struct Row {
    /// How many of its parts are still unseen.
    unseen: usize,
    ids: Vec<RemoteId>,
}

/// A line that was written.
#[derive(Debug)]
struct Line {
    row: Token,
    deed: Deed,
    until: Instant,
    label: Option<String>,
    text: String,
}

/// The lines that are awaited on one network.
#[derive(Debug, Default)]
pub(crate) struct Echoes {
    rows: HashMap<Token, Row>,
    lines: HashMap<(ConnectionId, Folded), VecDeque<Line>>,
}

/// What a row came to.
pub(crate) type Settled = (Token, Settlement);

/// A line that is about to be written.
#[derive(Debug)]
pub(crate) struct Expected {
    /// The row.
    pub token: Token,
    /// How many lines of the row are written from here on, this one included.
    pub left: usize,
    /// What the line does.
    pub deed: Deed,
    /// The connection that writes it.
    pub connection: ConnectionId,
    /// Where it is written to.
    pub target: Folded,
    /// Its label, if the connection has labels.
    pub label: Option<String>,
    /// What it says.
    pub text: String,
}

impl Echoes {
    /// Awaits a line. Must come before it is written.
    pub(crate) fn expect(&mut self, expected: Expected) {
        self.expect_at(expected, Instant::now());
    }

    fn expect_at(&mut self, expected: Expected, now: Instant) {
        let Expected { token, left, deed, connection, target, label, text } = expected;
        self.rows.entry(token).or_insert(Row { unseen: left, ids: Vec::new() });
        let queue = self.lines.entry((connection, target)).or_default();
        // Else a line of like text would settle one that never was seen, instead of itself.
        while let Some(overdue) = queue.pop_front_if(|line| line.until < now) {
            self.rows.remove(&overdue.row);
        }
        queue.push_back(Line { row: token, deed, until: now + AWAITED, label, text });
    }

    /// A line of this connection was seen at its target.
    ///
    /// `label` is that of an own echo. Answers the row that is complete by it.
    pub(crate) fn seen(
        &mut self,
        connection: ConnectionId,
        target: &Folded,
        label: Option<&str>,
        text: &str,
        msgid: Option<&str>,
    ) -> Option<Settled> {
        let key = (connection, target.clone());
        let queue = self.lines.get_mut(&key)?;
        let at = match label {
            Some(label) => queue.iter().position(|line| line.label.as_deref() == Some(label))?,
            None => queue
                .iter()
                .position(|line| line.deed == Deed::Say && is_alike(&line.text, text))?,
        };
        let line = queue.remove(at)?;
        if queue.is_empty() {
            self.lines.remove(&key);
        }
        let row = self.rows.get_mut(&line.row)?;
        row.unseen = row.unseen.saturating_sub(1);
        row.ids.extend(msgid.map(RemoteId::from));
        if row.unseen > 0 {
            return None;
        }
        let row = self.rows.remove(&line.row)?;
        Some((line.row, Settlement::Done { ids: row.ids }))
    }

    /// The server refused a line: that of the label, else the oldest to that target.
    pub(crate) fn refused(
        &mut self,
        connection: ConnectionId,
        target: &Folded,
        label: Option<&str>,
        refusal: Refusal,
    ) -> Option<Settled> {
        let queue = self.lines.get(&(connection, target.clone()))?;
        let row = match label {
            Some(label) => queue.iter().find(|line| line.label.as_deref() == Some(label)),
            None => queue.iter().find(|line| line.deed == Deed::Say),
        }?
        .row;
        self.forget(row).then_some((row, Settlement::Refused(refusal)))
    }

    /// The server shows that a topic was set, or that somebody was kicked.
    pub(crate) fn done(
        &mut self,
        connection: ConnectionId,
        target: &Folded,
        deed: Deed,
        text: &str,
    ) -> Option<Settled> {
        let queue = self.lines.get(&(connection, target.clone()))?;
        let row = queue.iter().find(|line| line.deed == deed && is_alike(&line.text, text))?.row;
        self.forget(row).then_some((row, Settlement::Done { ids: Vec::new() }))
    }

    /// The server refused a topic or a kick: that of the label, else the oldest that is about this
    /// channel or person.
    pub(crate) fn denied(
        &mut self,
        connection: ConnectionId,
        about: &Folded,
        label: Option<&str>,
        refusal: Refusal,
    ) -> Option<Settled> {
        let fits = |target: &Folded, line: &Line| match (label, line.deed) {
            (_, Deed::Say) => false,
            (Some(label), _) => line.label.as_deref() == Some(label),
            (None, deed) => target == about || deed == Deed::Kick && line.text == about.as_str(),
        };
        let row = self
            .lines
            .iter()
            .filter(|((owner, _), _)| *owner == connection)
            .flat_map(|((_, target), queue)| queue.iter().filter(|line| fits(target, line)))
            .map(|line| line.row)
            .min_by_key(|row| row.seq)?;
        self.forget(row).then_some((row, Settlement::Refused(refusal)))
    }

    /// A connection ended. Lines that nobody saw may or may not have arrived; a topic is set again.
    pub(crate) fn lost(&mut self, connection: ConnectionId, why: &str) -> Vec<Settled> {
        let mut rows: Vec<(Token, Deed)> = self
            .lines
            .iter()
            .filter(|((owner, _), _)| *owner == connection)
            .flat_map(|(_, queue)| queue.iter().map(|line| (line.row, line.deed)))
            .collect();
        rows.sort_unstable_by_key(|(row, _)| row.seq);
        rows.dedup();
        rows.retain(|(row, _)| self.forget(*row));
        let settle = |(row, deed)| match deed {
            Deed::Topic => (row, Settlement::NotSent { arrived: 0 }),
            Deed::Say | Deed::Kick => (row, Settlement::Uncertain { why: why.to_owned() }),
        };
        rows.into_iter().map(settle).collect()
    }

    /// Stops waiting for a row; `false` if it is not awaited.
    pub(crate) fn forget(&mut self, row: Token) -> bool {
        let known = self.rows.remove(&row).is_some();
        self.lines.retain(|_, queue| {
            queue.retain(|line| line.row != row);
            !queue.is_empty()
        });
        known
    }
}

/// Whether what was seen can be what was written: servers cut the end, and strip codes.
fn is_alike(written: &str, seen: &str) -> bool {
    if written == seen {
        return true;
    }
    let (written, seen) = (crate::format::strip(written), crate::format::strip(seen));
    !seen.is_empty() && written.starts_with(seen.trim_end_matches('\u{fffd}'))
}

#[cfg(test)]
mod tests {
    use bridge_core::id::{LaneId, Seq};

    use super::*;
    use crate::casemap::CaseMapping;

    fn token(seq: i64) -> Token {
        Token { lane: LaneId(1), seq: Seq(seq) }
    }

    fn channel() -> Folded {
        CaseMapping::Rfc1459.fold("#chan")
    }

    fn expect(echoes: &mut Echoes, seq: i64, texts: &[(Option<&str>, &str)]) {
        for (at, (label, text)) in texts.iter().enumerate() {
            echoes.expect(Expected {
                token: token(seq),
                left: texts.len() - at,
                deed: Deed::Say,
                connection: 1,
                target: channel(),
                label: label.map(str::to_owned),
                text: (*text).to_owned(),
            });
        }
    }

    fn done(seq: i64, ids: &[&str]) -> Settled {
        let ids = ids.iter().map(|id| RemoteId::from(*id)).collect();
        (token(seq), Settlement::Done { ids })
    }

    #[test]
    fn lines_alike_are_seen_in_order() {
        let mut echoes = Echoes::default();
        expect(&mut echoes, 1, &[(None, "hi")]);
        expect(&mut echoes, 2, &[(None, "hi")]);
        assert_eq!(echoes.seen(1, &channel(), None, "hi", Some("a")), Some(done(1, &["a"])));
        assert_eq!(echoes.seen(1, &channel(), None, "hi", Some("b")), Some(done(2, &["b"])));
        assert_eq!(echoes.seen(1, &channel(), None, "hi", None), None);
    }

    #[test]
    fn a_line_that_the_server_cut_is_recognised() {
        let mut echoes = Echoes::default();
        expect(&mut echoes, 1, &[(None, "\u{2}a long\u{2} line")]);
        assert_eq!(echoes.seen(1, &channel(), None, "a lon", None), Some(done(1, &[])));
    }

    #[test]
    fn a_row_of_several_lines_is_done_with_the_last() {
        let mut echoes = Echoes::default();
        expect(&mut echoes, 1, &[(None, "one"), (None, "two")]);
        assert_eq!(echoes.seen(1, &channel(), None, "one", Some("a")), None);
        assert_eq!(echoes.seen(1, &channel(), None, "two", Some("b")), Some(done(1, &["a", "b"])));
    }

    #[test]
    fn a_refusal_meets_the_labelled_line() {
        let mut echoes = Echoes::default();
        expect(&mut echoes, 1, &[(Some("L1"), "one")]);
        expect(&mut echoes, 2, &[(Some("L2"), "two")]);
        let refusal = Refusal { why: "404".to_owned(), text: "no".to_owned() };
        let settled = echoes.refused(1, &channel(), Some("L2"), refusal.clone());
        assert_eq!(settled, Some((token(2), Settlement::Refused(refusal))));
        assert_eq!(echoes.seen(1, &channel(), Some("L1"), "one", None), Some(done(1, &[])));
    }

    fn expect_deed(echoes: &mut Echoes, seq: i64, deed: Deed, label: Option<&str>, text: &str) {
        echoes.expect(Expected {
            token: token(seq),
            left: 1,
            deed,
            connection: 1,
            target: channel(),
            label: label.map(str::to_owned),
            text: text.to_owned(),
        });
    }

    #[test]
    fn topics_and_kicks_are_told_from_speech() {
        let mut echoes = Echoes::default();
        expect(&mut echoes, 1, &[(None, "news")]);
        expect_deed(&mut echoes, 2, Deed::Topic, None, "news");
        assert_eq!(echoes.done(1, &channel(), Deed::Topic, "news"), Some(done(2, &[])));
        expect_deed(&mut echoes, 3, Deed::Topic, None, "said");
        assert_eq!(echoes.seen(1, &channel(), None, "said", None), None);
        assert_eq!(echoes.seen(1, &channel(), None, "news", None), Some(done(1, &[])));
        let lost = echoes.lost(1, "reset");
        assert_eq!(lost, [(token(3), Settlement::NotSent { arrived: 0 })]);
    }

    #[test]
    fn a_refused_kick_is_found_by_label_channel_or_nick() {
        let refusal = Refusal { why: "482".to_owned(), text: "no".to_owned() };
        let nick = CaseMapping::Rfc1459.fold("Bob");
        for (about, label) in [(&nick, Some("L1")), (&channel(), None), (&nick, None)] {
            let mut echoes = Echoes::default();
            expect(&mut echoes, 1, &[(None, "hi")]);
            expect_deed(&mut echoes, 2, Deed::Kick, Some("L1"), "bob");
            let denied = echoes.denied(1, about, label, refusal.clone());
            assert_eq!(denied, Some((token(2), Settlement::Refused(refusal.clone()))));
        }
    }

    #[test]
    fn what_a_lost_connection_wrote_is_uncertain() {
        let mut echoes = Echoes::default();
        expect(&mut echoes, 1, &[(None, "one")]);
        let lost = echoes.lost(1, "reset");
        assert_eq!(lost, [(token(1), Settlement::Uncertain { why: "reset".to_owned() })]);
        assert!(echoes.lost(1, "reset").is_empty());
    }

    #[test]
    fn a_line_that_was_never_seen_does_not_take_the_place_of_a_later_one() {
        let mut echoes = Echoes::default();
        let line = |seq| Expected {
            token: token(seq),
            left: 1,
            deed: Deed::Say,
            connection: 1,
            target: channel(),
            label: None,
            text: "hi".to_owned(),
        };
        let start = Instant::now();
        echoes.expect_at(line(1), start);
        echoes.expect_at(line(2), start + AWAITED + Duration::from_secs(1));
        assert_eq!(echoes.seen(1, &channel(), None, "hi", Some("b")), Some(done(2, &["b"])));
        assert!(echoes.rows.is_empty() && echoes.lines.is_empty());
    }
}
