//! The header of a server's stream, as `tokio-xmpp` wants it.
//!
//! XEP-0114 streams come from a time before versions, and Prosody's headers name none.
//! `tokio-xmpp` refuses a header without one, so it is added on the way in.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, ReadBuf};

/// The longest header that is looked at; a longer one passes as it is.
const LONGEST: usize = 8_192;

/// A stream whose header has a version.
#[derive(Debug)]
pub(super) struct Versioned<R> {
    inner: R,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The header is not complete.
    Reading(Vec<u8>),
    /// What is still to be handed on of the beginning.
    Passing(Vec<u8>, usize),
    /// Nothing is changed any more.
    Open,
}

impl<R> Versioned<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, state: State::Reading(Vec::new()) }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Versioned<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Open => return Pin::new(&mut this.inner).poll_read(cx, out),
                State::Passing(bytes, at) => {
                    let count = out.remaining().min(bytes.len() - *at);
                    out.put_slice(&bytes[*at..*at + count]);
                    *at += count;
                    if *at == bytes.len() {
                        this.state = State::Open;
                    }
                    return Poll::Ready(Ok(()));
                }
                State::Reading(bytes) => {
                    let mut room = [0; 1024];
                    let mut piece = ReadBuf::new(&mut room);
                    ready!(Pin::new(&mut this.inner).poll_read(cx, &mut piece))?;
                    let ended = piece.filled().is_empty();
                    bytes.extend_from_slice(piece.filled());
                    if ended || bytes.len() > LONGEST || add_version(bytes) {
                        let bytes = std::mem::take(bytes);
                        this.state =
                            if bytes.is_empty() { State::Open } else { State::Passing(bytes, 0) };
                        if ended && matches!(this.state, State::Open) {
                            return Poll::Ready(Ok(()));
                        }
                    }
                }
            }
        }
    }
}

/// Adds a version to a complete header that has none. `false` if the header is not complete.
fn add_version(bytes: &mut Vec<u8>) -> bool {
    let Some(start) = find(bytes, b"<stream:stream") else { return false };
    let Some(end) = bytes[start..].iter().position(|byte| *byte == b'>') else { return false };
    let end = start + end;
    if find(&bytes[start..end], b" version=").is_none() {
        bytes.splice(end..end, *b" version='1.0'");
    }
    true
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn read(pieces: &[&str]) -> String {
        let (client, mut server) = tokio::io::duplex(7);
        let text = pieces.concat();
        let writing = tokio::spawn(async move {
            tokio::io::AsyncWriteExt::write_all(&mut server, text.as_bytes()).await.unwrap();
        });
        let mut read = String::new();
        Versioned::new(client).read_to_string(&mut read).await.unwrap();
        writing.await.unwrap();
        read
    }

    #[tokio::test]
    async fn a_header_without_a_version_gets_one() {
        let read = read(&["<?xml version='1.0'?><stream:stream id='1'>", "<handshake/>"]).await;
        assert_eq!(read, "<?xml version='1.0'?><stream:stream id='1' version='1.0'><handshake/>");
    }

    #[tokio::test]
    async fn everything_else_passes_as_it_is() {
        for text in ["<stream:stream version='1.0' id='1'><a/>", "<stream:stre", "", "<a/>>"] {
            assert_eq!(read(&[text]).await, text);
        }
    }
}
