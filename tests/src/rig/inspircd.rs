//! InspIRCd 3 from Debian: the modern IRC server, with tags, labels, echoes and channel history.

use std::{fmt::Write, fs, process::Command};

use anyhow::Result;

use super::{Process, Ready, Scratch, Tls, find_program, free_port, port};

/// What is loaded unless a test says otherwise. A module that Debian lacks would end the server.
const MODULES: &[&str] = &[
    "botmode",
    "cap",
    "cgiirc",
    "chanhistory",
    "chghost",
    "ircv3",
    "ircv3_accounttag",
    "ircv3_batch",
    "ircv3_capnotify",
    "ircv3_chghost",
    "ircv3_ctctags",
    "ircv3_echomessage",
    "ircv3_invitenotify",
    "ircv3_labeledresponse",
    "ircv3_msgid",
    "ircv3_servertime",
    "monitor",
    "namesx",
    "sajoin",
    "samode",
    "services_account",
    "setname",
    "uhnames",
];

/// A server yet to be started; its port is known from the beginning.
#[derive(Debug)]
pub struct InspIrcdBuilder {
    port: u16,
    tls: Option<TlsListener>,
    modules: Vec<String>,
    default_modes: String,
    extra: String,
}

#[derive(Debug)]
struct TlsListener {
    port: u16,
    certificate: String,
    key: String,
}

impl InspIrcdBuilder {
    /// The port that it will listen on if that is free, rather than any port.
    #[must_use]
    pub fn prefer_port(mut self, port: u16) -> Self {
        self.port = port::free_port_or(port);
        self
    }

    /// Adds a TLS listener with this certificate, which must live as long as the server.
    #[must_use]
    pub fn tls(mut self, tls: &Tls) -> Self {
        self.tls = Some(TlsListener {
            port: free_port(),
            certificate: tls.cert_file().to_string_lossy().into_owned(),
            key: tls.key_file().to_string_lossy().into_owned(),
        });
        self
    }

    /// Loads one more module.
    #[must_use]
    pub fn module(mut self, name: &str) -> Self {
        self.modules.push(name.to_owned());
        self
    }

    /// Does without one of the usual modules.
    #[must_use]
    pub fn without_module(mut self, name: &str) -> Self {
        self.modules.retain(|module| module != name);
        self
    }

    /// The modes of new channels in place of `not`, where `o` makes the first user an operator;
    /// `notH 50:600` keeps 50 lines for ten minutes and replays them to whoever joins.
    #[must_use]
    pub fn default_modes(mut self, modes: &str) -> Self {
        modes.clone_into(&mut self.default_modes);
        self
    }

    /// Adds lines to the configuration file.
    #[must_use]
    pub fn config(mut self, lines: &str) -> Self {
        self.extra.push_str(lines);
        self
    }

    /// `127.0.0.1:port` of the plain listener.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `127.0.0.1:port` of the TLS listener, if it has one.
    pub fn tls_address(&self) -> Option<String> {
        self.tls.as_ref().map(|tls| format!("127.0.0.1:{}", tls.port))
    }

    /// Writes the configuration, starts the server and waits until it welcomes a client.
    pub async fn start(self) -> Result<InspIrcd> {
        let scratch = Scratch::new("inspircd")?;
        let config = scratch.file("inspircd.conf");
        fs::write(&config, self.render(&scratch)?)?;
        // Debian's AppArmor profile keeps the program at its usual path from reading our folder.
        let program = scratch.file("inspircd");
        fs::copy(find_program("inspircd")?, &program)?;
        let mut command = Command::new(program);
        command.args(["--runasroot", "--nofork", "--nopid", "--config"]).arg(config);
        let (log, ready) = (scratch.file("inspircd.log"), Ready::Irc(self.address()));
        let process = Process::start("inspircd", command, log, ready).await?;
        let (address, tls_address) = (self.address(), self.tls_address());
        Ok(InspIrcd { process, address, tls_address, _scratch: scratch })
    }

    fn render(&self, scratch: &Scratch) -> Result<String> {
        let mut config = String::from(PREAMBLE);
        for module in &self.modules {
            writeln!(config, "<module name=\"{module}\">")?;
        }
        writeln!(config, "<bind address=\"127.0.0.1\" port=\"{}\" type=\"clients\">", self.port)?;
        if let Some(TlsListener { port, certificate, key }) = &self.tls {
            writeln!(config, "<module name=\"ssl_gnutls\">")?;
            writeln!(
                config,
                "<sslprofile name=\"rig\" provider=\"gnutls\" certfile=\"{certificate}\" \
                 keyfile=\"{key}\" requestclientcert=\"no\">"
            )?;
            writeln!(
                config,
                "<bind address=\"127.0.0.1\" port=\"{port}\" type=\"clients\" sslprofile=\"rig\">"
            )?;
        }
        let (data, modes) = (scratch.path().display(), &self.default_modes);
        writeln!(
            config,
            "<path configdir=\"{data}\" datadir=\"{data}\" logdir=\"{data}\" runtimedir=\"{data}\">"
        )?;
        writeln!(config, "<options prefixquit=\"Quit: \" defaultmodes=\"{modes}\">")?;
        config.push_str(&self.extra);
        Ok(config)
    }
}

/// Everything that does not depend on the test: no penalties and no limits.
const PREAMBLE: &str = r#"<config format="xml">
<server name="irc.localhost" description="rig" network="Rig">
<admin name="rig" email="rig@localhost" nick="rig">
<connect name="all" allow="*" timeout="60" pingfreq="120" fakelag="no" threshold="100000"
  commandrate="10000000" softsendq="16777216" hardsendq="268435456" recvq="1048576" localmax="100000"
  globalmax="100000" maxchans="10000" resolvehostnames="no" useident="no" limit="100000" modes="+x">
<performance softlimit="100000" somaxconn="1024" nouserdns="yes" netbuffersize="65536">
<limits maxnick="30" maxchan="64" maxmodes="20" maxident="10" maxhost="64" maxquit="255"
  maxtopic="307" maxkick="255" maxreal="128" maxaway="200" maxline="512">
<dns server="127.0.0.1" timeout="1">
<chanhistory maxlines="20000" maxduration="1h" prefixmsg="no">
<class name="all" commands="*" privs="*" usermodes="*" chanmodes="*" snomasks="*">
<type name="oper" classes="all">
<oper name="oper" password="oper" host="*@*" type="oper">
"#;

/// A running server. `OPER oper oper` makes anybody an operator of it.
#[derive(Debug)]
pub struct InspIrcd {
    /// The process, to be stopped, killed, frozen and started again; channels do not outlive it.
    pub process: Process,
    address: String,
    tls_address: Option<String>,
    _scratch: Scratch,
}

impl InspIrcd {
    /// A server on a free port with the usual modules.
    pub fn builder() -> InspIrcdBuilder {
        InspIrcdBuilder {
            port: free_port(),
            tls: None,
            modules: MODULES.iter().map(|&name| name.to_owned()).collect(),
            default_modes: "not".to_owned(),
            extra: String::new(),
        }
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
