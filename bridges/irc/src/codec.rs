//! Bytes from the server, cut into lines in bounded memory.
//!
//! A line is `[@tags SP] rest CRLF`. The tags may take 8191 bytes with their `@` and space, the rest
//! 512 bytes with its line end, or what the server announces as `LINELEN`. A longer line is thrown
//! away while it comes in, however long it is, and leaves one [`Frame::Overlong`] behind. A bare LF
//! ends a line too; empty lines are no lines.

use bytes::{Buf, Bytes, BytesMut};

pub use self::charset::{Charset, UnknownCharset};

mod charset;
#[cfg(test)]
mod tests;

/// How long a line may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The tags with their `@` and the space behind them.
    pub tags: usize,
    /// The rest with its line end.
    pub rest: usize,
}

impl Limits {
    /// The limits of a server that announces `LINELEN=linelen`.
    pub const fn with_linelen(linelen: usize) -> Self {
        Self { tags: 8191, rest: linelen }
    }

    /// Whether a line fits, given without its LF.
    fn fit(self, line: &[u8]) -> bool {
        let tags = match line {
            [b'@', ..] => {
                line.iter().position(|&byte| byte == b' ').map_or(line.len(), |at| at + 1)
            }
            _ => 0,
        };
        tags <= self.tags && line.len() - tags < self.rest
    }

    /// Whether a line that begins with `start`, its end not yet seen, can still fit.
    fn may_fit(self, start: &[u8]) -> bool {
        let tags = if start.first() == Some(&b'@') { self.tags } else { 0 };
        start.len() < tags + self.rest
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::with_linelen(512)
    }
}

/// What the codec found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A line, without its end.
    Line(Bytes),
    /// A line that was too long and is gone.
    Overlong {
        /// How many bytes were thrown away, the LF not counted.
        bytes: usize,
    },
}

/// Cuts a stream of bytes into lines. It never fails: what cannot be read is skipped and reported.
#[derive(Debug, Default)]
pub struct Codec {
    limits: Limits,
    /// How much of the input was searched for a line end already.
    searched: usize,
    /// Bytes thrown away of a line whose end has not come yet.
    skipped: Option<usize>,
}

impl Codec {
    /// A codec with the given limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Changes the limits for the lines to come.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Takes the next line from `input`; `None` when more bytes are needed.
    ///
    /// Afterwards `input` holds no more than an unfinished line that is within the limits.
    pub fn decode(&mut self, input: &mut BytesMut) -> Option<Frame> {
        loop {
            let unsearched = input.get(self.searched..).unwrap_or_default();
            let Some(at) = unsearched.iter().position(|&byte| byte == b'\n') else {
                self.keep_or_skip(input);
                return None;
            };
            let mut line = input.split_to(self.searched + at);
            input.advance(1);
            self.searched = 0;

            if let Some(skipped) = self.skipped.take() {
                return Some(Frame::Overlong { bytes: skipped + line.len() });
            }
            if !self.limits.fit(&line) {
                return Some(Frame::Overlong { bytes: line.len() });
            }
            while line.last() == Some(&b'\r') {
                line.truncate(line.len() - 1);
            }
            if !line.is_empty() {
                return Some(Frame::Line(line.freeze()));
            }
        }
    }

    /// Ends the stream. An unfinished line is dropped, since it may lack its better half; an overlong
    /// one is still reported.
    pub fn finish(&mut self, input: &mut BytesMut) -> Option<Frame> {
        input.clear();
        self.searched = 0;
        self.skipped.take().map(|bytes| Frame::Overlong { bytes })
    }

    fn keep_or_skip(&mut self, input: &mut BytesMut) {
        if self.skipped.is_none() && self.limits.may_fit(input) {
            self.searched = input.len();
            return;
        }
        *self.skipped.get_or_insert(0) += input.len();
        input.clear();
        self.searched = 0;
    }
}
