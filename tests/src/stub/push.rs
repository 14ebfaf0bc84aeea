//! How a homeserver sends transactions: one in flight, the next once it is answered with 200.

use std::{
    collections::VecDeque,
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
};

use super::http::Head;

/// How long to wait before a transaction that was not taken is sent again.
const AGAIN: Duration = Duration::from_millis(50);

/// Sends events to an appservice until it is dropped.
#[derive(Debug)]
pub struct Pusher {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<VecDeque<String>>,
    more: Notify,
    /// How many events one transaction holds at most.
    size: usize,
    sent: AtomicU64,
    transactions: AtomicU64,
}

impl Pusher {
    /// Sends to `http://127.0.0.1:{port}`, at most `size` events at a time (homeservers: 100).
    pub fn start(port: u16, hs_token: &str, size: usize) -> Self {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            more: Notify::new(),
            size,
            sent: AtomicU64::new(0),
            transactions: AtomicU64::new(0),
        });
        let task = tokio::spawn(push(shared.clone(), port, hs_token.to_owned()));
        Self { shared, task }
    }

    /// Queues an event.
    pub fn push(&self, event: String) {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(event);
        self.shared.more.notify_one();
    }

    /// How many events were answered with 200.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// How many transactions were answered with 200.
    pub fn transactions(&self) -> u64 {
        self.shared.transactions.load(Ordering::Relaxed)
    }
}

impl Drop for Pusher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn next(&self) -> Vec<String> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let size = self.size.min(waiting.len());
        waiting.drain(..size).collect()
    }
}

async fn push(shared: Arc<Shared>, port: u16, hs_token: String) {
    let mut link = None;
    let mut number: u64 = 0;
    loop {
        let events = shared.next();
        if events.is_empty() {
            shared.more.notified().await;
            continue;
        }
        number += 1;
        let request = transaction(number, &hs_token, &events);
        while exchange(&mut link, port, request.as_bytes()).await.is_err() {
            link = None;
            tokio::time::sleep(AGAIN).await;
        }
        shared.transactions.fetch_add(1, Ordering::Relaxed);
        shared.sent.fetch_add(events.len() as u64, Ordering::Relaxed);
    }
}

fn transaction(number: u64, hs_token: &str, events: &[String]) -> String {
    const AROUND: usize = r#"{"events":[]}"#.len();
    let length =
        AROUND + events.iter().map(String::len).sum::<usize>() + events.len().saturating_sub(1);
    let mut text = String::with_capacity(length + 256);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "PUT /_matrix/app/v1/transactions/{number} HTTP/1.1\r\nhost: stub\r\nauthorization: \
         Bearer {hs_token}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n\
         {{\"events\":["
    );
    for (at, event) in events.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(event);
    }
    text.push_str("]}");
    text
}

/// Sends one request and reads the answer, which must be 200.
async fn exchange(link: &mut Option<TcpStream>, port: u16, request: &[u8]) -> Result<()> {
    let stream = if let Some(stream) = link {
        stream
    } else {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        link.insert(stream)
    };
    stream.write_all(request).await?;
    let mut answer = BytesMut::with_capacity(1024);
    loop {
        ensure!(stream.read_buf(&mut answer).await? > 0, "the appservice hung up");
        if let Some(head) = Head::read(&answer)?
            && answer.len() >= head.length + head.body
        {
            let status = answer.get(9..12).context("no status")?;
            ensure!(status == b"200", "not taken");
            return Ok(());
        }
    }
}
