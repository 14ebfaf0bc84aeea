//! Puts a bridge together and runs it.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use registration::Registration;
use ruma::OwnedUserId;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    admin::{
        self,
        api::{self, AdminToken, Api},
        dashboard,
        health::{Health, LiveCheck},
    },
    appservice::{self, Appservice, auth::HsToken},
    clock::Clock,
    config::{Config, ConfigError, StoreUrl},
    core::{Core, Handed, Links, Protocol, Transactions},
    ephemeral,
    ghost::Ghosts,
    homeserver::{As, Homeserver, HomeserverConfig, HomeserverError, Link},
    id::{Direction, Timestamp},
    inbox::{DirectPortal, Inbox},
    intent::Intents,
    lane::{self, Lanes},
    marker::MarkerKey,
    media::{self, fetch::Fetcher, inward::Inward, link::FileLinks},
    members::Members,
    names::Names,
    network::{Network, NetworkError, Remote},
    patience::Patience,
    portal::{
        Portals,
        link::{Asker, RoomLinks},
        sweep,
    },
    safety::{Safety, policy},
    signals::{self, SignalFeed},
    spaces,
    store::{Batch, Op, PortalKind, Store, StoreError, sqlite::SqliteStore},
    telemetry::Metrics,
};

/// How long an alias that was opened answers further queries by itself.
const OPENED: Duration = Duration::from_secs(2);

/// How often the backlog is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(2);

/// How often settled rows are trimmed at least, unless they are kept for a shorter time.
const TRIM_EVERY: Duration = Duration::from_hours(1);

/// Everything that a bridge is made of.
pub struct Parts<N> {
    /// The configuration.
    pub config: Config,
    /// The registration file, with the tokens.
    pub registration: Registration,
    /// The network.
    pub network: Arc<N>,
    /// Where the homeserver's requests arrive.
    pub appservice: TcpListener,
    /// Where health, metrics and the admin API are.
    pub admin: TcpListener,
    /// Where links to files are opened.
    pub media: TcpListener,
    /// The time.
    pub clock: Clock,
}

/// Why a bridge ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The configuration or the registration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be opened or has failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The homeserver refuses the bridge's token or its namespace.
    #[error(
        "the homeserver refuses the bridge: {0}; is {1} listed in the homeserver's \
             configuration, and was the homeserver restarted since?"
    )]
    HomeserverRefused(String, String),
    /// Every configured network refuses the bridge.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The ids that the configuration makes are no Matrix ids.
    #[error("the configuration makes names that Matrix does not have: {0}")]
    Names(String),
    /// A part of the bridge ended that must not end.
    #[error("a part of the bridge failed: {0}")]
    Task(String),
    /// A port cannot be listened on.
    #[error("{key} {address}: {source}; is another instance running, or the port in use?")]
    Listen {
        /// The key of the configuration.
        key: &'static str,
        /// The address.
        address: String,
        /// What the system says.
        source: std::io::Error,
    },
}

/// How long rows under way may take to settle after the stop signal.
const DRAIN: Duration = Duration::from_secs(10);

/// How long the network's links may take to end in good order.
const PARTING: Duration = Duration::from_secs(3);

