//! What the file may hold, and how everything wrong with it is said.

mod core;
mod docs;
mod dump;
mod network;
mod variables;

use std::{path::Path, time::Duration};

use serde::Deserialize;

use super::*;
use crate::network::Answer;

/// A network's section with everything that real ones have.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Toy {
    pub(crate) networks: std::collections::BTreeMap<String, Link>,
    #[serde(default)]
    pub(crate) rooms: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Link {
    pub(crate) servers: Vec<String>,
    #[serde(default = "Link::default_nick")]
    pub(crate) nick: String,
    #[serde(default)]
    pub(crate) port: Option<u16>,
    #[serde(default)]
    pub(crate) mode: Mode,
    #[serde(default)]
    pub(crate) sasl: Option<Sasl>,
    #[serde(default, deserialize_with = "option_duration")]
    pub(crate) timeout: Option<Duration>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    #[default]
    Fast,
    Slow {
        per_second: u32,
    },
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Sasl {
    pub(crate) account: String,
    pub(crate) password: Secret,
}

impl Link {
    fn default_nick() -> String {
        "bridge".to_owned()
    }
}

fn option_duration<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

pub(crate) fn facts() -> Facts {
    Facts {
        kind: "toy",
        descriptor: Descriptor {
            name: "Toy",
            bot: "_toybot",
            ghost_template: "_toy_{network}_{nick}",
            alias_template: "_toy_{network}_{channel}",
            example: "\ntoy:\n  networks:\n    local:\n      servers: [\"{toy-server}\"]\n",
            answers: &[Answer {
                flag: "toy-server",
                question: "Which server?",
                default: "toy://127.0.0.1:7",
            }],
        },
    }
}

const HEAD: &str = "homeserver: {url: 'http://127.0.0.1:8008', domain: localhost}\n";
const NETWORK: &str = "toy: {networks: {local: {servers: [a]}}}\n";

fn load(text: &str) -> Result<Loaded<Toy>, ConfigError> {
    load_with(text, &[])
}

fn load_with(text: &str, env: &[(&str, &str)]) -> Result<Loaded<Toy>, ConfigError> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(text, Path::new("/etc/toy/config.yaml"), env, &facts())
}

/// The configuration of a text without errors.
fn good(text: &str) -> Config {
    load(text).unwrap_or_else(|error| panic!("{error}")).config
}

/// All errors of a text, one line each.
fn errors(text: &str) -> Vec<String> {
    load(text).map(drop).unwrap_err().to_string().lines().map(str::to_owned).collect()
}

/// The only error of a text that has one.
fn error(text: &str) -> String {
    let errors = errors(text);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors[0].clone()
}

/// The example with the keys that it comments out.
fn whole_example() -> String {
    let example = example(&facts(), &ExampleValues::default());
    let uncommented = example.lines().map(|line| {
        let key = line.trim_start().strip_prefix('#').filter(|key| !key.starts_with(' '));
        key.map_or_else(|| line.to_owned(), |key| format!("  {key}"))
    });
    uncommented.collect::<Vec<_>>().join("\n")
}
