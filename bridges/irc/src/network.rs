//! IRC as the core's [`Network`]: one hub a network, and the way from a row to its lines.

mod deliver;
mod setup;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bridge_core::{
    config::ConfigError,
    content::caps::TextFormat,
    doctor::Trouble,
    id::{GhostKey, PortalKey, SessionGroup},
    network::{
        Action, Answer, Author, Caps, ChannelInfo, Delivery, Descriptor, Fields, Idempotency,
        InFlight, LinkState, MentionTarget, Network, NetworkEnv, NetworkError, OpenError, Ordering,
        Outgoing, Remote, Settlement, Signal, Support, TextCaps, Ticket, Token,
    },
    ruma::{RoomId, UserId},
};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::deliver::refused;
use crate::{
    casemap::CaseMapping,
    command,
    config::Config,
    hub::{Command, Hub, Setup, Verdict},
    id::{self, Target},
    journal, probe,
    view::{View, Viewer},
};

/// How long the lines of a former process wait for what the server plays back.
const RECONCILED: Duration = Duration::from_secs(30);

/// How long a link waits for the yes of an operator. The question stays open beyond that.
const CONSENT: Duration = Duration::from_mins(1);

/// All IRC networks of a bridge.
pub struct Irc {
    networks: BTreeMap<String, One>,
}

/// One network, before and while it runs.
struct One {
    setup: Setup,
    commands: mpsc::UnboundedSender<Command>,
    /// What the hub lets us see.
    viewer: Viewer,
    /// Taken by the run.
    inbox: Mutex<Option<Inbox>>,
}

/// The hub's ends of its channels.
type Inbox = (mpsc::UnboundedReceiver<Command>, watch::Sender<View>);

impl Network for Irc {
    const KIND: &'static str = "irc";
    type Config = Config;

    fn descriptor() -> Descriptor {
        Descriptor {
            name: "IRC",
            bot: "_ircbot",
            ghost_template: "_irc_{network}_{nick}",
            alias_template: "_irc_{network}_{channel}",
            example: include_str!("example.yaml"),
            answers: &[Answer {
                flag: "irc-server",
                question: "The IRC server, irc://host:6667 or ircs://host:6697 for TLS",
                default: "irc://127.0.0.1:6667",
            }],
        }
    }

    fn new(config: Config, env: NetworkEnv) -> Result<Self, ConfigError> {
        if config.networks.is_empty() {
            return Err(ConfigError::new(
                "irc.networks",
                "there is no network",
                "name at least one, such as `local: {servers: [\"irc://127.0.0.1:6667\"]}`",
            ));
        }
        let networks = config
            .networks
            .into_iter()
            .map(|(name, network)| {
                let setup = setup::setup(&name, network, &env)?;
                let (commands, inbox) = mpsc::unbounded_channel();
                let (view, viewer) = watch::channel(View::default());
                let inbox = Mutex::new(Some((inbox, view)));
                Ok((name, One { setup, commands, viewer, inbox }))
            })
            .collect::<Result<_, ConfigError>>()?;
        Ok(Self { networks })
    }

    async fn run(
        self: Arc<Self>,
        remote: Remote,
        shutdown: CancellationToken,
    ) -> Result<(), NetworkError> {
        let tasks = TaskTracker::new();
        let (verdict, verdicts) = mpsc::unbounded_channel();
        let (journal, entries) = journal::journal();
        tasks.spawn(journal::run(remote.clone(), entries, shutdown.clone()));
        for (name, one) in &self.networks {
            let Some((inbox, view)) = one.inbox.lock().await.take() else { continue };
            let down = LinkState::Down {
                what: "not connected yet".to_owned(),
                fix: "wait, or check the server's address".to_owned(),
            };
            remote.link(name, &down);
            let (hub, events) = Hub::new(
                one.setup.clone(),
                remote.clone(),
                journal.clone(),
                one.commands.clone(),
                verdict.clone(),
                view,
            );
            tasks.spawn(hub.run(inbox, events, shutdown.clone()));
        }
        drop((journal, verdict));
        tasks.close();
        tokio::select! {
            () = tasks.wait() => Ok(()),
            why = all_refuse(verdicts, self.networks.len()) => Err(NetworkError::Refused(why)),
        }
    }

