//! E02: the address to which the homeserver sends.

use super::{At, Report, Scene, Text, text};
use crate::{
    context::Place,
    dialect::Dialect,
    file::File,
    finding::{Code, Severity},
    model::draft::Located,
};

pub(super) fn check(scene: &Scene<'_>, report: &mut Report) {
    for file in scene.files {
        let Some(Located { line, value: url }) = &file.draft.url else { continue };
        let verdict = match url {
            None => null(scene, file),
            Some(url) => address(scene, url),
        };
        if let Some((severity, text)) = verdict {
            report.add(file, Code::E02, severity, At(*line, "url"), text);
        }
    }
    if scene.context.homeserver.is_none() {
        report.skip(
            Code::E02,
            "--homeserver-config, to tell whether the homeserver runs in a container",
        );
    }
}

/// Null is right for services that only send, such as those for double puppeting.
fn null(scene: &Scene<'_>, file: &File) -> Option<(Severity, Text)> {
    let namespaces = &file.draft.namespaces;
    let claims_ids =
        namespaces.users.iter().chain(&namespaces.aliases).any(|e| e.exclusive == Some(true));
    let is_bridge = scene.context.bridge.is_some() && scene.files.len() == 1;
    (claims_ids || is_bridge).then(|| {
        let what = "it is null, so the homeserver sends nothing to this application service";
        (Severity::Error, text(what, "write the address at which the bridge listens"))
    })
}

fn address(scene: &Scene<'_>, url: &str) -> Option<(Severity, Text)> {
    if url.starts_with("unix://") {
        let understood = scene.dialects == [Dialect::Dendrite];
        let what = format!("`{url}` is a socket, which only Dendrite can reach");
        let fix = "use an http:// address unless the homeserver is Dendrite";
        return (!understood).then(|| (Severity::Warning, text(what, fix)));
    }
    let Some(rest) = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")) else {
        let what = format!("`{url}` does not start with http:// or https://");
        return Some((Severity::Error, text(what, "write it like `http://127.0.0.1:29331`")));
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = host(authority);
    if host.is_empty() || url.contains([' ', '?', '#', '@']) || !has_good_port(authority) {
        let what = format!("`{url}` is no address of a server");
        return Some((Severity::Error, text(what, "write it like `http://127.0.0.1:29331`")));
    }
    if matches!(host, "0.0.0.0" | "[::]") {
        let what = format!("{host} is an address to listen on, not one to connect to");
        let fix = "write the address of the machine where the bridge runs, or 127.0.0.1";
        return Some((Severity::Error, text(what, fix)));
    }
    loopback_from_container(scene, host).or_else(|| other_than_configured(scene, url))
}

fn loopback_from_container(scene: &Scene<'_>, host: &str) -> Option<(Severity, Text)> {
    let is_loopback = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    let place = scene.context.homeserver.as_ref()?.place;
    (is_loopback && place == Place::Container).then(|| {
        let what = format!(
            "{host} is the homeserver's own container: its configuration has the paths of the \
             container image"
        );
        let fix = "use the name of the bridge's container, or an address of the host";
        (Severity::Warning, text(what, fix))
    })
}

fn other_than_configured(scene: &Scene<'_>, url: &str) -> Option<(Severity, Text)> {
    let bridge = scene.context.bridge.as_ref()?;
    let configured = bridge.url.as_ref()?;
    let bare = |url: &str| url.trim_end_matches('/').to_owned();
    (scene.files.len() == 1 && bare(&configured.value) != bare(url)).then(|| {
        let what = format!(
            "the homeserver sends to `{url}`, and {}:{} says `{}`",
            bridge.path.display(),
            configured.line,
            configured.value
        );
        (Severity::Error, text(what, "make the registration anew, and restart the homeserver"))
    })
}

fn host(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.find(']').map_or("", |end| &authority[..end + 2]),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn has_good_port(authority: &str) -> bool {
    let behind_host = &authority[host(authority).len()..];
    match behind_host.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok_and(|port| port != 0),
        None => behind_host.is_empty(),
    }
}
