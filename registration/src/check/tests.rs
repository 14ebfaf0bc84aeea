use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::*;

mod clean;
mod codes;
mod several;

/// A registration as `registration generate` writes it.
const CLEAN: &str = r"id: irc
url: http://127.0.0.1:29331
as_token: '8e1b0a5c4f7d92e3a6b1c0d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60711'
hs_token: '17c6d5e4f3a2b1c09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a3922'
sender_localpart: _ircbot
namespaces:
  users:
    - exclusive: true
      regex: '^@_ircbot:example\.org$'
    - exclusive: true
      regex: '^@_irc_[a-z0-9-]{1,16}_[a-z0-9._=/+-]+:example\.org$'
  aliases:
    - exclusive: true
      regex: '^#_irc_[A-Za-z0-9-]{1,16}_[^:]+:example\.org$'
  rooms: []
rate_limited: false
receive_ephemeral: true
de.sorunome.msc2409.push_ephemeral: true
protocols:
  - irc
";

/// The configuration of the bridge that belongs to it.
const BRIDGE: &str = r"homeserver:
  url: http://127.0.0.1:8008
  domain: example.org
appservice:
  id: irc
  url: http://127.0.0.1:29331
irc:
  networks:
    local:
      servers: ['irc://127.0.0.1:6667']
";

/// The configuration of its homeserver.
const SYNAPSE: &str = r"server_name: example.org
signing_key_path: /etc/matrix-synapse/homeserver.signing.key
app_service_config_files: []
";

/// Files in a folder of their own.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn add(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        crate::write_private(&path, text, crate::Overwrite::Refuse).unwrap();
        path
    }
}

/// `text` with each first item replaced by the second; the first ones must be there.
fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in the text");
        text.replacen(from, to, 1)
    })
}

fn checked(registrations: &[&str], bridge: Option<&str>, homeserver: Option<&str>) -> Report {
    let folder = Folder::new();
    let paths = registrations.iter().enumerate();
    let files: Vec<_> = paths
        .map(|(n, text)| File::read(&folder.add(&format!("{n}.yaml"), text)).unwrap())
        .collect();
    let bridge = bridge.map(|text| folder.add("config.yaml", text));
    let homeserver = homeserver.map(|text| folder.add("homeserver.yaml", text));
    let context = Context::load(bridge.as_deref(), homeserver.as_deref()).unwrap();
    check(&files, &context)
}

/// The findings in short: `E02 error 2 url`.
fn short(report: &Report) -> Vec<String> {
    let line = |finding: &Finding| {
        let Finding { code, severity, line, key, .. } = finding;
        format!("{code} {severity} {line} {key}").trim_end().to_owned()
    };
    report.findings.iter().map(line).collect()
}
