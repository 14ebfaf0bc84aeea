//! The configuration: one YAML file, environment variables above it, and typed sections below.
//!
//! Every error says where it is, which key it is about, what is wrong and what would be right;
//! all that can be found at once is reported at once. Unknown keys are refused.

mod address;
mod admin;
mod appservice;
mod context;
mod delivery;
mod duration;
mod error;
mod example;
mod fallback;
mod fault;
mod homeserver;
mod limits;
mod logging;
mod media;
mod node;
mod other_bridges;
mod permissions;
mod policy_rooms;
mod portals;
mod read;
mod relay;
mod secret;
mod section;
mod source;
mod store;
mod suggest;
#[cfg(test)]
pub(crate) mod tests;
mod variables;

use std::path::{Path, PathBuf};

use ruma::OwnedRoomOrAliasId;
use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    address::HttpUrl,
    admin::{Admin, ReadyBacklog},
    appservice::Appservice,
    delivery::{Delivery, UncertainPolicy},
    duration::duration,
    error::{ConfigError, Place, Problem},
    example::{ExampleValues, example},
    fallback::{Fallback, FallbackChoice},
    homeserver::Homeserver,
    limits::{Limit, Limits},
    logging::{LogFormat, Logging},
    media::{AllowHost, Media},
    other_bridges::{OtherBridges, OtherGhosts},
    portals::Portals,
    relay::{Relay, RelayFormat},
    secret::Secret,
    source::Source,
    store::{Store, StoreUrl},
    variables::process_variables,
};
use self::{
    context::Context,
    fault::hint,
    node::{Node, Value},
    read::Reader,
};
use crate::{
    network::{Descriptor, Network},
    permission::Permissions,
};

/// The sections that every bridge has, in the order of the file.
const SECTIONS: [&str; 14] = [
    "homeserver",
    "appservice",
    "store",
    "admin",
    "media",
    "permissions",
    "relay",
    "fallback",
    "other_bridges",
    "limits",
    "policy_rooms",
    "delivery",
    "portals",
    "logging",
];

/// What the configuration needs to know about the bridge's network.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The name of the network's section.
    pub kind: &'static str,
    /// The defaults of names, and the example.
    pub descriptor: Descriptor,
}

impl Facts {
    /// The facts of a network.
    pub fn of<N: Network>() -> Self {
        Self { kind: N::KIND, descriptor: N::descriptor() }
    }
}

/// The sections that every bridge has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Config {
    /// Whom the bridge serves.
    pub homeserver: Homeserver,
    /// How the homeserver knows and reaches the bridge.
    pub appservice: Appservice,
    /// Where the bridge keeps what must not be lost.
    pub store: Store,
    /// Health, metrics and the admin API.
    pub admin: Admin,
    /// Files on their way through the bridge.
    pub media: Media,
    /// Who may do what.
    pub permissions: Permissions,
    /// How the bot says the words of others.
    pub relay: Relay,
    /// Choices of the ladder of fallbacks.
    pub fallback: Fallback,
    /// Ghosts of other bridges.
    pub other_bridges: OtherBridges,
    /// How fast people may speak.
    pub limits: Limits,
    /// Matrix policy lists that are honoured in both directions.
    pub policy_rooms: Vec<OwnedRoomOrAliasId>,
    /// What becomes of messages that cannot go the normal way.
    pub delivery: Delivery,
    /// What the rooms are like that the bridge makes.
    pub portals: Portals,
    /// What the bridge tells on its standard error.
    pub logging: Logging,
    /// The folder of the file; relative paths of all sections start there.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// A whole configuration: the core's sections, the network's, and where they come from.
#[derive(Clone, Debug)]
pub struct Loaded<C> {
    /// The sections that every bridge has; their paths are resolved already.
    pub config: Config,
    /// The network's section.
    pub network: C,
    /// Where the values come from.
    pub source: Source,
}

impl Config {
    /// Reads a file, and puts the variables of `env` above it.
    ///
    /// `C` is the network's section; see [`Facts::of`] and [`process_variables`].
    ///
    /// # Errors
    /// All problems that are found.
    pub fn load<C: DeserializeOwned>(
        path: &Path,
        env: impl IntoIterator<Item = (String, String)>,
        facts: &Facts,
    ) -> Result<Loaded<C>, ConfigError> {
        Self::parse(&Self::text_of(path)?, path, env, facts)
    }

