//! XMPP as the core's [`Network`].

use std::{sync::Arc, time::Duration};

use bridge_core::{
    config::ConfigError,
    id::{GhostKey, PortalKey, SessionGroup},
    network::{
        Action, Answer, Caps, ChannelInfo, Completion, Delivery, Descriptor, Fields, Idempotency,
        InFlight, Network, NetworkEnv, NetworkError, OpenError, Ordering, Outgoing, Refusal,
        Remote, RemoteEvent, RetryScope, Settlement, Support, TextCaps, Ticket, Token, journal,
    },
    store::StoreError,
};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    address,
    config::Config,
    hub::{Command, Hub, NotNow, Prepared, Request, Setup},
    id::{self, Target},
    session::{self, Settings},
    to_network,
};

/// How many stanzas wait for the link at most.
const OUTPUT: usize = 4_096;

/// How many stanzas wait for the hub at most; when it is full, reading stops.
const INPUT: usize = 1_024;

/// How long an event waits until its author is in the room, before others may overtake it.
const SEATED: Duration = Duration::from_secs(30);

/// How long to wait before an event is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// The bridge as a component of an XMPP server.
pub struct Xmpp {
    setup: Setup,
    dynamic: bool,
    rooms: Vec<(PortalKey, String)>,
    commands: mpsc::UnboundedSender<Command>,
    /// Taken by the run.
    inbox: Mutex<Option<mpsc::UnboundedReceiver<Command>>>,
    /// Set by the run.
    remote: tokio::sync::OnceCell<Remote>,
}

impl Network for Xmpp {
    const KIND: &'static str = "xmpp";
    type Config = Config;

    fn descriptor() -> Descriptor {
        Descriptor {
            name: "XMPP",
            bot: "_xmppbot",
            ghost_template: "_xmpp_{jid}",
            alias_template: "_xmpp_{room}_{mucdomain}",
            example: include_str!("example.yaml"),
            answers: &[
                Answer {
                    flag: "xmpp-server",
                    question: "Where the XMPP server listens for components, host:port",
                    default: "127.0.0.1:5347",
                },
                Answer {
                    flag: "xmpp-jid",
                    question: "The domain that the XMPP server sets aside for the bridge",
                    default: "matrix.localhost",
                },
            ],
        }
    }

    fn new(config: Config, env: NetworkEnv) -> Result<Self, ConfigError> {
        let setup = setup(&config, &env)?;
        let rooms = config
            .rooms
            .iter()
            .map(|(room, matrix)| {
                let key = id::muc_key(room).ok_or_else(|| {
                    ConfigError::new(
                        format!("xmpp.rooms.{room}"),
                        "this is no address of a room",
                        "write `room@muc.example.org: \"!room:example.org\"`",
                    )
                })?;
                Ok((key, matrix.clone()))
            })
            .collect::<Result<_, ConfigError>>()?;
        let (commands, inbox) = mpsc::unbounded_channel();
        Ok(Self {
            setup,
            dynamic: config.mucs.dynamic,
            rooms,
            commands,
            inbox: Mutex::new(Some(inbox)),
            remote: tokio::sync::OnceCell::new(),
        })
    }

    async fn run(
        self: Arc<Self>,
        remote: Remote,
        shutdown: CancellationToken,
    ) -> Result<(), NetworkError> {
        let Some(inbox) = self.inbox.lock().await.take() else { return Ok(()) };
        drop(self.remote.set(remote.clone()));
        let tasks = TaskTracker::new();
        let (journal, entries) = journal::journal();
        let (output, written) = mpsc::channel(OUTPUT);
        let (events, heard) = mpsc::channel(INPUT);
        let (refused, refusal) = oneshot::channel();
        // The link ends after the hub has said goodbye.
        let link_stop = CancellationToken::new();
        tasks.spawn(journal::run(remote.clone(), entries, shutdown.clone()));
        tasks.spawn(session::run(self.setup.link.clone(), written, events, link_stop.clone()));
        let commands = self.commands.clone();
        let hub = Hub::new(self.setup.clone(), remote, journal, output, commands, refused);
        let hub = tasks.spawn(hub.run(inbox, heard, shutdown));
        tasks.close();
        let outcome = tokio::select! {
            _ = hub => Ok(()),
            Ok(why) = refusal => Err(NetworkError::Refused(why)),
        };
        link_stop.cancel();
        if outcome.is_ok() {
            tasks.wait().await;
        }
        outcome
    }

    fn caps(&self, portal: &PortalKey) -> Caps {
        let mut caps = Caps::default();
        caps.text = TextCaps { max_bytes: Some(to_network::MAX_BYTES), ..TextCaps::default() };
        caps.edit = Support::Native;
        caps.reply = Support::Native;
        caps.react = Support::Native;
        caps.delete = Support::Native;
        caps.members = Support::Native;
        caps.topic = Support::Native;
        caps.ordering = Ordering::Total;
        caps.idempotency = match id::read_portal(portal) {
            Some(Target::Muc(_)) => Idempotency::ReadBack,
            _ => Idempotency::ClientKey,
        };
        caps
    }

