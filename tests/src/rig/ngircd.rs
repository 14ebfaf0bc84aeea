//! ngIRCd from Debian: the plain IRC server, without anything of IRCv3 that would help a bridge.

use std::{fmt::Write, fs, process::Command};

use anyhow::Result;

use super::{Process, Ready, Scratch, Tls, find_program, free_port};

/// A server yet to be started; its port is known from the beginning.
#[derive(Debug)]
pub struct NgIrcdBuilder {
    port: u16,
    tls_port: Option<u16>,
    tls_section: String,
}

impl NgIrcdBuilder {
    /// Adds a TLS listener with this certificate, which must live as long as the server.
    #[must_use]
    pub fn tls(mut self, tls: &Tls) -> Self {
        let port = free_port();
        let (certificate, key) = (tls.cert_file(), tls.key_file());
        self.tls_port = Some(port);
        self.tls_section = format!(
            "[SSL]\nPorts = {port}\nCertFile = {}\nKeyFile = {}\n",
            certificate.display(),
            key.display()
        );
        self
    }

    /// `127.0.0.1:port` of the plain listener.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `127.0.0.1:port` of the TLS listener, if it has one.
    pub fn tls_address(&self) -> Option<String> {
        self.tls_port.map(|port| format!("127.0.0.1:{port}"))
    }

    /// Writes the configuration, starts the server and waits until it welcomes a client.
    pub async fn start(self) -> Result<NgIrcd> {
        let scratch = Scratch::new("ngircd")?;
        let file = scratch.file("ngircd.conf");
        let mut config = String::new();
        writeln!(config, "{GLOBAL}Ports = {}\n{LIMITS}{}", self.port, self.tls_section)?;
        fs::write(&file, config)?;
        let mut command = Command::new(find_program("ngircd")?);
        command.args(["-n", "-f"]).arg(file);
        let (log, ready) = (scratch.file("ngircd.log"), Ready::Irc(self.address()));
        let process = Process::start("ngircd", command, log, ready).await?;
        let (address, tls_address) = (self.address(), self.tls_address());
        Ok(NgIrcd { process, address, tls_address, _scratch: scratch })
    }
}

const GLOBAL: &str = "[Global]
Name = plain.localhost
Info = rig
Network = Plain
Listen = 127.0.0.1
AdminInfo1 = rig
AdminEMail = rig@localhost
MotdPhrase = rig
";

const LIMITS: &str = "[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 30
MaxPenaltyTime = 0
PingTimeout = 120
PongTimeout = 20
[Options]
DNS = no
Ident = no
PAM = no
SyslogFacility = user
[Operator]
Name = oper
Password = oper
";

/// A running server. `OPER oper oper` makes anybody an operator of it.
#[derive(Debug)]
pub struct NgIrcd {
    /// The process, to be stopped, killed, frozen and started again; channels do not outlive it.
    pub process: Process,
    address: String,
    tls_address: Option<String>,
    _scratch: Scratch,
}

impl NgIrcd {
    /// A server on a free port.
    pub fn builder() -> NgIrcdBuilder {
        NgIrcdBuilder { port: free_port(), tls_port: None, tls_section: String::new() }
    }

    /// `127.0.0.1:port` of the plain listener.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `127.0.0.1:port` of the TLS listener, if it has one.
    pub fn tls_address(&self) -> Option<&str> {
        self.tls_address.as_deref()
    }
}