    /// Reads a file without looking into it.
    pub(crate) fn text_of(path: &Path) -> Result<String, ConfigError> {
        std::fs::read_to_string(path).map_err(|error| {
            let fix = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "make it with `init`, or name another with `--config`"
                }
                _ => "let the bridge read it",
            };
            ConfigError::file(path, format!("cannot read the configuration: {error}"), fix)
        })
    }

    /// Reads the text of a file; `path` names it in errors, and relative paths start beside it.
    ///
    /// # Errors
    /// All problems that are found.
    pub fn parse<C: DeserializeOwned>(
        text: &str,
        path: &Path,
        env: impl IntoIterator<Item = (String, String)>,
        facts: &Facts,
    ) -> Result<Loaded<C>, ConfigError> {
        let folder = folder_of(path);
        let context = Context::new(path.into(), folder.as_path().into());
        let mut root = node::parse(text, &path.into())?;
        let Value::Map(_) = &root.value else {
            let fix = "compare with `config example`";
            return Err(ConfigError::file(path, "the file must be a map of sections", fix));
        };
        let mut names = SECTIONS.to_vec();
        names.push(facts.kind);
        variables::apply(&mut root, env, &names, &context);
        check_sections(&root, &names, facts.kind, &context);

        let config = read_sections(&root, facts, folder, &context);
        let network = read_network(&root, facts, &context);
        let (problems, secrets) = context.finish();
        match (ConfigError::of(problems), config, network) {
            (None, Some(config), Some(network)) => {
                let source = Source::new(path.into(), root, facts.kind, secrets);
                Ok(Loaded { config, network, source })
            }
            (Some(error), ..) => Err(error),
            (None, ..) => Err(ConfigError::file(path, "cannot be read", "make it with `init`")),
        }
    }
}

fn read_sections(root: &Node, facts: &Facts, folder: PathBuf, context: &Context) -> Option<Config> {
    let homeserver = homeserver::read(root, context);
    let appservice = appservice::read(root, facts, context);
    let store = store::read(root, context);
    let admin = admin::read(root, context);
    let media = media::read(root, context);
    let permissions = permissions::read(root, context);
    let relay = relay::read(root, context);
    let fallback = fallback::read(root, context);
    let other_bridges = other_bridges::read(root, context);
    let limits = limits::read(root, context);
    let policy_rooms = policy_rooms::read(root, context);
    let delivery = delivery::read(root, context);
    let portals = portals::read(root, context);
    let logging = logging::read(root, context);
    Some(Config {
        homeserver: homeserver?,
        appservice: appservice?,
        store,
        admin,
        media,
        permissions,
        relay,
        fallback,
        other_bridges,
        limits,
        policy_rooms,
        delivery,
        portals,
        logging,
        folder,
    })
}

fn read_network<C: DeserializeOwned>(root: &Node, facts: &Facts, context: &Context) -> Option<C> {
    let Some(entry) = root.find(facts.kind) else {
        context.report(
            &node::Origin::Nowhere,
            facts.kind,
            "this section is missing",
            format!("add a section `{}:`, as `config example` shows it", facts.kind),
        );
        return None;
    };
    C::deserialize(Reader::of(entry, facts.kind.to_owned(), context))
        .map_err(|fault| fault.at(facts.kind, &entry.origin).report(context))
        .ok()
}

fn check_sections(root: &Node, names: &[&str], kind: &str, context: &Context) {
    let Value::Map(entries) = &root.value else { return };
    for entry in entries {
        if !names.contains(&entry.key.as_str()) {
            let fix = match entry.node.value {
                Value::Map(_) if suggest::nearest(&entry.key, names.iter().copied()).is_none() => {
                    format!("the network's section is called `{kind}` here")
                }
                _ => hint(&entry.key, names),
            };
            context.report(&entry.origin, &entry.key, "unknown key", fix);
        }
    }
}

/// The folder of a file, absolute where that can be found out.
fn folder_of(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}
