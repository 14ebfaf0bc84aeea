//! The configuration of a homeserver, as far as it touches registrations.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::ContextError;
use crate::{
    dialect::Dialect,
    file::Unreadable,
    yaml::{self, Node, Value},
};

/// What a homeserver's configuration says about registrations.
#[derive(Debug)]
pub(crate) struct HomeserverConfig {
    pub(crate) server_name: String,
    pub(crate) dialect: Dialect,
    /// The registrations that it loads, from the folder of the configuration.
    pub(crate) registrations: Vec<PathBuf>,
    pub(crate) place: Place,
}

/// Where the homeserver seems to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Its paths are those of the container images: its loopback address is not ours.
    Container,
    /// Nothing speaks for a container.
    Host,
}

impl HomeserverConfig {
    pub(super) fn read(path: &Path) -> Result<Self, ContextError> {
        let text = fs::read_to_string(path)
            .map_err(|source| Unreadable { path: path.to_owned(), source })?;
        let config = if path.extension().is_some_and(|extension| extension == "toml") {
            conduit(&text)
        } else {
            let root = yaml::parse(&text)
                .map_err(|source| ContextError::Yaml { path: path.to_owned(), source })?;
            let folder = path.parent().unwrap_or(Path::new(""));
            synapse(&root, folder).or_else(|| dendrite(&root, folder))
        };
        config.ok_or_else(|| ContextError::NoHomeserver { path: path.to_owned() })
    }
}

fn synapse(root: &Node, folder: &Path) -> Option<HomeserverConfig> {
    Some(HomeserverConfig {
        server_name: root.find("server_name")?.as_str()?.to_owned(),
        dialect: Dialect::Synapse,
        registrations: paths(root.find("app_service_config_files"), folder),
        place: place(root, &["/data", "/synapse"]),
    })
}

fn dendrite(root: &Node, folder: &Path) -> Option<HomeserverConfig> {
    let files = root.find("app_service_api").and_then(|section| section.find("config_files"));
    Some(HomeserverConfig {
        server_name: root.find("global")?.find("server_name")?.as_str()?.to_owned(),
        dialect: Dialect::Dendrite,
        registrations: paths(files, folder),
        place: place(root, &["/etc/dendrite", "/var/dendrite"]),
    })
}

/// One line of the TOML file is all that we need: `server_name = "example.org"`.
fn conduit(text: &str) -> Option<HomeserverConfig> {
    let server_name = text.lines().find_map(|line| {
        let value = line.trim_start().strip_prefix("server_name")?.trim_start();
        let value = value.strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        value[1..].split_once(quote).map(|(name, _)| name.to_owned())
    })?;
    Some(HomeserverConfig {
        server_name,
        dialect: Dialect::Conduit,
        registrations: Vec::new(),
        place: Place::Host,
    })
}

fn paths(list: Option<&Node>, folder: &Path) -> Vec<PathBuf> {
    let items = list.and_then(Node::items).unwrap_or_default();
    items.iter().filter_map(Node::as_str).map(|path| folder.join(path)).collect()
}

/// The images of Synapse and Dendrite keep keys and media in folders that nobody uses elsewhere.
fn place(root: &Node, container_folders: &[&str]) -> Place {
    let is_inside =
        |text: &str| container_folders.iter().any(|folder| Path::new(text).starts_with(folder));
    let entries = root.entries().unwrap_or_default();
    let is_container = entries
        .iter()
        .filter(|entry| matches!(&*entry.key, "signing_key_path" | "media_store_path" | "global"))
        .any(|entry| match &entry.value.value {
            Value::Scalar(scalar) => is_inside(&scalar.text),
            _ => entry.value.find("private_key").and_then(Node::as_str).is_some_and(is_inside),
        });
    if is_container { Place::Container } else { Place::Host }
}
