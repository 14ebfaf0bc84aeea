//! The listening socket, which can go away and come back.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// How soon a port that somebody else holds is tried again.
const REBIND: Duration = Duration::from_millis(10);

/// Whether connections are let in, and the string on which all of them hang.
#[derive(Debug)]
pub(super) struct Doors {
    open: watch::Sender<bool>,
    listening: watch::Sender<bool>,
    thread: Mutex<CancellationToken>,
}

impl Doors {
    pub(super) fn new() -> Self {
        Self {
            open: watch::Sender::new(true),
            listening: watch::Sender::new(true),
            thread: Mutex::new(CancellationToken::new()),
        }
    }

    /// Cuts all connections and refuses new ones, from when this returns.
    pub(super) async fn close(&self) {
        self.open.send_replace(false);
        self.cut();
        self.until_listening_is(false).await;
    }

    /// Lets connections in again, from when this returns.
    pub(super) async fn open(&self) {
        if !*self.open.borrow() {
            let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
            *thread = CancellationToken::new();
        }
        self.open.send_replace(true);
        self.until_listening_is(true).await;
    }

    /// Cuts all connections.
    pub(super) fn cut(&self) {
        self.thread().cancel();
    }

    pub(super) fn watch(&self) -> watch::Receiver<bool> {
        self.open.subscribe()
    }

    async fn until_listening_is(&self, wanted: bool) {
        // The sender is ours: it does not go away.
        let _ = self.listening.subscribe().wait_for(|listening| *listening == wanted).await;
    }

    fn thread(&self) -> CancellationToken {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A listener that stops listening while its doors are closed.
pub(super) struct Gate {
    address: SocketAddr,
    listener: Option<TcpListener>,
    doors: Arc<Doors>,
}

impl Gate {
    pub(super) async fn open(doors: Arc<Doors>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self { address: listener.local_addr()?, listener: Some(listener), doors })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Listener for Gate {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let mut open = self.doors.watch();
        loop {
            if !*open.borrow_and_update() {
                self.listener = None;
                self.doors.listening.send_replace(false);
                // An error says that the homeserver is gone, and this future with it.
                let _ = open.changed().await;
                continue;
            }
            let Some(listener) = &self.listener else {
                match TcpListener::bind(self.address).await {
                    Ok(listener) => {
                        self.listener = Some(listener);
                        self.doors.listening.send_replace(true);
                    }
                    Err(_) => tokio::time::sleep(REBIND).await,
                }
                continue;
            };
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, address)) => {
                        // Answers are small; without this they wait for acknowledgements.
                        let _ = stream.set_nodelay(true);
                        return (Connection::new(stream, self.doors.thread()), address);
                    }
                    Err(_) => tokio::time::sleep(REBIND).await,
                },
                _ = open.changed() => {}
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// A connection that ends when its thread is cut.
pub(super) struct Connection {
    stream: TcpStream,
    thread: CancellationToken,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Connection {
    fn new(stream: TcpStream, thread: CancellationToken) -> Self {
        Self { stream, cut: Box::pin(thread.clone().cancelled_owned()), thread }
    }

    fn check(&self) -> io::Result<()> {
        if self.thread.is_cancelled() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
