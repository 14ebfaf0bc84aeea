//! From an address to an open socket, with or without TLS.

use std::{
    fmt::Display,
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{CloseReason, SessionConfig};
use crate::address::{Scheme, ServerAddress};

/// A byte stream to a server.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open connection.
pub(super) type Socket = Box<dyn Stream>;

/// How long one of several addresses of a host may take before the next is tried.
const ADDRESS: Duration = Duration::from_secs(10);

/// Opens the first server that answers. `opened` hears of each socket before TLS begins on it.
pub(super) async fn open(
    config: &SessionConfig,
    mut opened: impl FnMut(&ServerAddress, SocketAddr, SocketAddr),
) -> Result<(Socket, ServerAddress), CloseReason> {
    let mut reason = CloseReason::Unreachable {
        server: "the network".to_owned(),
        why: "no servers are configured".to_owned(),
    };
    for server in &config.servers {
        let attempt = open_one(config, server, &mut opened);
        reason = match timeout(config.timing.connect, attempt).await {
            Ok(Ok(socket)) => return Ok((socket, server.clone())),
            Ok(Err(reason)) => reason,
            Err(_) => unreachable(server, &"it does not answer"),
        };
        tracing::debug!(%server, %reason, "server not reached");
    }
    Err(reason)
}

async fn open_one(
    config: &SessionConfig,
    server: &ServerAddress,
    opened: &mut impl FnMut(&ServerAddress, SocketAddr, SocketAddr),
) -> Result<Socket, CloseReason> {
    let stream = dial(server, config.bind).await.map_err(|error| unreachable(server, &error))?;
    if let (Ok(local), Ok(remote)) = (stream.local_addr(), stream.peer_addr()) {
        opened(server, local, remote);
    }
    if server.scheme == Scheme::Plain {
        return Ok(Box::new(stream));
    }
    let failed = |why: String| CloseReason::Tls { server: server.to_string(), why };
    let tls = config.tls.clone().ok_or_else(|| failed("it is not configured".to_owned()))?;
    let name =
        ServerName::try_from(server.host.clone()).map_err(|error| failed(error.to_string()))?;
    let stream = TlsConnector::from(tls).connect(name, stream).await;
    Ok(Box::new(stream.map_err(|error| failed(error.to_string()))?))
}

/// Tries the addresses of a host one after the other.
async fn dial(server: &ServerAddress, bind: Option<IpAddr>) -> io::Result<TcpStream> {
    let mut failure =
        io::Error::new(io::ErrorKind::NotFound, "the host has no address of our family");
    for remote in lookup_host((server.host.as_str(), server.port)).await? {
        if bind.is_some_and(|bind| bind.is_ipv4() != remote.is_ipv4()) {
            continue;
        }
        match timeout(ADDRESS, dial_one(remote, bind)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failure)
}

async fn dial_one(remote: SocketAddr, bind: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if remote.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(bind) = bind {
        socket.bind(SocketAddr::new(bind, 0))?;
    }
    let stream = socket.connect(remote).await?;
    stream.set_nodelay(true)?;
    // PING finds a dead server; this finds a dead path while nothing is awaited.
    let keepalive = TcpKeepalive::new().with_time(Duration::from_mins(1));
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

fn unreachable(server: &ServerAddress, why: &dyn Display) -> CloseReason {
    CloseReason::Unreachable { server: server.to_string(), why: why.to_string() }
}
