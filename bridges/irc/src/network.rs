//! IRC as the core's [`Network`]: one hub a network, and the way from a row to its lines.

mod deliver;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bridge_core::{
    config::ConfigError,
    content::caps::TextFormat,
    doctor::Trouble,
    id::{GhostKey, PortalKey, SessionGroup},
    network::{
        Action, Answer, Caps, ChannelInfo, Delivery, Descriptor, Fields, Idempotency, InFlight,
        LinkState, Network, NetworkEnv, NetworkError, OpenError, Ordering, Outgoing, Remote,
        Settlement, Support, TextCaps, Ticket, Token, journal,
    },
    ruma::{RoomId, UserId},
};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::deliver::refused;
use crate::{
    casemap::CaseMapping,
    config::{Config, NetworkConfig},
    hub::{Command, Hub, Setup, Verdict},
    id::{self, Target},
    nick::NickTemplate,
    probe,
    sasl::{Sasl, Secret},
    tls::{self, TlsOptions, Verification},
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
    /// Taken by the run.
    inbox: Mutex<Option<mpsc::UnboundedReceiver<Command>>>,
}

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
                let setup = setup(&name, network, &env)?;
                let (commands, inbox) = mpsc::unbounded_channel();
                Ok((name, One { setup, commands, inbox: Mutex::new(Some(inbox)) }))
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
            let Some(inbox) = one.inbox.lock().await.take() else { continue };
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

    fn caps(&self, _portal: &PortalKey) -> Caps {
        let mut caps = Caps::default();
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
            (Action::Message(_) | Action::Edit { .. }, _) => {
                one.say(outgoing, &target, &ticket).await
            }
            (Action::Topic(_) | Action::Kick { .. }, Target::Channel(channel)) => {
                one.command(&outgoing, channel, &ticket).await
            }
            _ => Delivery::Done { ids: Vec::new() },
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

fn setup(name: &str, config: NetworkConfig, env: &NetworkEnv) -> Result<Setup, ConfigError> {
    let key = |part: &str| format!("irc.networks.{name}.{part}");
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 16 || !name.chars().all(legal) {
        return Err(ConfigError::new(
            format!("irc.networks.{name}"),
            "this cannot be the name of a network",
            "use up to 16 lower-case letters, digits and `-`",
        ));
    }
    if config.servers.is_empty() {
        return Err(ConfigError::new(
            key("servers"),
            "there is no server",
            "write at least one, such as `irc://127.0.0.1:6667`",
        ));
    }
    let servers = config
        .servers
        .iter()
        .map(|server| {
            server.parse().map_err(|error: crate::address::AddressError| {
                ConfigError::new(
                    key("servers"),
                    error.to_string(),
                    "write `irc://host:6667`, or `ircs://host:6697` for TLS",
                )
            })
        })
        .collect::<Result<_, _>>()?;
    let nicks: NickTemplate =
        config.puppet_nick.parse().map_err(|error: crate::nick::TemplateError| {
            ConfigError::new(key("puppet_nick"), error.to_string(), "write `{name}[m]`")
        })?;
    let read = |path: &std::path::Path, part: &str| {
        let path = env.folder.join(path);
        std::fs::read_to_string(&path)
            .map(|text| Secret::from(text.trim_end_matches(['\r', '\n']).to_owned()))
            .map_err(|error| {
                ConfigError::new(
                    key(part),
                    format!("{} cannot be read: {error}", path.display()),
                    "write the password into this file, readable by the bridge alone",
                )
            })
    };
    let pass = config.password_file.as_deref().map(|p| read(p, "password_file")).transpose()?;
    let sasl = config
        .sasl
        .as_ref()
        .map(|sasl| match (sasl.mechanism.as_str(), &sasl.account, &sasl.password_file) {
            ("PLAIN", Some(account), Some(file)) => Ok(Sasl::Plain {
                account: account.clone(),
                password: read(file, "sasl.password_file")?,
            }),
            ("EXTERNAL", _, _) => Ok(Sasl::External),
            _ => Err(ConfigError::new(
                key("sasl"),
                "this is no way to log in",
                "write `{mechanism: PLAIN, account: name, password_file: file}`, or EXTERNAL",
            )),
        })
        .transpose()?;
    let options = TlsOptions {
        ca_file: config.tls.ca_file.as_ref().map(|file| env.folder.join(file)),
        verification: if config.tls.verify { Verification::Required } else { Verification::Off },
        identity: None,
    };
    let tls = if config.servers.iter().any(|server| server.starts_with("ircs:")) {
        Some(tls::client_config(&options).map_err(|error| {
            ConfigError::new(key("tls"), error.to_string(), "correct `ca_file` or `verify`")
        })?)
    } else {
        None
    };
    Ok(Setup { name: name.to_owned(), config, servers, tls, nicks, pass, sasl })
}
