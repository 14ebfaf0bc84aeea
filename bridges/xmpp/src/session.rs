//! The link: one stream of a component (XEP-0114), mended for as long as the bridge runs.
//!
//! Stanzas come in as trees of elements. One that cannot be read is counted and left out; it never
//! ends the stream. Silence is pinged, and a link that does not answer is given up.

mod handshake;
mod header;
mod pipe;

use std::{fmt, io, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt, BufReader, Join, join},
    net::{TcpStream, tcp::OwnedReadHalf},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;
use tokio_xmpp::{
    minidom::Element,
    xmlstream::{ReadError, Timeouts, XmlStream},
};

use self::{header::Versioned, pipe::Pipe};
use crate::{
    ns,
    reconnect::Backoff,
    xml::{self, Build},
};

/// How long the link may be silent before it is pinged.
const SILENCE: Duration = Duration::from_secs(30);

/// How long an answer to that may take.
const ANSWER: Duration = Duration::from_secs(20);

/// How long a connection and its handshake may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long what was written last may take to leave at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// How many stanzas go into one write at most.
const BATCH: usize = 256;

/// Where the link leads, and what opens it.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The domain of the component.
    pub(crate) jid: String,
    /// `host:port`.
    pub(crate) server: String,
    /// The secret shared with the server.
    pub(crate) secret: String,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.jid, self.server)
    }
}

/// What the link tells the hub.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// It carries stanzas from here on.
    Up,
    /// It does not any more, or not yet.
    Down(Cut),
    /// A stanza came in.
    Stanza(Box<Element>),
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cut {
    /// Nobody answers, or the connection broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The server says no.
    #[error("the XMPP server refuses the component: {0}")]
    Refused(String),
    /// The server does not speak as servers do.
    #[error("the XMPP server broke the protocol: {0}")]
    Protocol(String),
    /// The server ended the stream.
    #[error("the XMPP server ended the stream: {0}")]
    Ended(String),
    /// The connection or the handshake took too long.
    #[error("the XMPP server does not answer")]
    Slow,
}

type Io = Join<BufReader<Versioned<OwnedReadHalf>>, Pipe>;
type Xml = XmlStream<Io, Element>;

/// Keeps the link up until `stop`. What is in `output` when the link comes up is from before, and
/// is thrown away: whoever wrote it was told that the link had ended.
pub(crate) async fn run(
    settings: Settings,
    mut output: mpsc::Receiver<Bytes>,
    events: mpsc::Sender<LinkEvent>,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::default();
    loop {
        let cut = live(&settings, &mut output, &events, &mut backoff, &stop).await;
        let Err(cut) = cut else { return };
        if events.send(LinkEvent::Down(cut)).await.is_err() {
            return;
        }
        let pause = backoff.next(&mut rand::rng());
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One life of the link. Ends without an error only at `stop`.
async fn live(
    settings: &Settings,
    output: &mut mpsc::Receiver<Bytes>,
    events: &mpsc::Sender<LinkEvent>,
    backoff: &mut Backoff,
    stop: &CancellationToken,
) -> Result<(), Cut> {
    let connected = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        connected = tokio::time::timeout(PATIENCE, TcpStream::connect(&settings.server)) => {
            connected.map_err(|_| Cut::Slow)??
        }
    };
    connected.set_nodelay(true)?;
    let (read, mut write) = connected.into_split();
    let (pipe, mut written) = pipe::pipe();
    let io = join(BufReader::new(Versioned::new(read)), pipe.clone());
    let timeouts = Timeouts { read_timeout: SILENCE, response_timeout: ANSWER };
    let shaken = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        cut = drain(&mut written, &mut write) => return Err(cut),
        shaken = tokio::time::timeout(PATIENCE, handshake::perform(io, settings, timeouts)) => shaken,
    };
    let mut stream = shaken.map_err(|_| Cut::Slow)??;
    backoff.reset();
    while output.try_recv().is_ok() {}
    if events.send(LinkEvent::Up).await.is_err() {
        return Ok(());
    }
    let pinger = Pinger { pipe, ping: ping(&settings.jid) };
    let cut = tokio::select! {
        // What was written before the stop still leaves.
        biased;
        cut = read_stanzas(&mut stream, events, &pinger) => cut,
        cut = write_stanzas(output, &mut written, &mut write) => cut,
        () = stop.cancelled() => return farewell(output, &mut write).await,
    };
    Err(cut)
}