/// Runs a bridge until `shutdown`, and drains it then.
///
/// Waits for a homeserver that is not up yet. Intake, health and metrics are there from the
/// beginning: a homeserver that starts later finds its appservice.
///
/// # Errors
/// What no waiting can mend; see [`RunError`].
pub async fn run<N: Network>(parts: Parts<N>, shutdown: CancellationToken) -> Result<(), RunError> {
    let Parts { config, registration, network, appservice, admin, media, clock } = parts;
    let hs_token = HsToken::new(registration.hs_token.expose());
    let (store, feed) = open_store(&config)?;
    let (core, incoming) = assemble(config, &registration, network.clone(), store, clock).await?;
    core.health.set_down(
        "homeserver_down",
        core.names.domain().as_str(),
        "not reached yet",
        "wait, or check homeserver.url",
    );
    core.health.set_down("network_down", N::KIND, "not started yet", "wait for the homeserver");
    let tasks = TaskTracker::new();
    let hard = CancellationToken::new();

    let (passing, passing_feed) = ephemeral::ephemeral();
    let links = Arc::new(RoomLinks::new(core.clone(), network.clone(), hard.clone()));
    let service = Appservice {
        core: core.clone(),
        network: network.clone(),
        inbox: Inbox::new(core.clone(), direct_portals(&core, &network), passing),
    };
    let relay = ephemeral::Relay::new(core.clone(), network.clone());
    tasks.spawn(relay.run(passing_feed, hard.clone()));
    let router = appservice::router(Arc::new(service), hs_token);
    tasks.spawn(serve(appservice, router, shutdown.clone(), hard.clone()));
    let token = AdminToken::read(&core.config.admin.token_file);
    let api = api_router(&core, &network, &links, token.clone());
    let router = admin_router(&core, api).merge(dashboard::router(core.clone(), token));
    tasks.spawn(serve(admin, router, hard.clone(), hard.clone()));
    let files = media::serve::router(core.clone());
    tasks.spawn(serve(media, files, shutdown.clone(), hard.clone()));
    let prober = core.homeserver.clone();
    let stop = hard.clone();
    tasks.spawn(async move { prober.run_prober(stop).await });

    tokio::select! {
        () = shutdown.cancelled() => {}
        outcome = work(&core, &network, &links, feed, incoming, &hard, &tasks) => outcome?,
    }
    drain(&core).await;
    hard.cancel();
    tasks.close();
    if tokio::time::timeout(PARTING, tasks.wait()).await.is_err() {
        tracing::warn!("some links did not end in time");
    }
    Ok(())
}

fn open_store(config: &Config) -> Result<(Arc<dyn Store>, crate::store::Feed), RunError> {
    match &config.store.url {
        StoreUrl::Sqlite(path) => {
            let (store, feed) = SqliteStore::open(path)?;
            Ok((Arc::new(store), feed))
        }
        StoreUrl::Mongodb(_) => Err(RunError::Store(StoreError::Url {
            url: "mongodb://…".to_owned(),
            why: "this build has no MongoDB store; write `sqlite:bridge.db`".to_owned(),
        })),
    }
}

/// What reaches parts of the core beside the store.
struct Incoming {
    settled: tokio::sync::mpsc::UnboundedReceiver<lane::Word>,
    signals: SignalFeed,
}

async fn assemble<N: Network>(
    config: Config,
    registration: &Registration,
    network: Arc<N>,
    store: Arc<dyn Store>,
    clock: Clock,
) -> Result<(Arc<Core>, Incoming), RunError> {
    let domain = config.homeserver.domain.clone();
    let bot = OwnedUserId::try_from(format!("@{}:{domain}", registration.sender_localpart))
        .map_err(|_| {
            RunError::Names(format!("{:?} is no localpart", registration.sender_localpart))
        })?;
    let ghosts = config.appservice.ghosts.clone();
    let aliases = config.appservice.aliases.clone();
    let alias_shape = aliases.to_string();
    let client = HomeserverConfig::new(
        config.homeserver.url.as_str(),
        domain.clone(),
        config.appservice.id.as_str(),
        registration.as_token.expose(),
        bot.clone(),
    );
    let homeserver = Homeserver::new(&client, clock.clone())
        .map_err(|error| RunError::Names(error.to_string()))?;
    let (dispatch, settled) = lane::dispatch();
    let (signals, feed) = signals::signals();
    let markers = MarkerKey::load(&*store).await?;
    let descriptor = N::descriptor();
    let core = Core {
        names: Names::new(&network, domain, bot.clone(), ghosts, aliases),
        portals: Portals::new(store.clone(), clock.clone()),
        ghosts: Ghosts::new(store.clone()),
        intents: Intents::new(store.clone(), bot.clone()),
        members: Members::new(store.clone()),
        links: Links::default(),
        signals,
        safety: Safety::new(&config),
        inward: Inward::new(
            Fetcher::new(&config.media.allow_hosts)
                .map_err(|why| RunError::Task(format!("files cannot be fetched: {why}")))?,
        ),
        file_links: FileLinks::new(config.media.public_url.as_str(), markers.clone()),
        handed: Handed::default(),
        openings: Cache::builder().max_capacity(1_000).time_to_live(OPENED).build(),
        protocol: Protocol { id: N::KIND, name: descriptor.name },
        health: Health::new(&*config.appservice.id, clock.clone()),
        started: clock.now(),
        boot: format!("{:x}", rand::random::<u64>()),
        transactions: Transactions::default(),
        alias_shape,
        dispatch,
        markers,
        config,
        store,
        homeserver,
        bot,
        clock,
    };
    Ok((Arc::new(core), Incoming { settled, signals: feed }))
}

