//! Bytes both ways.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use super::Shared;

/// Carries bytes until both directions have ended.
pub(super) async fn carry(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    shared.flowing().await;
    let mut server = TcpStream::connect(&shared.target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    tokio::try_join!(
        pump(&mut from_client, &mut to_server, shared),
        pump_injected(&mut from_server, &mut to_client, shared),
    )?;
    Ok(())
}

/// Carries bytes one way until they end. A stall holds back what has been read.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    shared: &Shared,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        shared.flowing().await;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}

/// As [`pump`], with what a test puts in between two lines.
async fn pump_injected(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    shared: &Shared,
) -> io::Result<()> {
    let mut switches = shared.switches.subscribe();
    let mut done = switches.borrow_and_update().injected.len();
    let mut buffer = vec![0; 16 * 1024];
    let mut at_line_start = false;
    loop {
        let more: Vec<Arc<[u8]>> = if at_line_start {
            switches.borrow_and_update().injected[done..].to_vec()
        } else {
            Vec::new()
        };
        for bytes in &more {
            to.write_all(bytes).await?;
        }
        done += more.len();
        tokio::select! {
            Ok(()) = switches.changed() => {}
            length = from.read(&mut buffer) => {
                let length = length?;
                shared.flowing().await;
                if length == 0 {
                    return to.shutdown().await;
                }
                to.write_all(&buffer[..length]).await?;
                at_line_start = buffer[length - 1] == b'\n';
            }
        }
    }
}
