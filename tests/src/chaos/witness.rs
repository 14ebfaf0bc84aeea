//! A bystander on IRC who remembers everything that the server said in the channel.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use tokio::task::JoinHandle;

use super::verdict::Said;
use crate::{
    Inbox,
    irc::{IrcLogin, IrcUser, Line},
};

/// What lines need in order to be known again when they are played back.
const CAPABILITIES: &[&str] = &["batch", "message-tags", "server-time"];

/// Pause between attempts to connect to a server that is being restarted.
const PAUSE: Duration = Duration::from_millis(100);

/// A line, once, whether it was heard as it was said or played back.
#[derive(Clone, Debug)]
struct Heard {
    said: Said,
    msgid: String,
    /// In which life of the server it was said.
    life: usize,
}

/// Stays in the channel and comes back when the server does.
pub(super) struct Witness {
    heard: Arc<Inbox<Heard>>,
    task: JoinHandle<()>,
}

impl Witness {
    pub(super) async fn start(address: &str, channel: &str) -> Result<Self> {
        let heard = Arc::new(Inbox::default());
        let first = enter(address, channel).await?;
        let task =
            tokio::spawn(listen(address.to_owned(), channel.to_owned(), first, heard.clone()));
        Ok(Self { heard, task })
    }

    /// What these nicks have said, in order.
    pub(super) fn of(&self, nicks: &[&str]) -> Vec<Said> {
        let heard = self.heard.all().into_iter().map(|heard| heard.said);
        heard.filter(|said| nicks.contains(&said.who.as_str())).collect()
    }

    /// What was said after this text in the same life of the server.
    pub(super) fn after(&self, text: &str) -> Vec<Said> {
        let heard = self.heard.all();
        let Some(at) = heard.iter().position(|heard| heard.said.text == text) else {
            return Vec::new();
        };
        let life = heard[at].life;
        let later = heard.into_iter().skip(at + 1).take_while(|heard| heard.life == life);
        later.map(|heard| heard.said).collect()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn enter(address: &str, channel: &str) -> Result<IrcUser> {
    let login = IrcLogin::new(address, "witness").capabilities(CAPABILITIES);
    let user = login.connect().await?;
    user.join(channel).await?;
    Ok(user)
}

async fn listen(address: String, channel: String, first: IrcUser, heard: Arc<Inbox<Heard>>) {
    let mut user = first;
    for life in 0.. {
        let mut seen = 0;
        while let Some(lines) = user.inbox().after(seen).await {
            seen += lines.len();
            for line in lines {
                note(&heard, &line, &channel, life);
            }
        }
        user = loop {
            tokio::time::sleep(PAUSE).await;
            if let Ok(user) = enter(&address, &channel).await {
                break user;
            }
        };
    }
}

fn note(heard: &Inbox<Heard>, line: &Line, channel: &str, life: usize) {
    if line.command != "PRIVMSG" || line.param(0) != channel {
        return;
    }
    let Some(msgid) = line.tags.get("msgid") else { return };
    let said = Said { who: line.nick().to_owned(), text: line.text().to_owned() };
    if heard.all().iter().all(|known| known.msgid != *msgid) {
        heard.push(Heard { said, msgid: msgid.clone(), life });
    }
}
