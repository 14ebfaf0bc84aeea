//! A request as it is read: its head, and where its body ends.

use std::io::{self, ErrorKind};

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};

/// A request whose head is read and whose body is still to come.
pub(super) struct Request {
    pub(super) head: Vec<u8>,
    pub(super) method: String,
    pub(super) path: String,
    body: Body,
}

enum Body {
    Length(u64),
    Chunked,
}

impl Request {
    pub(super) async fn read(from: &mut BufReader<impl AsyncRead + Unpin>) -> io::Result<Self> {
        let head = read_head(from).await?;
        let text = String::from_utf8_lossy(&head).into_owned();
        let mut lines = text.lines();
        let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut body = Body::Length(0);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                body = Body::Length(value.trim().parse().map_err(|_| ErrorKind::InvalidData)?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                body = Body::Chunked;
            }
        }
        Ok(Self { head, method, path, body })
    }

    /// How long the body is, if the head says so.
    pub(super) fn length(&self) -> Option<u64> {
        match self.body {
            Body::Length(length) => Some(length),
            Body::Chunked => None,
        }
    }

    /// Passes on the body, which follows the head.
    pub(super) async fn forward_body(
        &self,
        from: &mut BufReader<impl AsyncRead + Unpin>,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        match self.body {
            Body::Length(length) => copy(from, to, length).await?,
            Body::Chunked => copy_chunks(from, to).await?,
        }
        to.flush().await
    }
}

/// The request line and headers up to the empty line, as they came.
async fn read_head(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    loop {
        let start = head.len();
        if from.read_until(b'\n', &mut head).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if head[start..].trim_ascii().is_empty() {
            return Ok(head);
        }
    }
}

async fn copy(
    from: &mut BufReader<impl AsyncRead + Unpin>,
    to: &mut (impl AsyncWrite + Unpin),
    length: u64,
) -> io::Result<()> {
    if tokio::io::copy(&mut from.take(length), to).await? < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Chunks, each headed by its length in hexadecimal, to the empty one and the line after it.
async fn copy_chunks(
    from: &mut BufReader<impl AsyncRead + Unpin>,
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    loop {
        let mut line = String::new();
        from.read_line(&mut line).await?;
        to.write_all(line.as_bytes()).await?;
        let digits = line.trim_end().split(';').next().unwrap_or_default();
        let length = u64::from_str_radix(digits, 16).map_err(|_| ErrorKind::InvalidData)?;
        copy(from, to, length + 2).await?;
        if length == 0 {
            return Ok(());
        }
    }
}
