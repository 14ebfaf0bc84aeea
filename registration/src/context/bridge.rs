//! The configuration of a bridge, as far as it touches the registration.
//!
//! The keys of our own bridges are read in full; of others' (mautrix and kin) those that have the
//! same meaning under the same name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::ContextError;
use crate::{
    file::Unreadable,
    model::draft::Located,
    template::{Prefix, Template, TemplateKind},
    token::Token,
    yaml::{self, Node, Scalar, ScalarKind, Value},
};

/// What a bridge's configuration says about its registration.
#[derive(Debug)]
pub(crate) struct BridgeConfig {
    pub(crate) path: PathBuf,
    /// `homeserver.domain`.
    pub(crate) domain: Option<String>,
    /// `appservice.id`.
    pub(crate) id: Option<Located<String>>,
    /// `appservice.url`, or `appservice.address` of others' bridges.
    pub(crate) url: Option<Located<String>>,
    /// `appservice.registration`, from the folder of the configuration.
    pub(crate) registration: Option<PathBuf>,
    /// `appservice.as_token` and `appservice.hs_token` of others' bridges.
    pub(crate) tokens: [Option<Located<Token>>; 2],
    /// `appservice.bot` or its default.
    pub(crate) bot: Option<String>,
    /// `appservice.ghosts` and `appservice.aliases`, or their defaults.
    pub(crate) templates: Vec<Template>,
    /// Those of them that are no templates.
    pub(crate) template_problems: Vec<TemplateProblem>,
    pub(crate) network: Option<Network>,
    /// Rooms are made when somebody asks for an alias.
    pub(crate) alias_queries: bool,
    /// No people have accounts on the server name.
    pub(crate) dedicated_server_name: bool,
}

/// A template that cannot be used.
#[derive(Debug)]
pub(crate) struct TemplateProblem {
    pub(crate) line: usize,
    pub(crate) key: &'static str,
    pub(crate) what: String,
}

/// The network of one of our own bridges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Irc,
    Xmpp,
    Gitter,
}

impl Network {
    const ALL: [Self; 3] = [Self::Irc, Self::Xmpp, Self::Gitter];

    /// The section of the configuration, and the protocol of third-party look-ups.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Irc => "irc",
            Self::Xmpp => "xmpp",
            Self::Gitter => "gitter",
        }
    }

    fn bot(self) -> &'static str {
        match self {
            Self::Irc => "_ircbot",
            Self::Xmpp => "_xmppbot",
            Self::Gitter => "gitterbot",
        }
    }

    fn ghosts(self) -> &'static str {
        match self {
            Self::Irc => "_irc_{network}_{nick}",
            Self::Xmpp => "_xmpp_{jid}",
            Self::Gitter => "{username}-{userid}",
        }
    }

    fn aliases(self) -> &'static str {
        match self {
            Self::Irc => "_irc_{network}_{channel}",
            Self::Xmpp => "_xmpp_{room}_{mucdomain}",
            Self::Gitter => "{community}_{room}",
        }
    }
}

impl BridgeConfig {
    pub(super) fn read(path: &Path) -> Result<Self, ContextError> {
        let text = fs::read_to_string(path)
            .map_err(|source| Unreadable { path: path.to_owned(), source })?;
        Self::of_text(path, &text)
            .map_err(|source| ContextError::Yaml { path: path.to_owned(), source })
    }

    pub(super) fn of_text(path: &Path, text: &str) -> Result<Self, yaml::YamlError> {
        let root = yaml::parse(text)?;
        let appservice = root.find("appservice");
        let string = |key: &str| located(appservice?.find(key)?);
        let network = Network::ALL.into_iter().find(|network| root.find(network.name()).is_some());
        let section = network.and_then(|network| root.find(network.name()));
        let dedicated_server_name =
            section.and_then(|section| flag(section, "dedicated_server_name")) == Some(true);
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut config = Self {
            path: path.to_owned(),
            domain: root
                .find("homeserver")
                .and_then(|node| located(node.find("domain")?))
                .map(|d| d.value),
            id: string("id"),
            url: string("url").or_else(|| string("address")),
            registration: string("registration").map(|file| folder.join(file.value)),
            tokens: ["as_token", "hs_token"].map(|key| string(key).and_then(token)),
            bot: string("bot")
                .map(|bot| bot.value)
                .or_else(|| network.map(|network| network.bot().to_owned())),
            templates: Vec::new(),
            template_problems: Vec::new(),
            network,
            alias_queries: network
                .zip(section)
                .is_some_and(|(n, section)| alias_queries(n, section)),
            dedicated_server_name,
        };
        let default = |text: fn(Network) -> &'static str| {
            network.map(|network| Located { line: 1, value: text(network).to_owned() })
        };
        let ghosts = string("ghosts").or_else(|| default(Network::ghosts));
        config.add_template(TemplateKind::User, "appservice.ghosts", ghosts);
        let aliases = string("aliases").or_else(|| default(Network::aliases));
        config.add_template(TemplateKind::Alias, "appservice.aliases", aliases);
        Ok(config)
    }

    fn add_template(
        &mut self,
        kind: TemplateKind,
        key: &'static str,
        text: Option<Located<String>>,
    ) {
        let Some(Located { line, value: text }) = text else { return };
        let prefix = if self.dedicated_server_name || self.network == Some(Network::Gitter) {
            Prefix::Optional
        } else {
            Prefix::Required
        };
        match Template::parse_with(kind, &text, prefix) {
            Ok(template) => self.templates.push(template),
            Err(error) => {
                self.template_problems.push(TemplateProblem { line, key, what: error.to_string() });
            }
        }
    }
}

/// Whether the network makes rooms when somebody asks for an alias.
fn alias_queries(network: Network, section: &Node) -> bool {
    match network {
        Network::Irc => {
            let networks = section.find("networks").and_then(Node::entries).unwrap_or_default();
            networks.iter().any(|network| flag(&network.value, "dynamic_channels") != Some(false))
        }
        Network::Xmpp => {
            section.find("mucs").is_none_or(|mucs| flag(mucs, "dynamic") != Some(false))
        }
        Network::Gitter => true,
    }
}

fn flag(node: &Node, key: &str) -> Option<bool> {
    match &node.find(key)?.value {
        Value::Scalar(scalar) => match scalar.kind() {
            ScalarKind::Bool(flag) => Some(flag),
            _ => None,
        },
        _ => None,
    }
}

fn located(node: &Node) -> Option<Located<String>> {
    match &node.value {
        Value::Scalar(Scalar { text, .. }) if !text.is_empty() => {
            Some(Located { line: node.line, value: text.clone() })
        }
        _ => None,
    }
}

/// Others' example files hold a sentence where the token belongs.
fn token(text: Located<String>) -> Option<Located<Token>> {
    let is_placeholder = text.value.contains(' ') || text.value == "generate";
    (!is_placeholder).then(|| Located { line: text.line, value: Token::new(text.value) })
}
