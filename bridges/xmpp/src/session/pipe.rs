//! The writing side of a stream, as pieces of bytes for whoever writes to the socket.
//!
//! The XML stream reads and writes on one object, while a link reads and writes at the same time.
//! So the stream writes its header and handshake into this pipe, and the socket's writer takes
//! them from there.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::{io::AsyncWrite, sync::mpsc};

/// The writing end. The channel is unbounded: only the handshake and pings go through it.
#[derive(Clone, Debug)]
pub(super) struct Pipe(mpsc::UnboundedSender<Bytes>);

pub(super) fn pipe() -> (Pipe, mpsc::UnboundedReceiver<Bytes>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Pipe(sender), receiver)
}

impl Pipe {
    /// Writes a piece; what comes after the end is lost.
    pub(super) fn write(&self, bytes: Bytes) {
        drop(self.0.send(bytes));
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = self.0.send(Bytes::copy_from_slice(bytes));
        Poll::Ready(sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
