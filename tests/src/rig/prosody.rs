//! Prosody from Debian: an XMPP server with rooms, archives and a place for a component.

use std::{fs, process::Command};

use anyhow::Result;

use super::{Process, Ready, Scratch, find_program, free_port};

/// The secret of the component.
pub const SECRET: &str = "rig-secret";

/// The domain of its users.
pub const DOMAIN: &str = "localhost";

/// The domain of its rooms.
pub const ROOMS: &str = "rooms.localhost";

/// The domain of the component.
pub const COMPONENT: &str = "matrix.localhost";

/// A server yet to be started; its ports are known from the beginning.
#[derive(Debug)]
pub struct ProsodyBuilder {
    port: u16,
    component: u16,
}

impl ProsodyBuilder {
    /// `127.0.0.1:port` where it listens for the component.
    pub fn component_address(&self) -> String {
        format!("127.0.0.1:{}", self.component)
    }

    /// The port that it will listen on for clients if that is free, rather than any port.
    #[must_use]
    pub fn prefer_port(mut self, port: u16) -> Self {
        self.port = super::free_port_or(port);
        self
    }

    /// Writes the configuration, starts the server and waits until both ports are open.
    pub async fn start(self) -> Result<Prosody> {
        let scratch = Scratch::new("prosody")?;
        let file = scratch.file("prosody.cfg.lua");
        let (dir, port, component) = (scratch.path().display(), self.port, self.component);
        let config = format!(
            "run_as_root = true
pidfile = \"{dir}/prosody.pid\"
data_path = \"{dir}\"
plugin_paths = {{ \"/usr/lib/prosody/modules\" }}
interfaces = {{ \"127.0.0.1\" }}
c2s_ports = {{ {port} }}
component_ports = {{ {component} }}
component_interfaces = {{ \"127.0.0.1\" }}
c2s_require_encryption = false
s2s_secure_auth = false
allow_unencrypted_plain_auth = true
authentication = \"insecure\"
insecure_open_authentication = \"Yes please, I know what I'm doing!\"
storage = \"internal\"
modules_enabled = {{ \"disco\", \"roster\", \"saslauth\", \"ping\", \"carbons\" }}
modules_disabled = {{ \"s2s\", \"tls\" }}
limits = {{ }}
log = {{ {{ levels = {{ min = \"info\" }}, to = \"console\" }} }}
VirtualHost \"{DOMAIN}\"
Component \"{ROOMS}\" \"muc\"
modules_enabled = {{ \"muc_mam\", \"muc_moderation\" }}
muc_room_locking = false
muc_log_by_default = true
max_history_messages = 20
Component \"{COMPONENT}\"
component_secret = \"{SECRET}\"
"
        );
        fs::write(&file, config)?;
        let mut command = Command::new(find_program("prosody")?);
        command.arg("-F").arg("--config").arg(file);
        command.current_dir(scratch.path());
        let (address, place) = (format!("127.0.0.1:{port}"), self.component_address());
        let ready = Ready::Ports(vec![address.clone(), place.clone()]);
        let process =
            Process::start("prosody", command, scratch.file("prosody.log"), ready).await?;
        Ok(Prosody { process, address, component: place, _scratch: scratch })
    }
}

/// A running server. Anyone may log in as anybody.
#[derive(Debug)]
pub struct Prosody {
    /// The process, to be stopped, killed, frozen and started again with its data.
    pub process: Process,
    address: String,
    component: String,
    _scratch: Scratch,
}

impl Prosody {
    /// A server on free ports.
    pub fn builder() -> ProsodyBuilder {
        ProsodyBuilder { port: free_port(), component: free_port() }
    }

    /// `127.0.0.1:port` where it listens for clients.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `127.0.0.1:port` where it listens for the component.
    pub fn component_address(&self) -> &str {
        &self.component
    }
}
