//! The parts of a line, found but not copied.

use super::{MAX_PARAMS, ParseError};

/// Where the parts of a line are.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The tags without `@`, still escaped; empty if there are none.
    pub tags: &'a str,
    /// The source without its colon.
    pub source: Option<&'a str>,
    /// The command as the server wrote it.
    pub command: &'a str,
    params: &'a str,
}

impl<'a> Head<'a> {
    /// Takes apart a line that has no line end and no NUL in it.
    pub fn split(line: &'a str) -> Result<Self, ParseError> {
        let line = line.trim_start_matches(' ');
        let (tags, line) = match line.strip_prefix('@') {
            Some(tagged) => word(tagged),
            None => ("", line),
        };
        let (source, line) = match line.strip_prefix(':') {
            Some(sourced) => {
                let (source, rest) = word(sourced);
                (Some(source).filter(|source| !source.is_empty()), rest)
            }
            None => (None, line),
        };
        let (command, params) = word(line);
        if command.is_empty() {
            return Err(ParseError);
        }
        Ok(Self { tags, source, command, params })
    }

    /// The nick (or server name) of the source.
    pub fn nick(&self) -> Option<&'a str> {
        self.source.map(|source| source.split(['!', '@']).next().unwrap_or(source))
    }

    /// The number of a numeric reply.
    pub fn numeric(&self) -> Option<u16> {
        numeric(self.command)
    }

    /// The parameters in order.
    pub fn params(&self) -> Params<'a> {
        Params { rest: self.params, seen: 0 }
    }
}

/// Walks over the parameters of a line.
#[derive(Clone, Debug)]
pub struct Params<'a> {
    rest: &'a str,
    seen: usize,
}

impl<'a> Iterator for Params<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start_matches(' ');
        if self.rest.is_empty() || self.seen == MAX_PARAMS {
            return None;
        }
        self.seen += 1;
        if let Some(trailing) = self.rest.strip_prefix(':') {
            self.rest = "";
            return Some(trailing);
        }
        if self.seen == MAX_PARAMS {
            return Some(std::mem::take(&mut self.rest));
        }
        let (param, rest) = word(self.rest);
        self.rest = rest;
        Some(param)
    }
}

pub(super) fn numeric(command: &str) -> Option<u16> {
    let digits = command.len() == 3 && command.bytes().all(|byte| byte.is_ascii_digit());
    if digits { command.parse().ok() } else { None }
}

/// The text up to the next space, and what comes after the spaces.
fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word, rest.trim_start_matches(' '))
}
