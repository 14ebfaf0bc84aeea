//! Bytes on their way to the socket, and who waits for them.

use std::{collections::VecDeque, io};

use bytes::{BufMut, BytesMut};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::oneshot,
};

use super::SendError;

/// How much may wait that nobody waits for. A server that asks PING and reads no PONG gets no more.
const UNCLAIMED: usize = 64 * 1024;

/// The bytes to be written, in order.
#[derive(Debug, Default)]
pub(super) struct Output {
    buffer: BytesMut,
    /// How many bytes were ever put into the buffer, and how many of them left it.
    put: u64,
    taken: u64,
    unflushed: bool,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    from: u64,
    done: oneshot::Sender<Result<(), SendError>>,
}

impl Output {
    /// Adds bytes whose author wants to know when the socket has them.
    pub(super) fn push(&mut self, bytes: &[u8], done: oneshot::Sender<Result<(), SendError>>) {
        let from = self.put;
        self.put(bytes);
        self.waiting.push_back(Waiting { from, done });
    }

    /// Adds a line of our own, without its end.
    pub(super) fn push_line(&mut self, line: &str) {
        if self.buffer.len() <= UNCLAIMED {
            self.put(line.as_bytes());
            self.put(b"\r\n");
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.buffer.put_slice(bytes);
        self.put += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    }

    /// Whether there is anything to do for [`Output::drive`].
    pub(super) fn has_work(&self) -> bool {
        !self.buffer.is_empty() || self.unflushed
    }

    /// Writes once, or flushes. May be dropped at any point and called again.
    pub(super) async fn drive(&mut self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        if !self.buffer.is_empty() {
            let written = writer.write_buf(&mut self.buffer).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.taken += u64::try_from(written).unwrap_or(u64::MAX);
            self.unflushed = true;
        }
        if self.buffer.is_empty() {
            writer.flush().await?;
            self.unflushed = false;
            // What was a long line once is not kept for ever.
            self.buffer = BytesMut::new();
            for waiting in self.waiting.drain(..) {
                // Its author may have gone.
                let _ = waiting.done.send(Ok(()));
            }
        }
        Ok(())
    }

    /// The connection is over: tells each author whether the server can have got anything of theirs.
    pub(super) fn fail(&mut self) {
        for waiting in self.waiting.drain(..) {
            let error = if waiting.from >= self.taken {
                SendError::NotWritten
            } else {
                SendError::Interrupted
            };
            let _ = waiting.done.send(Err(error));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt, sync::oneshot};

    use super::{Output, SendError};

    #[tokio::test]
    async fn an_author_hears_when_the_socket_has_the_bytes() {
        let (mut near, mut far) = tokio::io::duplex(4);
        let mut output = Output::default();
        let (done, mut heard) = oneshot::channel();
        output.push(b"abcdefgh", done);
        output.drive(&mut near).await.unwrap();
        assert!(heard.try_recv().is_err(), "half of it is not all");
        let mut half = [0; 4];
        far.read_exact(&mut half).await.unwrap();
        output.drive(&mut near).await.unwrap();
        assert_eq!(heard.await.unwrap(), Ok(()));
        assert!(!output.has_work());
    }

    #[tokio::test]
    async fn at_the_end_what_never_left_is_told_from_what_may_have_arrived() {
        let (mut near, _far) = tokio::io::duplex(4);
        let mut output = Output::default();
        let ((done, first), (done2, second)) = (oneshot::channel(), oneshot::channel());
        output.push(b"abcdefgh", done);
        output.push(b"ijkl", done2);
        output.drive(&mut near).await.unwrap();
        output.fail();
        assert_eq!(first.await.unwrap(), Err(SendError::Interrupted));
        assert_eq!(second.await.unwrap(), Err(SendError::NotWritten));
    }

    #[test]
    fn answers_that_nobody_reads_do_not_pile_up() {
        let mut output = Output::default();
        for _ in 0..100_000 {
            output.push_line("PONG :a");
        }
        assert!(output.buffer.len() < 70_000);
    }
}
