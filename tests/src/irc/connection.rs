//! The connection: registration, a reader that answers pings, and what a user types.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, WriteHalf, split},
    net::TcpStream,
    sync::Mutex,
    task::JoinHandle,
};
use tokio_rustls::TlsConnector;

use super::Line;
use crate::{Inbox, rig::Tls, wait::PATIENCE};

trait Socket: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Socket for T {}

type Writer = Arc<Mutex<WriteHalf<Box<dyn Socket>>>>;

/// How to connect.
#[derive(Debug)]
pub struct IrcLogin<'a> {
    address: &'a str,
    nick: &'a str,
    tls: Option<&'a Tls>,
    capabilities: &'a [&'a str],
}

impl<'a> IrcLogin<'a> {
    /// As `nick`, to the server at `address`, in clear and without capabilities.
    pub fn new(address: &'a str, nick: &'a str) -> Self {
        Self { address, nick, tls: None, capabilities: &[] }
    }

    /// Over TLS.
    #[must_use]
    pub fn tls(mut self, tls: &'a Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Asks for capabilities; the connection fails if the server refuses them.
    #[must_use]
    pub fn capabilities(mut self, names: &'a [&'a str]) -> Self {
        self.capabilities = names;
        self
    }

    /// Connects and waits for the welcome.
    pub async fn connect(self) -> Result<IrcUser> {
        let (reader, writer) = split(self.socket().await?);
        let writer = Arc::new(Mutex::new(writer));
        let lines = Arc::new(Inbox::default());
        let task = tokio::spawn(read(BufReader::new(reader), writer.clone(), lines.clone()));
        let user = IrcUser { nick: self.nick.to_owned(), writer, lines, task };

        if !self.capabilities.is_empty() {
            user.raw(&format!("CAP REQ :{}", self.capabilities.join(" "))).await?;
        }
        user.raw(&format!("NICK {}", self.nick)).await?;
        user.raw(&format!("USER {} 0 * :{}", self.nick, self.nick)).await?;
        if !self.capabilities.is_empty() {
            let answer = user
                .wait_for("the answer to CAP REQ", |line| {
                    line.command == "CAP" && matches!(line.param(1), "ACK" | "NAK")
                })
                .await?;
            if answer.param(1) == "NAK" {
                bail!("the server refuses the capabilities {}", answer.text());
            }
            user.raw("CAP END").await?;
        }
        let welcome = user
            .wait_for("the welcome", |line| {
                line.command == "001" || (line.is_error() && line.command != "422")
            })
            .await?;
        if welcome.is_error() {
            bail!("{} cannot register: {welcome:?}", self.nick);
        }
        Ok(user)
    }

    async fn socket(&self) -> Result<Box<dyn Socket>> {
        let socket = TcpStream::connect(self.address)
            .await
            .with_context(|| format!("cannot connect to {}", self.address))?;
        socket.set_nodelay(true)?;
        let Some(tls) = self.tls else { return Ok(Box::new(socket)) };
        let connector = TlsConnector::from(tls.client_config()?);
        let name = ServerName::try_from("localhost")?;
        Ok(Box::new(connector.connect(name, socket).await?))
    }
}

/// A user on a server. Dropping it closes the socket without a word.
#[derive(Debug)]
pub struct IrcUser {
    nick: String,
    writer: Writer,
    lines: Arc<Inbox<Line>>,
    task: JoinHandle<()>,
}

impl IrcUser {
    /// Connects in clear and without capabilities.
    pub async fn connect(address: &str, nick: &str) -> Result<Self> {
        IrcLogin::new(address, nick).connect().await
    }

    /// The nick chosen last.
    pub fn nick(&self) -> &str {
        &self.nick
    }

    /// Everything received so far.
    pub fn lines(&self) -> Vec<Line> {
        self.lines.all()
    }

    /// What is received, for waits of one's own.
    pub fn inbox(&self) -> &Inbox<Line> {
        &self.lines
    }

    /// Channel messages and actions so far: who said what, in order. An action reads `* text`.
    pub fn said_in(&self, channel: &str) -> Vec<(String, String)> {
        let said = |line: &Line| {
            let text = line.action().map_or_else(|| line.text().to_owned(), |it| format!("* {it}"));
            (line.nick().to_owned(), text)
        };
        let lines = self.lines.all();
        let here = lines.iter().filter(|it| it.command == "PRIVMSG" && it.param(0) == channel);
        here.map(said).collect()
    }

    /// Sends a line as it is.
    pub async fn raw(&self, line: &str) -> Result<()> {
        self.bytes(format!("{line}\r\n").as_bytes()).await
    }

