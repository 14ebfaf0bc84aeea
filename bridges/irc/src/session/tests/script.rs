//! The far end: a server that says what a test tells it to.

use std::{net::SocketAddr, sync::Arc};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, ReadHalf, WriteHalf, split},
    net::TcpListener,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::{LIMIT, SessionConfig, SessionId};
use crate::{
    address::{Scheme, ServerAddress},
    caps::WANTED,
    flood::Rate,
    registration::Registrant,
    session::socket::Socket,
};

/// A server that waits for its client.
pub(super) struct Script {
    listener: TcpListener,
    pub(super) address: SocketAddr,
}

impl Script {
    pub(super) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    pub(super) fn server(&self) -> ServerAddress {
        ServerAddress { scheme: Scheme::Plain, host: "127.0.0.1".into(), port: self.address.port() }
    }

    /// A session to this server without flood control.
    pub(super) fn config(&self) -> SessionConfig {
        let registrant = Registrant {
            nicks: vec!["al".into(), "al_".into()],
            username: "al".into(),
            realname: "Al B".into(),
            caps: WANTED.to_vec(),
            ..Registrant::default()
        };
        let mut config = SessionConfig::new(SessionId(7), vec![self.server()], registrant);
        config.flood = Rate::Unlimited;
        config
    }

    pub(super) fn tls_config(&self) -> SessionConfig {
        let mut config = self.config();
        let server = ServerAddress {
            scheme: Scheme::Tls,
            host: "localhost".into(),
            port: self.address.port(),
        };
        config.servers = vec![server];
        config
    }

    /// A far end without a client, to put in the place of one that hangs up.
    pub(super) fn nobody() -> Peer {
        Peer::new(Box::new(tokio::io::duplex(1).0))
    }

    pub(super) async fn accept(&self) -> Peer {
        let (stream, _) = timeout(LIMIT, self.listener.accept()).await.unwrap().unwrap();
        Peer::new(Box::new(stream))
    }

    pub(super) async fn accept_tls(&self, config: Arc<ServerConfig>) -> Option<Peer> {
        let (stream, _) = timeout(LIMIT, self.listener.accept()).await.unwrap().unwrap();
        Some(Peer::new(Box::new(TlsAcceptor::from(config).accept(stream).await.ok()?)))
    }
}

/// A connected client as its server sees it.
pub(super) struct Peer {
    reader: BufReader<ReadHalf<Socket>>,
    writer: WriteHalf<Socket>,
}

impl Peer {
    fn new(socket: Socket) -> Self {
        let (reader, writer) = split(socket);
        Self { reader: BufReader::new(reader), writer }
    }

    /// The next line of the client; empty when it hung up.
    pub(super) async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(LIMIT, self.reader.read_line(&mut line)).await.expect("no line in time").unwrap();
        line.trim_end().to_owned()
    }

    pub(super) async fn say(&mut self, line: &str) {
        self.bytes(format!("{line}\r\n").as_bytes()).await;
    }

    pub(super) async fn bytes(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
        self.writer.flush().await.unwrap();
    }

    /// Plays a server with these capabilities up to the end of its greeting.
    pub(super) async fn register(&mut self, caps: &str) {
        for _ in 0..3 {
            self.line().await;
        }
        self.say(&format!("CAP * LS :{caps}")).await;
        if !caps.is_empty() {
            self.line().await;
            self.say(&format!("CAP * ACK :{caps}")).await;
        }
        assert_eq!(self.line().await, "CAP END");
        self.say(":irc.s 001 al :Welcome al!~al@h").await;
        self.say(":irc.s 376 al :End of MOTD").await;
    }
}
