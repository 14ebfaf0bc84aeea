//! As much of HTTP/1.1 as the bridge speaks: requests with a `Content-Length`, kept alive.

use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A request, in the buffer that it was read into.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `PUT` and so on.
    pub method: &'a str,
    /// The path, still encoded, without the query.
    pub path: &'a str,
    /// What follows the `?`; empty if nothing does.
    pub query: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// An answer, whose body is JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status, such as 200.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Reply {
    /// 200 with this body.
    pub fn ok(body: impl Into<String>) -> Self {
        Self { status: 200, body: body.into() }
    }

    /// 404 `M_NOT_FOUND`.
    pub fn not_found() -> Self {
        Self { status: 404, body: r#"{"errcode":"M_NOT_FOUND","error":"not found"}"#.to_owned() }
    }
}

/// What answers requests. Those of one connection are answered one after the other.
pub trait Service: Send + Sync + 'static {
    /// Answers one.
    fn answer(&self, request: Request<'_>) -> impl Future<Output = Reply> + Send;
}

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves on a loopback port. Connections end with it.
    pub async fn start(port: u16, service: Arc<impl Service>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    Ok((stream, _)) = listener.accept() => {
                        connections.spawn(serve(stream, service.clone()));
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(Self { accepting })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, service: Arc<impl Service>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BytesMut::with_capacity(16 * 1024);
    let mut output = Vec::with_capacity(1024);
    while stream.read_buf(&mut input).await? > 0 {
        while let Some(head) = Head::read(&input)? {
            let whole = head.length + head.body;
            if input.len() < whole {
                input.reserve(whole - input.len());
                break;
            }
            let text = std::str::from_utf8(&input[..head.length])?;
            let (method, rest) = text.split_once(' ').context("no method")?;
            let (target, _) = rest.split_once(' ').context("no target")?;
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let body = &input[head.length..whole];
            let reply = service.answer(Request { method, path, query, body }).await;
            write_reply(&mut output, &reply);
            input.advance(whole);
        }
        stream.write_all(&output).await?;
        output.clear();
    }
    Ok(())
}

fn write_reply(output: &mut Vec<u8>, reply: &Reply) {
    use std::io::Write;
    // Writing to a vector does not fail.
    let _ = write!(
        output,
        "HTTP/1.1 {} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        reply.status,
        reply.body.len(),
        reply.body
    );
}

/// Where the parts of a message are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// How long the head is, with the empty line at its end.
    pub(super) length: usize,
    /// How long the body is.
    pub(super) body: usize,
}

impl Head {
    /// Reads the head of a request or of an answer, if all of it is there.
    pub(super) fn read(input: &[u8]) -> Result<Option<Self>> {
        const NAME: &[u8] = b"content-length:";
        let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let mut body = 0;
        for line in input[..end].split(|byte| *byte == b'\n') {
            if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
                body = std::str::from_utf8(&line[NAME.len()..])?.trim().parse()?;
            }
        }
        Ok(Some(Self { length: end + 4, body }))
    }
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn a_head_is_read_once_it_is_whole() -> anyhow::Result<()> {
        let text = b"PUT /a HTTP/1.1\r\nHost: b\r\nContent-Length: 12\r\n\r\n{}";
        assert_eq!(Head::read(&text[..30])?, None);
        assert_eq!(Head::read(text)?, Some(Head { length: text.len() - 2, body: 12 }));
        Ok(())
    }
}
