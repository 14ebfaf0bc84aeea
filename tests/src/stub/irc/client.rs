//! One connection: reads commands, and writes what has gathered for it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Result;
use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
};

use super::{channel::Channel, state::State};

/// A client, as others see it.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: u64,
    name: Mutex<Name>,
    tags: AtomicBool,
    /// What is to be written; whoever adds to an empty one rings.
    output: Mutex<String>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Name {
    nick: String,
    user: String,
    registered: bool,
}

impl Client {
    pub(super) fn nick(&self) -> String {
        self.name.lock().unwrap_or_else(PoisonError::into_inner).nick.clone()
    }

    pub(super) fn mask(&self) -> String {
        let name = self.name.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{}!{}@stub.example", name.nick, name.user)
    }

    pub(super) fn has_tags(&self) -> bool {
        self.tags.load(Ordering::Relaxed)
    }

    pub(super) fn write(&self, text: &str) {
        self.write_tagged("", text);
    }

    /// Writes a line with tags, if there are any and the client understands them.
    pub(super) fn write_tagged(&self, tags: &str, line: &str) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let ring = output.is_empty();
        if !tags.is_empty() && self.has_tags() {
            output.push('@');
            output.push_str(tags);
            output.push(' ');
        }
        output.push_str(line);
        drop(output);
        if ring {
            self.bell.notify_one();
        }
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(stream: TcpStream, state: Arc<State>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let client = Arc::new(Client {
        id: state.number(),
        name: Mutex::default(),
        tags: AtomicBool::new(false),
        output: Mutex::default(),
        bell: Notify::new(),
    });
    let (reader, writer) = stream.into_split();
    let mut here = Here { client: client.clone(), state, channels: HashMap::new() };
    // Either side ends with the connection.
    tokio::select! {
        _ = here.read(reader) => {}
        _ = write(&client, writer) => {}
    }
    here.leave();
}

async fn write(client: &Client, mut writer: OwnedWriteHalf) -> Result<()> {
    loop {
        let text = {
            let mut output = client.output.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *output)
        };
        if text.is_empty() {
            client.bell.notified().await;
        } else {
            writer.write_all(text.as_bytes()).await?;
        }
    }
}

/// A connection at work.
struct Here {
    client: Arc<Client>,
    state: Arc<State>,
    channels: HashMap<String, Arc<Channel>>,
}

impl Here {
    async fn read(&mut self, mut reader: OwnedReadHalf) -> Result<()> {
        let mut input = BytesMut::with_capacity(4096);
        while reader.read_buf(&mut input).await? > 0 {
            while let Some(end) = input.iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8_lossy(&input[..end]).into_owned();
                input.advance(end + 1);
                if !self.obey(line.trim_end()) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Does what a line says; `false` ends the connection.
    fn obey(&mut self, line: &str) -> bool {
        let line = match line.strip_prefix('@') {
            Some(tagged) => tagged.split_once(' ').map_or("", |(_, rest)| rest),
            None => line,
        };
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (first, more) = rest.split_once(' ').unwrap_or((rest, ""));
        match command {
            "PRIVMSG" | "NOTICE" => {
                if let Some(channel) = self.channels.get(first) {
                    let text = more.strip_prefix(':').unwrap_or(more);
                    channel.take(&self.client, text, &self.state.ledger);
                }
            }
            "CAP" => self.cap(first, more),
            "NICK" => self.name(first.trim_start_matches(':'), None),
            "USER" => self.name("", Some(first)),
            "JOIN" => {
                for name in first.trim_start_matches(':').split(',') {
                    let channel = self.state.channel(name);
                    channel.enter(&self.client, self.state.number());
                    self.channels.insert(name.to_owned(), channel);
                }
            }
            "PART" => self.part(first),
            "MODE" => {
                if let Some(channel) = self.channels.get(first) {
                    self.client.write(&channel.modes(&self.client.nick()));
                }
            }
            "PING" => self.client.write(&format!(":stub PONG stub {rest}\r\n")),
            "QUIT" => return false,
            _ => {}
        }
        true
    }

    fn cap(&self, command: &str, more: &str) {
        match command {
            "LS" if self.state.features.history => {
                self.client.write(":stub CAP * LS :batch message-tags server-time\r\n");
            }
            "LS" => self.client.write(":stub CAP * LS :\r\n"),
            "REQ" => {
                self.client.tags.store(true, Ordering::Relaxed);
                self.client.write(&format!(":stub CAP * ACK {more}\r\n"));
            }
            "END" => self.welcome(),
            _ => {}
        }
    }

    fn name(&self, nick: &str, user: Option<&str>) {
        let mut name = self.client.name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = user {
            user.clone_into(&mut name.user);
        } else if !name.registered {
            nick.clone_into(&mut name.nick);
        }
    }

    /// Ends the registration.
    fn welcome(&self) {
        let nick = {
            let mut name = self.client.name.lock().unwrap_or_else(PoisonError::into_inner);
            name.registered = true;
            name.nick.clone()
        };
        self.state.clients.lock().unwrap_or_else(PoisonError::into_inner).insert(nick.clone());
        let (mask, limit) = (self.client.mask(), self.state.features.channels);
        self.client.write(&format!(
            ":stub 001 {nick} :Welcome {mask}\r\n:stub 005 {nick} CASEMAPPING=ascii CHANTYPES=# \
             CHANLIMIT=#:{limit} NICKLEN=30 CHANNELLEN=64 NETWORK=Stub :are supported by this \
             server\r\n:stub 422 {nick} :No message of the day\r\n"
        ));
    }

    fn part(&mut self, name: &str) {
        let told = format!(":{} PART {name}\r\n", self.client.mask());
        if let Some(channel) = self.channels.remove(name) {
            channel.leave(&self.client, &told);
        }
        self.client.write(&told);
    }

    fn leave(&mut self) {
        let told = format!(":{} QUIT :gone\r\n", self.client.mask());
        for (_, channel) in self.channels.drain() {
            channel.leave(&self.client, &told);
        }
        let nick = self.client.nick();
        self.state.clients.lock().unwrap_or_else(PoisonError::into_inner).remove(&nick);
    }
}
