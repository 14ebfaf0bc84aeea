//! Lines that were written and are awaited on the channel.
//!
//! A line is seen when the channel's reader sees it, or when its labelled echo comes back.
//! Without labels it is the oldest line of that puppet to that target; servers cut lines and
//! strip codes, so the text only has to begin alike.

use std::collections::{HashMap, VecDeque};

use bridge_core::{
    id::RemoteId,
    network::{Refusal, Settlement, Token},
};

use crate::casemap::Folded;

/// Which connection of ours wrote a line, counted up from the start of the process.
pub type ConnectionId = u64;

/// A row whose lines are being sent.
#[derive(Debug)]
struct Row {
    token: Token,
    /// How many of its parts are still unseen.
    unseen: usize,
    /// How many parts were there before and after.
    arrived: usize,
    ids: Vec<RemoteId>,
}

/// A line that was written.
#[derive(Debug)]
struct Line {
    row: usize,
    label: Option<String>,
    text: String,
}

/// The lines that are awaited on one network.
#[derive(Debug, Default)]
pub struct Echoes {
    rows: HashMap<usize, Row>,
    next_row: usize,
    lines: HashMap<(ConnectionId, Folded), VecDeque<Line>>,
}

/// What a row came to.
pub type Settled = (Token, Settlement);

/// The lines of a row that is about to be written.
#[derive(Debug)]
pub struct Expected {
    /// The row.
    pub token: Token,
    /// The connection that writes it.
    pub connection: ConnectionId,
    /// Where it is written to.
    pub target: Folded,
    /// The texts, in order, each with its label if the connection has labels.
    pub lines: Vec<(Option<String>, String)>,
    /// How many parts of the row had arrived before.
    pub arrived: usize,
}

impl Echoes {
    /// Awaits the lines of a row. Must come before they are written.
    pub fn expect(&mut self, expected: Expected) {
        let Expected { token, connection, target, lines, arrived } = expected;
        if lines.is_empty() {
            return;
        }
        let row = self.next_row;
        self.next_row += 1;
        self.rows.insert(row, Row { token, unseen: lines.len(), arrived, ids: Vec::new() });
        let queue = self.lines.entry((connection, target)).or_default();
        queue.extend(lines.into_iter().map(|(label, text)| Line { row, label, text }));
    }

    /// A line of this connection was seen at its target.
    ///
    /// `label` is that of an own echo. Answers the row that is complete by it.
    pub fn seen(
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
            None => queue.iter().position(|line| is_alike(&line.text, text))?,
        };
        let line = queue.remove(at)?;
        if queue.is_empty() {
            self.lines.remove(&key);
        }
        let row = self.rows.get_mut(&line.row)?;
        row.unseen -= 1;
        row.arrived += 1;
        row.ids.extend(msgid.map(RemoteId::from));
        if row.unseen > 0 {
            return None;
        }
        let row = self.rows.remove(&line.row)?;
        Some((row.token, Settlement::Done { ids: row.ids }))
    }

    /// The server refused a line: that of the label, else the oldest to that target.
    pub fn refused(
        &mut self,
        connection: ConnectionId,
        target: &Folded,
        label: Option<&str>,
        refusal: Refusal,
    ) -> Option<Settled> {
        let queue = self.lines.get(&(connection, target.clone()))?;
        let row = match label {
            Some(label) => queue.iter().find(|line| line.label.as_deref() == Some(label)),
            None => queue.front(),
        }?
        .row;
        self.take(row).map(|row| (row.token, Settlement::Refused(refusal)))
    }

    /// A connection ended. Lines that nobody saw may or may not have arrived.
    pub fn lost(&mut self, connection: ConnectionId, why: &str) -> Vec<Settled> {
        let mut rows: Vec<usize> = self
            .lines
            .iter()
            .filter(|((owner, _), _)| *owner == connection)
            .flat_map(|(_, queue)| queue.iter().map(|line| line.row))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let uncertain = |row: Row| (row.token, Settlement::Uncertain { why: why.to_owned() });
        rows.into_iter().filter_map(|row| self.take(row)).map(uncertain).collect()
    }

    /// Stops waiting for a row.
    pub fn forget(&mut self, token: Token) {
        let row = self.rows.iter().find(|(_, row)| row.token == token).map(|(at, _)| *at);
        if let Some(row) = row {
            self.take(row);
        }
    }

    fn take(&mut self, row: usize) -> Option<Row> {
        let taken = self.rows.remove(&row)?;
        self.lines.retain(|_, queue| {
            queue.retain(|line| line.row != row);
            !queue.is_empty()
        });
        Some(taken)
    }
}

/// Whether what was seen can be what was written: servers cut the end, and strip codes.
fn is_alike(written: &str, seen: &str) -> bool {
    if written == seen {
        return true;
    }
    let plain = |text: &str| crate::format::strip(text);
    let (written, seen) = (plain(written), plain(seen));
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
        let own = |(label, text): &(Option<&str>, &str)| {
            (label.map(str::to_owned), (*text).to_owned())
        };
        echoes.expect(Expected {
            token: token(seq),
            connection: 1,
            target: channel(),
            lines: texts.iter().map(own).collect(),
            arrived: 0,
        });
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

    #[test]
    fn what_a_lost_connection_wrote_is_uncertain() {
        let mut echoes = Echoes::default();
        expect(&mut echoes, 1, &[(None, "one")]);
        let lost = echoes.lost(1, "reset");
        assert_eq!(lost, [(token(1), Settlement::Uncertain { why: "reset".to_owned() })]);
        assert!(echoes.lost(1, "reset").is_empty());
    }
}
