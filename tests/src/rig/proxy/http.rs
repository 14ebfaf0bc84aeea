//! HTTP/1.1, as far as it takes to tell requests apart.
//!
//! A client sends its next request after the answer to the last, so whatever the server says is
//! passed back as it comes.

mod request;

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, sink},
    net::TcpStream,
    sync::Mutex,
};

use self::request::Request;
use super::{Mode, Rule, Shared};

/// Carries requests one after the other, and answers back, until either end closes.
pub(super) async fn carry(client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let mut from_client = BufReader::new(from_client);
    let to_client = Mutex::new(to_client);
    let mut request = Request::read(&mut from_client).await?;

    // Whoever is answered here never needs the server.
    if let Some(status) = intercepted(&request, shared).await {
        request.forward_body(&mut from_client, &mut sink()).await?;
        return answer(&mut *to_client.lock().await, status).await;
    }
    let server = TcpStream::connect(&shared.target).await?;
    server.set_nodelay(true)?;
    let (mut from_server, mut to_server) = server.into_split();
    let lost = AtomicBool::new(false);

    let requests = async {
        loop {
            lost.store(loses_answer(&request, shared), Ordering::Relaxed);
            to_server.write_all(&request.head).await?;
            request.forward_body(&mut from_client, &mut to_server).await?;
            request = Request::read(&mut from_client).await?;
            if let Some(status) = intercepted(&request, shared).await {
                request.forward_body(&mut from_client, &mut sink()).await?;
                return answer(&mut *to_client.lock().await, status).await;
            }
        }
    };
    let answers = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = from_server.read(&mut buffer).await?;
            shared.flowing().await;
            if length == 0 || lost.load(Ordering::Relaxed) {
                return to_client.lock().await.shutdown().await;
            }
            to_client.lock().await.write_all(&buffer[..length]).await?;
        }
    };
    tokio::select! {
        ended = requests => ended,
        ended = answers => ended,
    }
}

/// Notes the request and waits while a stall or a rule holds it; then says with which status it is
/// to be answered here, if it is.
async fn intercepted(request: &Request, shared: &Shared) -> Option<u16> {
    shared.requests.push(format!("{} {}", request.method, request.path));
    let hangs = |rule: &Rule| matches!(rule, Rule::Hang(part) if request.path.contains(part));
    let mut switches = shared.switches.subscribe();
    let free = switches
        .wait_for(|switches| switches.mode != Mode::Stall && !switches.rules.iter().any(hangs));
    let length = request.length().unwrap_or_default();
    let too_long = |rule: &Rule| matches!(rule, Rule::LimitBody(limit) if length > *limit);
    let switches = free.await.ok()?;
    match switches.mode {
        Mode::Answer(status) => Some(status),
        _ => switches.rules.iter().any(too_long).then_some(413),
    }
}

fn loses_answer(request: &Request, shared: &Shared) -> bool {
    let loses = |rule: &Rule| matches!(rule, Rule::LoseAnswer(it) if request.path.contains(it));
    shared.switches.borrow().rules.iter().any(loses)
}

/// Answers in the server's stead and closes. With 200 it is an empty object, which swallows a
/// transaction.
async fn answer(to: &mut (impl AsyncWrite + Unpin), status: u16) -> io::Result<()> {
    let (kind, body) = match status {
        200 => ("application/json", "{}"),
        _ => ("text/html", "<html>from the proxy</html>"),
    };
    let head = format!(
        "HTTP/1.1 {status} From The Proxy\r\ncontent-type: {kind}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    to.write_all(head.as_bytes()).await?;
    to.shutdown().await
}