    /// Sends bytes as they are, for what no client would send.
    pub async fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut writer = self.writer.lock().await;
        writer.write_all(bytes).await?;
        Ok(writer.flush().await?)
    }

    /// Joins a channel and waits until that has succeeded or failed.
    pub async fn join(&self, channel: &str) -> Result<()> {
        // 366 ends the list of members; before it only an error names the channel.
        let answer = self
            .ask(&format!("JOIN {channel}"), |line| {
                (line.command == "366" || line.is_error()) && line.param(1) == channel
            })
            .await?;
        if answer.is_error() {
            bail!("{} cannot join {channel}: {answer:?}", self.nick);
        }
        Ok(())
    }

    /// Leaves a channel.
    pub async fn part(&self, channel: &str, reason: &str) -> Result<()> {
        self.raw(&format!("PART {channel} :{reason}")).await
    }

    /// Leaves the server and waits until it has closed the connection.
    pub async fn quit(&self, reason: &str) -> Result<()> {
        self.raw(&format!("QUIT :{reason}")).await?;
        let closed = async || Ok(self.lines.closed());
        crate::wait::until("the connection closes", PATIENCE, closed).await?;
        Ok(())
    }

    /// Says something to a channel or user.
    pub async fn privmsg(&self, target: &str, text: &str) -> Result<()> {
        self.raw(&format!("PRIVMSG {target} :{text}")).await
    }

    /// Sends a notice.
    pub async fn notice(&self, target: &str, text: &str) -> Result<()> {
        self.raw(&format!("NOTICE {target} :{text}")).await
    }

    /// Does something, as `/me` does.
    pub async fn action(&self, target: &str, text: &str) -> Result<()> {
        self.privmsg(target, &format!("\u{1}ACTION {text}\u{1}")).await
    }

    /// Sets a topic.
    pub async fn topic(&self, channel: &str, topic: &str) -> Result<()> {
        self.raw(&format!("TOPIC {channel} :{topic}")).await
    }

    /// Sets modes.
    pub async fn mode(&self, target: &str, modes: &str) -> Result<()> {
        self.raw(&format!("MODE {target} {modes}")).await
    }

    /// Takes another nick and waits until the server says so.
    pub async fn rename(&mut self, nick: &str) -> Result<()> {
        let answer = self
            .ask(&format!("NICK {nick}"), |line| {
                let renamed = line.command == "NICK" && line.nick() == self.nick;
                renamed && line.param(0) == nick || line.is_error() && line.param(1) == nick
            })
            .await?;
        if answer.is_error() {
            bail!("{} cannot become {nick}: {answer:?}", self.nick);
        }
        nick.clone_into(&mut self.nick);
        Ok(())
    }

    /// Who is in a channel, by nick, without the signs of rank.
    pub async fn names(&self, channel: &str) -> Result<Vec<String>> {
        let seen = self.lines.count();
        self.raw(&format!("NAMES {channel}")).await?;
        self.lines
            .wait(format_args!("the names in {channel}"), PATIENCE, |lines| {
                let fresh = &lines[seen..];
                fresh.iter().find(|line| line.command == "366" && line.param(1) == channel)?;
                let lists = fresh.iter().filter(|it| it.command == "353" && it.param(2) == channel);
                let nicks = lists.flat_map(|line| line.text().split_ascii_whitespace());
                Some(nicks.map(plain_nick).collect())
            })
            .await
    }

    /// Sends a line and waits for a line that comes after it.
    pub async fn ask(&self, request: &str, fits: impl Fn(&Line) -> bool) -> Result<Line> {
        let seen = self.lines.count();
        self.raw(request).await?;
        let what = format!("the answer to {request:?} (to {} on IRC)", self.nick);
        self.lines
            .wait(what, PATIENCE, |lines| lines[seen..].iter().find(|line| fits(line)).cloned())
            .await
    }

    /// Waits for a line, whether it has come already or not.
    pub async fn wait_for(
        &self,
        what: impl fmt::Display,
        fits: impl Fn(&Line) -> bool,
    ) -> Result<Line> {
        self.wait_for_within(what, PATIENCE, fits).await
    }

    /// [`IrcUser::wait_for`] with a deadline of one's own.
    pub async fn wait_for_within(
        &self,
        what: impl fmt::Display,
        deadline: Duration,
        fits: impl Fn(&Line) -> bool,
    ) -> Result<Line> {
        let what = format!("{what} (to {} on IRC)", self.nick);
        self.lines.wait_for(what, deadline, fits).await
    }
}

impl Drop for IrcUser {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Drops the signs of rank and, where the server adds them, user and host.
fn plain_nick(name: &str) -> String {
    let name = name.trim_start_matches(['~', '&', '@', '%', '+', '!']);
    name.split('!').next().unwrap_or(name).to_owned()
}

async fn read(
    mut reader: BufReader<impl AsyncRead + Unpin>,
    writer: Writer,
    lines: Arc<Inbox<Line>>,
) {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match reader.read_until(b'\n', &mut bytes).await {
            Ok(0) => return lines.close("the server has closed the connection"),
            Err(error) => return lines.close(error),
            Ok(_) => {}
        }
        let line = Line::parse(&bytes);
        if line.command == "PING" {
            let pong = format!("PONG :{}\r\n", line.text());
            let _ = writer.lock().await.write_all(pong.as_bytes()).await;
        } else {
            lines.push(line);
        }
    }
}
