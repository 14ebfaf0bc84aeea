//! What a network is made from, read from its section of the configuration.

use bridge_core::{config::ConfigError, network::NetworkEnv};

use crate::{
    config::NetworkConfig,
    hub::Setup,
    nick::NickTemplate,
    sasl::{Sasl, Secret},
    tls::{self, TlsOptions, Verification},
};

/// Reads the section of the network `name`.
pub(super) fn setup(
    name: &str,
    config: NetworkConfig,
    env: &NetworkEnv,
) -> Result<Setup, ConfigError> {
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