/// How the inbox finds the portal of a conversation with a ghost.
fn direct_portals<N: Network>(core: &Arc<Core>, network: &Arc<N>) -> DirectPortal {
    let (core, network) = (core.clone(), network.clone());
    Arc::new(move |user, ghost| {
        let ghost = core.names.ghost_key(ghost)?;
        let portal = network.direct_portal(user, &ghost)?;
        Some((portal, PortalKind::Direct { user: user.to_owned(), ghost }))
    })
}

/// Serves until `soft`, answers what is under way, and hangs up at `hard`.
async fn serve(
    listener: TcpListener,
    router: axum::Router,
    soft: CancellationToken,
    hard: CancellationToken,
) {
    let served = axum::serve(listener, router).with_graceful_shutdown(soft.cancelled_owned());
    tokio::select! {
        () = hard.cancelled() => {}
        served = async { served.await } => {
            if let Err(error) = served {
                tracing::error!(%error, "a listener ended");
            }
        }
    }
}

/// Everything that needs the homeserver; ends only with an error.
async fn work<N: Network>(
    core: &Arc<Core>,
    network: &Arc<N>,
    links: &Arc<RoomLinks<N>>,
    feed: crate::store::Feed,
    incoming: Incoming,
    hard: &CancellationToken,
    tasks: &TaskTracker,
) -> Result<(), RunError> {
    meet_homeserver(core).await?;
    policy::read_all(core).await;
    tasks.spawn(policy::run(core.clone(), hard.clone()));
    tasks.spawn(keep_house(core.clone(), hard.clone()));
    let lanes = Lanes::new(core.clone(), network.clone());
    let lanes = tasks.spawn(lanes.run(feed, incoming.settled, hard.clone()));
    tasks.spawn(signals::run(core.clone(), incoming.signals, hard.clone()));
    tasks.spawn(link_configured(links.clone(), network.clone(), hard.clone()));
    let sweeper = core.clone();
    let stop = hard.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = sweep::run(&sweeper) => {}
        }
    });
    if core.config.portals.space {
        tasks.spawn(spaces::run(core.clone(), network.clone(), hard.clone()));
    }
    let remote = Remote::new(core.clone());
    let running = tasks.spawn(network.clone().run(remote, hard.clone()));
    tokio::select! {
        ended = lanes => match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error.into()),
            Err(error) => return Err(RunError::Task(error.to_string())),
        },
        ended = running => match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error.into()),
            Err(error) => return Err(RunError::Task(error.to_string())),
        },
    }
    Ok(())
}

/// Waits until the homeserver is there, and makes sure that it knows us.
async fn meet_homeserver(core: &Arc<Core>) -> Result<(), RunError> {
    let mut patience = Patience::default();
    loop {
        match introduce(core).await {
            Ok(()) => {
                core.health.set_up("homeserver_down", core.names.domain().as_str());
                return Ok(());
            }
            Err(error) if error.is_retryable() => {
                tracing::info!(%error, "waiting for the homeserver");
                core.health.set_down(
                    "homeserver_down",
                    core.names.domain().as_str(),
                    &error.to_string(),
                    "start the homeserver, or correct homeserver.url",
                );
                tokio::time::sleep(patience.next_pause()).await;
            }
            Err(error) => {
                let file = core.config.appservice.registration.display().to_string();
                return Err(RunError::HomeserverRefused(error.to_string(), file));
            }
        }
    }
}

async fn introduce(core: &Arc<Core>) -> Result<(), HomeserverError> {
    core.homeserver.register(core.bot.localpart()).await?;
    core.homeserver.whoami(As::Bot).await?;
    let name = format!("{} bridge", core.protocol.name);
    core.homeserver.set_display_name(As::Bot, &name).await?;
    match core.homeserver.ping(Some(&core.boot)).await {
        Ok(_) => {}
        Err(error) if error.is_retryable() => return Err(error),
        Err(error) => tracing::warn!(
            %error,
            url = core.config.appservice.url.as_str(),
            "the homeserver does not reach the bridge: nothing said on Matrix will arrive; \
             check appservice.url, and that the homeserver has the present registration"
        ),
    }
    tracing::info!(bot = %core.bot, "the homeserver knows the bridge");
    Ok(())
}

