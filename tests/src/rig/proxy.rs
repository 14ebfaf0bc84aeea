//! A proxy between the bridge and a server, with switches for what can go wrong in between.

mod bytes;
mod http;

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::Inbox;

/// What the proxy does with connections and what they carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything goes through.
    Pass,
    /// Nothing listens: connecting fails.
    Refuse,
    /// Connections stay and new ones are taken, but not a byte goes through until another mode is
    /// set.
    Stall,
    /// Each HTTP request is answered with this status and goes no further.
    Answer(u16),
}

/// What an HTTP proxy does with some requests while the mode is [`Mode::Pass`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Requests whose path contains the text wait until the rule is lifted, then go through.
    Hang(String),
    /// Requests whose path contains the text go through, and the connection is cut when the answer
    /// comes: the sender cannot know that the request was served.
    LoseAnswer(String),
    /// Requests with a longer body are answered with 413, as proxies do by default.
    LimitBody(u64),
}

/// A listener on a free port that passes everything to one server.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    target: String,
    kind: Kind,
    switches: watch::Sender<Switches>,
    requests: Inbox<String>,
    open: AtomicUsize,
}

#[derive(Clone, Copy)]
enum Kind {
    Bytes,
    Http,
}

#[derive(Clone)]
struct Switches {
    mode: Mode,
    rules: Vec<Rule>,
    /// Grows when all connections are to be cut.
    cut: u64,
    /// What was put into the server's words so far.
    injected: Vec<Arc<[u8]>>,
}

impl Proxy {
    /// A proxy that knows nothing of what it carries; the target is `host:port`.
    pub async fn tcp(target: impl Into<String>) -> Result<Self> {
        Self::start(target.into(), Kind::Bytes).await
    }

    /// A proxy that reads HTTP/1.1 requests; the target is `host:port`.
    pub async fn http(target: impl Into<String>) -> Result<Self> {
        Self::start(target.into(), Kind::Http).await
    }

    /// `127.0.0.1:port`, where it listens.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The URL to use instead of the server's.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the mode. [`Mode::Refuse`] cuts the connections that are open, the others keep them.
    pub fn set(&self, mode: Mode) {
        self.shared.switches.send_modify(|switches| {
            switches.mode = mode;
            if mode == Mode::Refuse {
                switches.cut += 1;
            }
        });
    }

    /// Sets a mode, and [`Mode::Pass`] again after a while.
    pub fn set_for(&self, mode: Mode, duration: Duration) {
        self.set(mode);
        let shared = self.shared.clone();
        tokio::spawn(async move {
            tokio::time::sleep(duration).await;
            shared.switches.send_modify(|switches| switches.mode = Mode::Pass);
        });
    }

    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        self.shared.switches.send_modify(|switches| switches.rules.push(rule));
    }

    /// Lifts all rules.
    pub fn clear_rules(&self) {
        self.shared.switches.send_modify(|switches| switches.rules.clear());
    }

    /// Cuts all connections that are open now; new ones are taken.
    pub fn cut(&self) {
        self.shared.switches.send_modify(|switches| switches.cut += 1);
    }

    /// Puts bytes between two lines that the server sends, on every connection that is open and on
    /// which it has sent something: for what no server would send. Raw proxies only.
    pub fn inject(&self, bytes: impl Into<Vec<u8>>) {
        self.shared.switches.send_modify(|switches| switches.injected.push(bytes.into().into()));
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// HTTP requests seen so far, as `METHOD path`, in the order of their arrival.
    pub fn requests(&self) -> &Inbox<String> {
        &self.shared.requests
    }

    async fn start(target: String, kind: Kind) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", super::free_port())).await?;
        let address = listener.local_addr()?;
        let switches =
            Switches { mode: Mode::Pass, rules: Vec::new(), cut: 0, injected: Vec::new() };
        let shared = Arc::new(Shared {
            target,
            kind,
            switches: watch::Sender::new(switches),
            requests: Inbox::default(),
            open: AtomicUsize::new(0),
        });
        let task = tokio::spawn(serve(address, listener, shared.clone()));
        Ok(Self { address, shared, task })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({} to {})", self.address, self.shared.target)
    }
}

/// Listens while the mode allows it. The links end with this task.
async fn serve(address: SocketAddr, listener: TcpListener, shared: Arc<Shared>) {
    let mut switches = shared.switches.subscribe();
    let mut links = JoinSet::new();
    let mut listener = Some(listener);
    loop {
        let refusing = switches.borrow_and_update().mode == Mode::Refuse;
        match (&listener, refusing) {
            (Some(_), true) => listener = None,
            (None, false) => listener = TcpListener::bind(address).await.ok(),
            _ => {}
        }
        tokio::select! {
            Ok((client, _)) = accept(listener.as_ref()) => {
                links.spawn(link(client, shared.clone()));
            }
            _ = switches.changed() => {}
            Some(_) = links.join_next() => {}
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> std::io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// One connection, until either end closes it or it is cut.
async fn link(client: TcpStream, shared: Arc<Shared>) {
    shared.open.fetch_add(1, Ordering::Relaxed);
    let mut switches = shared.switches.subscribe();
    let born = switches.borrow().cut;
    let carry = async {
        match shared.kind {
            Kind::Bytes => bytes::carry(client, &shared).await,
            Kind::Http => http::carry(client, &shared).await,
        }
    };
    tokio::select! {
        // An end that breaks off is nothing to report: the other end sees the same.
        _ = carry => {}
        _ = switches.wait_for(|switches| switches.cut > born) => {}
    }
    shared.open.fetch_sub(1, Ordering::Relaxed);
}

impl Shared {
    /// Waits while the mode is [`Mode::Stall`].
    async fn flowing(&self) {
        let mut switches = self.switches.subscribe();
        let _ = switches.wait_for(|switches| switches.mode != Mode::Stall).await;
    }
}