    fn caps(&self, portal: &PortalKey) -> Caps {
        let offers = self.find(portal).map(|(one, _)| one.viewer.borrow().offers);
        let offers = offers.unwrap_or_default();
        let native = |offered| if offered { Support::Native } else { Support::Fallback };
        let mut caps = Caps::default();
        caps.reply = native(offers.reply);
        caps.react = native(offers.react);
        caps.delete = native(offers.redact);
        caps.typing = if offers.typing { Support::Native } else { Support::None };
        caps.ban = Support::Native;
        caps.power = Support::Native;
        caps.text =
            TextCaps { max_bytes: Some(400), format: TextFormat::Rich, ..TextCaps::default() };
        caps.members = Support::Native;
        caps.topic = Support::Native;
        caps.ordering = Ordering::PerSender;
        caps.idempotency = Idempotency::ReadBack;
        caps
    }

    fn affinity(&self, portal: &PortalKey) -> SessionGroup {
        let network = portal.as_str().split('/').next().unwrap_or_default();
        network.into()
    }

    fn ghost_fields(&self, key: &GhostKey) -> Fields {
        match id::read_nick(key) {
            Some((network, nick)) => fields([("network", network), ("nick", nick.as_str())]),
            None => Vec::new(),
        }
    }

    fn ghost_key(&self, fields: &Fields) -> Option<GhostKey> {
        let network = self.network_of(fields)?;
        let nick = value(fields, "nick").filter(|nick| id::is_nick(nick))?;
        Some(id::nick_key(network, &CaseMapping::default().fold(nick)))
    }

    fn alias_fields(&self, portal: &PortalKey) -> Option<Fields> {
        match id::read_portal(portal)? {
            (network, Target::Channel(channel)) => {
                Some(fields([("network", network), ("channel", channel.as_str())]))
            }
            _ => None,
        }
    }

    fn portal_of_alias(&self, fields: &Fields) -> Option<PortalKey> {
        let network = self.network_of(fields)?;
        if !self.networks.get(network)?.setup.config.dynamic_channels {
            return None;
        }
        let channel = value(fields, "channel").filter(|name| id::is_channel_name(name))?;
        Some(id::channel_key(network, &CaseMapping::default().fold(channel)))
    }

    fn portal_of_name(&self, remote: &str) -> Result<PortalKey, String> {
        let shape = || format!("{remote:?} is no channel; write `network/#channel`");
        let (network, channel) = remote.split_once('/').ok_or_else(shape)?;
        if !self.networks.contains_key(network) {
            let known: Vec<&str> = self.networks.keys().map(String::as_str).collect();
            return Err(format!(
                "there is no network {network:?}; there are: {}",
                known.join(", ")
            ));
        }
        if !id::is_channel_name(channel) {
            return Err(shape());
        }
        Ok(id::channel_key(network, &CaseMapping::default().fold(channel)))
    }

    fn direct_portal(&self, user: &UserId, ghost: &GhostKey) -> Option<PortalKey> {
        let (network, nick) = id::read_nick(ghost)?;
        Some(id::direct_key(network, &nick, user))
    }

    fn configured_rooms(&self) -> Vec<(PortalKey, String)> {
        let of = |(network, one): (&String, &One)| {
            let key =
                |channel: &String| id::channel_key(network, &CaseMapping::default().fold(channel));
            let rooms = one.setup.config.rooms.iter();
            rooms.map(|(channel, room)| (key(channel), room.clone())).collect::<Vec<_>>()
        };
        self.networks.iter().flat_map(of).collect()
    }

    async fn open(&self, portal: &PortalKey) -> Result<ChannelInfo, OpenError> {
        let Some((one, Target::Channel(channel))) = self.find(portal) else {
            return Ok(ChannelInfo::default());
        };
        let (answer, answered) = oneshot::channel();
        let channel = channel.as_str().to_owned();
        drop(one.commands.send(Command::Open { channel, answer }));
        let gone = |_| OpenError::Unavailable("the bridge stops".to_owned());
        answered.await.map_err(gone)?
    }

    fn space(&self, portal: &PortalKey) -> String {
        self.affinity(portal).to_string()
    }

    async fn probe(&self) -> Vec<Trouble> {
        let mut found = Vec::new();
        for one in self.networks.values() {
            found.extend(probe::probe(&one.setup).await);
        }
        found
    }

    async fn consent(&self, portal: &PortalKey, room: &RoomId) -> Result<(), OpenError> {
        let Some((one, Target::Channel(channel))) = self.find(portal) else { return Ok(()) };
        let (answer, answered) = oneshot::channel();
        let name = channel.clone();
        drop(one.commands.send(Command::Consent { channel, room: room.to_string(), answer }));
        match tokio::time::timeout(CONSENT, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(OpenError::Unavailable("the bridge stops".to_owned())),
            Err(_) => Err(OpenError::Refused(format!(
                "the operators of {name} were asked there and none has answered yet; once one \
                 says yes, link it again"
            ))),
        }
    }