    fn affinity(&self, _portal: &PortalKey) -> SessionGroup {
        self.setup.link.jid.as_str().into()
    }

    fn ghost_fields(&self, key: &GhostKey) -> Fields {
        fields([("jid", key.as_str())])
    }

    fn ghost_key(&self, fields: &Fields) -> Option<GhostKey> {
        value(fields, "jid").filter(|jid| id::is_ghost_key(jid)).map(GhostKey::from)
    }

    fn alias_fields(&self, portal: &PortalKey) -> Option<Fields> {
        match id::read_portal(portal)? {
            Target::Muc(room) => {
                let (room, domain) = room.split_once('@')?;
                Some(fields([("room", room), ("mucdomain", domain)]))
            }
            Target::Gateway(_) => None,
        }
    }

    fn portal_of_alias(&self, fields: &Fields) -> Option<PortalKey> {
        if !self.dynamic {
            return None;
        }
        let room = format!("{}@{}", value(fields, "room")?, value(fields, "mucdomain")?);
        id::muc_key(&room).filter(|_| !room.ends_with(&format!("@{}", self.setup.link.jid)))
    }

    fn portal_of_name(&self, remote: &str) -> Result<PortalKey, String> {
        id::muc_key(remote)
            .ok_or_else(|| format!("{remote:?} is no room; write `room@muc.example.org`"))
    }

    fn configured_rooms(&self) -> Vec<(PortalKey, String)> {
        self.rooms.clone()
    }

    async fn open(&self, portal: &PortalKey) -> Result<ChannelInfo, OpenError> {
        let Some(Target::Muc(room)) = id::read_portal(portal) else {
            return Ok(ChannelInfo::default());
        };
        let (answer, answered) = oneshot::channel();
        let open = Command::Open { room: room.to_owned(), answer: Some(answer) };
        drop(self.commands.send(open));
        let gone = |_| OpenError::Unavailable("the bridge stops".to_owned());
        answered.await.map_err(gone)?
    }

    async fn close(&self, portal: &PortalKey) {
        if let Some(Target::Muc(room)) = id::read_portal(portal) {
            drop(self.commands.send(Command::Close { room: room.to_owned() }));
        }
    }

    async fn deliver(&self, outgoing: Outgoing, ticket: Ticket) -> Delivery {
        let keys = match self.reactions(&outgoing).await {
            Ok(keys) => keys,
            Err(error) => return retry(RetryScope::Lane, &error.to_string()),
        };
        let key = outgoing.portal.clone();
        match id::read_portal(&key) {
            Some(Target::Muc(room)) => self.to_muc(room, outgoing, keys, &ticket).await,
            Some(Target::Gateway(_)) => self.to_gateway(outgoing, keys, &ticket).await,
            None => refused("this is no room of XMPP"),
        }
    }

    async fn reconcile(&self, portal: &PortalKey, rows: Vec<InFlight>) -> Vec<(Token, Settlement)> {
        let Some(Target::Muc(room)) = id::read_portal(portal) else {
            // Clients know a stanza by its id: what comes twice counts once.
            let again = |row: InFlight| (row.token, Settlement::NotSent { arrived: 0 });
            return rows.into_iter().map(again).collect();
        };
        let (answer, answered) = oneshot::channel();
        drop(self.commands.send(Command::Reconcile { room: room.to_owned(), rows, answer }));
        answered.await.unwrap_or_default()
    }

    fn settled(&self, event: &RemoteEvent, outcome: &Completion) {
        if matches!(id::read_portal(&event.portal), Some(Target::Gateway(_))) {
            let (event, outcome) = (Box::new(event.clone()), outcome.clone());
            drop(self.commands.send(Command::Settled { event, outcome }));
        }
    }
}

impl Xmpp {
    async fn to_muc(
        &self,
        room: &str,
        outgoing: Outgoing,
        keys: Vec<String>,
        ticket: &Ticket,
    ) -> Delivery {
        let (room, user) = (room.to_owned(), outgoing.author.user_id.clone());
        match &outgoing.action {
            Action::Join => {
                let name = outgoing.author.display_name.clone();
                drop(self.commands.send(Command::Join { room, user, name }));
                return done();
            }
            Action::Leave { reason } => {
                let reason = reason.clone();
                drop(self.commands.send(Command::Leave { room, user, reason }));
                return done();
            }
            Action::Edit { target, .. } if target.is_empty() => {
                return refused("the message that was edited is not known on XMPP");
            }
            _ => {}
        }
        let (answer, answered) = oneshot::channel();
        let request = Request { outgoing: Box::new(outgoing), keys, answer };
        drop(self.commands.send(Command::Prepare(request)));
        let prepared = match tokio::time::timeout(SEATED, answered).await {
            Ok(Ok(Ok(prepared))) => prepared,
            Ok(Ok(Err(NotNow::Never(why)))) => return refused(&why),
            Ok(Ok(Err(NotNow::Later(why)))) => return retry(RetryScope::Lane, &why),
            Ok(Err(_)) => return retry(RetryScope::Lane, "the room was left"),
            Err(_) => return retry(RetryScope::Sender, "the author is still on the way in"),
        };
        self.say(prepared, ticket).await
    }