async fn read_stanzas(stream: &mut Xml, events: &mpsc::Sender<LinkEvent>, pinger: &Pinger) -> Cut {
    loop {
        match stream.next().await {
            Some(Ok(stanza)) if stanza.is("error", "http://etherx.jabber.org/streams") => {
                return Cut::Ended(condition(&stanza));
            }
            Some(Ok(stanza)) => {
                if events.send(LinkEvent::Stanza(Box::new(stanza))).await.is_err() {
                    return Cut::Ended("the bridge stops".to_owned());
                }
            }
            Some(Err(ReadError::SoftTimeout)) => pinger.ping(),
            Some(Err(ReadError::ParseError(error))) => {
                metrics::counter!("bridge_xmpp_unreadable_total").increment(1);
                tracing::warn!(%error, "the XMPP server sent an element nobody can read");
            }
            Some(Err(ReadError::HardError(error))) => return error.into(),
            Some(Err(ReadError::StreamFooterReceived)) | None => {
                return Cut::Ended("without a reason".to_owned());
            }
        }
    }
}

/// Writes what the hub says, and what keeps the link alive, as much at a time as is there.
async fn write_stanzas(
    output: &mut mpsc::Receiver<Bytes>,
    pings: &mut mpsc::UnboundedReceiver<Bytes>,
    write: &mut (impl AsyncWrite + Unpin),
) -> Cut {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            count = output.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return Cut::Ended("the bridge stops".to_owned());
                }
            }
            Some(ping) = pings.recv() => batch.push(ping),
        }
        let bytes = batch.concat();
        batch.clear();
        if let Err(error) = write.write_all(&bytes).await {
            return error.into();
        }
    }
}

/// Carries what the stream itself writes to the socket; ends only with an error.
async fn drain(
    written: &mut mpsc::UnboundedReceiver<Bytes>,
    write: &mut (impl AsyncWrite + Unpin),
) -> Cut {
    while let Some(bytes) = written.recv().await {
        if let Err(error) = write.write_all(&bytes).await {
            return error.into();
        }
    }
    Cut::Ended("the bridge stops".to_owned())
}

/// Writes what is left and ends the stream.
async fn farewell(
    output: &mut mpsc::Receiver<Bytes>,
    write: &mut (impl AsyncWrite + Unpin),
) -> Result<(), Cut> {
    let last = async {
        while let Ok(Some(bytes)) =
            tokio::time::timeout(Duration::from_millis(200), output.recv()).await
        {
            write.write_all(&bytes).await?;
        }
        write.write_all(b"</stream:stream>").await?;
        write.shutdown().await
    };
    // Nobody waits for a server that does not read.
    let _ = tokio::time::timeout(FAREWELL, last).await;
    Ok(())
}

struct Pinger {
    pipe: Pipe,
    ping: Option<Bytes>,
}

impl Pinger {
    fn ping(&self) {
        if let Some(ping) = &self.ping {
            self.pipe.write(ping.clone());
        }
    }
}

/// A ping (XEP-0199) to ourselves: the server routes it back, which shows that the link works.
fn ping(jid: &str) -> Option<Bytes> {
    let iq = xml::element("iq", ns::COMPONENT)
        .with("type", "get")
        .with("id", "keep-alive")
        .with("from", jid)
        .with("to", jid)
        .holding(xml::element("ping", ns::PING));
    xml::to_bytes(&iq)
}

/// The condition of a stream error, with its text if it has one.
fn condition(error: &Element) -> String {
    let mut children = error.children();
    let condition = children.next().map_or("unknown", Element::name).to_owned();
    match children.find(|child| child.name() == "text") {
        Some(text) => format!("{condition}: {}", text.text()),
        None => condition,
    }
}