    async fn forget(&self, user: &UserId) {
        for one in self.networks.values() {
            drop(one.commands.send(Command::ForgetUser(user.to_owned())));
        }
    }

    async fn close(&self, portal: &PortalKey) {
        if let Some((one, Target::Channel(channel))) = self.find(portal) {
            drop(one.commands.send(Command::Close { channel }));
        }
    }

    async fn deliver(&self, outgoing: Outgoing, ticket: Ticket) -> Delivery {
        let Some((one, target)) = self.find(&outgoing.portal) else {
            return refused("the network is not configured any more");
        };
        match (&outgoing.action, &target) {
            (Action::Join, Target::Channel(channel)) => {
                let user = outgoing.author.user_id.clone();
                let name = outgoing.author.display_name.clone();
                drop(one.commands.send(Command::Join { user, name, channel: channel.clone() }));
                Delivery::Done { ids: Vec::new() }
            }
            (Action::Leave { reason }, Target::Channel(channel)) => {
                let (user, reason) = (outgoing.author.user_id.clone(), reason.clone());
                drop(one.commands.send(Command::Leave { user, channel: channel.clone(), reason }));
                Delivery::Done { ids: Vec::new() }
            }
            (Action::Join | Action::Leave { .. }, _) => Delivery::Done { ids: Vec::new() },
            _ => one.say(outgoing, &target, &ticket).await,
        }
    }

    async fn reconcile(&self, portal: &PortalKey, rows: Vec<InFlight>) -> Vec<(Token, Settlement)> {
        let Some((one, Target::Channel(channel))) = self.find(portal) else { return Vec::new() };
        let (answer, answered) = oneshot::channel();
        drop(one.commands.send(Command::Reconcile { channel, rows, answer }));
        match tokio::time::timeout(RECONCILED, answered).await {
            Ok(Ok(settled)) => settled,
            _ => Vec::new(),
        }
    }

    async fn command(
        &self,
        user: &UserId,
        portal: Option<&PortalKey>,
        words: &str,
    ) -> Option<String> {
        // Where, if it is said; else here; else the only one.
        let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
        let (one, words) = match (self.networks.get(first), portal) {
            (Some(one), _) => (one, rest),
            (None, Some(portal)) => (self.find(portal)?.0, words),
            (None, None) if self.networks.len() == 1 => (self.networks.values().next()?, words),
            (None, None) => {
                let names: Vec<&str> = self.networks.keys().map(String::as_str).collect();
                return Some(format!("Name the network first: {}", names.join(", ")));
            }
        };
        let order = match command::parse(words) {
            Ok(order) => order,
            Err(fault) => return Some(fault),
        };
        let (answer, answered) = oneshot::channel();
        drop(one.commands.send(Command::Order { user: user.to_owned(), order, answer }));
        Some(answered.await.unwrap_or_else(|_| "The network is stopped.".to_owned()))
    }

    fn name_of(&self, portal: &PortalKey, who: &MentionTarget) -> Option<String> {
        let (one, _) = self.find(portal)?;
        let view = one.viewer.borrow();
        match who {
            MentionTarget::User(user) => view.puppets.get(user).cloned(),
            MentionTarget::Ghost(key) => {
                let (_, nick) = id::read_nick(&GhostKey::from(key.as_str()))?;
                Some(view.write(&nick))
            }
            MentionTarget::Room => None,
        }
    }

    fn signal(&self, portal: &PortalKey, author: &Author, signal: &Signal) {
        let Some((one, target)) = self.find(portal) else { return };
        let target = match target {
            Target::Channel(channel) => channel,
            Target::Direct { nick, .. } => nick,
        };
        let is_typing = match signal {
            Signal::TypingStarted => true,
            Signal::TypingStopped => false,
            _ => return,
        };
        let user = author.user_id.clone();
        drop(one.commands.send(Command::Types { user, target, is_typing }));
    }
}

impl Irc {
    fn find(&self, portal: &PortalKey) -> Option<(&One, Target)> {
        let (network, target) = id::read_portal(portal)?;
        Some((self.networks.get(network)?, target))
    }

    fn network_of<'a>(&self, fields: &'a Fields) -> Option<&'a str> {
        value(fields, "network").filter(|network| self.networks.contains_key(*network))
    }
}

/// Waits until each of the networks has refused the first connection to it; for ever if one did not.
async fn all_refuse(mut verdicts: mpsc::UnboundedReceiver<Verdict>, networks: usize) -> String {
    let mut whys = Vec::new();
    while whys.len() < networks {
        match verdicts.recv().await {
            Some(Err(why)) => whys.push(why),
            Some(Ok(())) | None => return std::future::pending().await,
        }
    }
    whys.join("; ")
}

fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn value<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}