    async fn say(&self, prepared: Box<Prepared>, ticket: &Ticket) -> Delivery {
        if let Err(error) = ticket.sending(None).await {
            return retry(RetryScope::Lane, &error.to_string());
        }
        let (answer, answered) = oneshot::channel();
        drop(self.commands.send(Command::Say { token: ticket.token(), prepared, answer }));
        match answered.await {
            Ok(false) => retry(RetryScope::Lane, "the link to the XMPP server is down"),
            // Else the bridge stops; what was written is asked for at the next start.
            Ok(true) | Err(_) => Delivery::AwaitEcho,
        }
    }

    async fn to_gateway(&self, outgoing: Outgoing, keys: Vec<String>, ticket: &Ticket) -> Delivery {
        if let Err(error) = ticket.sending(None).await {
            return retry(RetryScope::Lane, &error.to_string());
        }
        let ids = match &outgoing.action {
            Action::Message(_) | Action::Edit { .. } => {
                let event = outgoing.event_id.as_str();
                vec![id::by_room(event), id::by_author(&id::OURS.into(), event)]
            }
            _ => Vec::new(),
        };
        let (answer, answered) = oneshot::channel();
        let fan = Command::Fan { outgoing: Box::new(outgoing), keys, answer };
        drop(self.commands.send(fan));
        match answered.await {
            Ok(true) => Delivery::Done { ids },
            _ => retry(RetryScope::Lane, "the link to the XMPP server is down"),
        }
    }

    /// All reactions that the author of a reaction, or of its end, has to the message then. XMPP
    /// knows only whole sets, so they are remembered.
    async fn reactions(&self, outgoing: &Outgoing) -> Result<Vec<String>, StoreError> {
        let (target, key, stays) = match &outgoing.action {
            Action::React { target, key } => (target, key, true),
            Action::Unreact { target, key, .. } => (target, key, false),
            _ => return Ok(Vec::new()),
        };
        let Some(to) = target.first() else { return Ok(Vec::new()) };
        let Some(remote) = self.remote.get() else { return Ok(Vec::new()) };
        let scope = format!("xmpp/mine/{} {to} {}", outgoing.portal, outgoing.author.user_id);
        let had = remote.fact(&scope).await?;
        let mut keys: Vec<String> =
            had.and_then(|had| serde_json::from_str(&had).ok()).unwrap_or_default();
        keys.retain(|known| known != key);
        if stays {
            keys.push(key.clone());
        }
        let text = serde_json::to_string(&keys).unwrap_or_default();
        remote.keep_fact(&scope, (!keys.is_empty()).then_some(text.as_str())).await?;
        Ok(keys)
    }
}

fn done() -> Delivery {
    Delivery::Done { ids: Vec::new() }
}

fn retry(scope: RetryScope, why: &str) -> Delivery {
    Delivery::Retry { after: AGAIN, scope, why: why.to_owned() }
}

fn refused(why: &str) -> Delivery {
    Delivery::Refused(Refusal { why: why.to_owned(), text: why.to_owned() })
}

fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn value<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

fn setup(config: &Config, env: &NetworkEnv) -> Result<Setup, ConfigError> {
    let component = &config.component;
    let jid = component.jid.to_lowercase();
    if !address::is_bare(&format!("x@{jid}")) {
        return Err(ConfigError::new(
            "xmpp.component.jid",
            format!("{:?} is no domain", component.jid),
            "write the domain that the XMPP server sets aside for the bridge",
        ));
    }
    let secret = match (&component.secret, &component.secret_file) {
        (Some(secret), _) => secret.clone(),
        (None, Some(file)) => {
            let path = env.folder.join(file);
            std::fs::read_to_string(&path).map_err(|error| {
                ConfigError::new(
                    "xmpp.component.secret_file",
                    format!("{} cannot be read: {error}", path.display()),
                    "write the secret of the component into it, readable by the bridge alone",
                )
            })?
        }
        (None, None) => {
            return Err(ConfigError::new(
                "xmpp.component",
                "there is no secret",
                "add `secret_file: xmpp.secret`",
            ));
        }
    };
    let secret = secret.trim_end_matches(['\r', '\n']).to_owned();
    let link = Settings { jid, server: component.server.clone(), secret };
    Ok(Setup { link, mucs: config.mucs.clone(), gateway: config.gateway })
}