/// Makes the links of the configuration true, as soon as homeserver and network allow.
async fn link_configured<N: Network>(
    links: Arc<RoomLinks<N>>,
    network: Arc<N>,
    stop: CancellationToken,
) {
    links.resume().await;
    let mut left = network.configured_rooms();
    let mut patience = Patience::default();
    while !left.is_empty() {
        let mut failed = Vec::new();
        for (key, room) in left {
            let linked = tokio::select! {
                () = stop.cancelled() => return,
                linked = links.begin(key.clone(), &room, Asker::Config) => linked,
            };
            if let Err(error) = linked {
                tracing::warn!(
                    portal = %key, room, %error,
                    "a link of the configuration is not there yet"
                );
                failed.push((key, room));
            }
        }
        left = failed;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(patience.next_pause()) => {}
        }
    }
}

/// Keeps figures up to date, and removes what is old.
async fn keep_house(core: Arc<Core>, stop: CancellationToken) {
    let keep = core.config.store.keep;
    let trim_every = TRIM_EVERY.min(keep / 4).as_secs() / MEASURE_EVERY.as_secs();
    let mut ticks: u64 = 0;
    loop {
        measure(&core).await;
        if let Err(error) = core.keep_handed().await {
            tracing::warn!(%error, "what the rooms' echoes showed is not kept");
        }
        if ticks.is_multiple_of(trim_every.max(1)) {
            core.safety.limits.tidy();
            let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
            let before = Timestamp(core.clock.now().0.saturating_sub(keep));
            if let Err(error) = core.store.trim(before).await {
                tracing::warn!(%error, "old rows are not removed");
            }
        }
        ticks = ticks.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(MEASURE_EVERY) => {}
        }
    }
}

/// Measures what waits.
async fn measure(core: &Core) {
    let backlog = match core.store.backlog().await {
        Ok(backlog) => backlog,
        Err(error) => {
            core.health.set_down("store", "store", &error.to_string(), "look at disk and log");
            return;
        }
    };
    core.health.set_up("store", "store");
    admin::metrics::set_lane_depth(Direction::ToNetwork, backlog.to_network);
    admin::metrics::set_lane_depth(Direction::ToMatrix, backlog.to_matrix);
    let age = backlog.oldest.map_or(0, |oldest| core.clock.now().since(oldest));
    let age = Duration::from_millis(age);
    admin::metrics::set_oldest_age(age);
    let rows = backlog.to_network + backlog.to_matrix;
    core.health.set_backlog(rows, age, &core.config.admin.ready_backlog);
    let subject = core.names.domain().as_str();
    if let Link::Down { why, .. } = &*core.homeserver.link().borrow() {
        let fix = "start the homeserver, or correct homeserver.url";
        core.health.set_down("homeserver_down", subject, why, fix);
    } else {
        core.health.set_up("homeserver_down", subject);
    }
}

/// The admin API.
fn api_router<N: Network>(
    core: &Arc<Core>,
    network: &Arc<N>,
    links: &Arc<RoomLinks<N>>,
    token: AdminToken,
) -> axum::Router {
    let network = network.clone();
    let forget = Box::new(move |user: OwnedUserId| {
        let network = network.clone();
        Box::pin(async move { network.forget(&user).await }) as futures_util::future::BoxFuture<_>
    });
    api::router(Api { core: core.clone(), links: links.clone(), forget }, token)
}

/// Health and metrics; the bridge lives as long as its store takes commits.
fn admin_router(core: &Arc<Core>, api: axum::Router) -> axum::Router {
    let store = core.store.clone();
    let live: LiveCheck = Arc::new(move || {
        let store = store.clone();
        Box::pin(async move {
            let op = Op::Cursor { scope: "core/live".to_owned(), value: Some(String::new()) };
            store.commit(Batch::settled(vec![op])).await.map(drop).map_err(|e| e.to_string())
        })
    });
    admin::router(core.health.clone(), live, Metrics::install(), api)
}

/// Waits until nothing is under way any more, for a while.
async fn drain(core: &Arc<Core>) {
    let deadline = tokio::time::Instant::now() + DRAIN;
    while tokio::time::Instant::now() < deadline && core.homeserver.link().borrow().is_up() {
        match core.store.backlog().await {
            Ok(backlog) if backlog.to_network + backlog.to_matrix > 0 => {}
            _ => return,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
