//! Writing the file in a fixed order.

use std::fmt::Write;

use super::{
    Namespace, Registration,
    draft::{MSC3202, MSC4190, PUSH_EPHEMERAL, RECEIVE_EPHEMERAL},
};
use crate::yaml;

const HEADER: &str = "\
# Registration of an application service. Give the homeserver this file and restart it after
# changes. It holds secrets: keep it readable by the homeserver and the application service only.
";

pub(super) fn registration(registration: &Registration) -> String {
    let mut out = String::from(HEADER);
    let string = |out: &mut String, key: &str, text: &str| {
        let _ = writeln!(out, "{key}: {text}");
    };
    string(&mut out, "id", &yaml::write_string(&registration.id));
    let url = registration.url.as_deref().map_or_else(|| "null".to_owned(), yaml::write_string);
    string(&mut out, "url", &url);
    string(&mut out, "as_token", &yaml::quoted(registration.as_token.expose()));
    string(&mut out, "hs_token", &yaml::quoted(registration.hs_token.expose()));
    string(&mut out, "sender_localpart", &yaml::write_string(&registration.sender_localpart));
    out.push_str("namespaces:\n");
    namespace_list(&mut out, "users", &registration.namespaces.users);
    namespace_list(&mut out, "aliases", &registration.namespaces.aliases);
    namespace_list(&mut out, "rooms", &registration.namespaces.rooms);
    yaml::write_mapping(&mut out, &registration.namespaces.extra, 2);
    for (key, flag) in [
        ("rate_limited", registration.rate_limited),
        (RECEIVE_EPHEMERAL, registration.receive_ephemeral),
        (PUSH_EPHEMERAL, registration.push_ephemeral),
        (MSC4190, registration.msc4190),
        (MSC3202, registration.msc3202),
    ] {
        if let Some(flag) = flag {
            string(&mut out, key, if flag { "true" } else { "false" });
        }
    }
    if !registration.protocols.is_empty() {
        out.push_str("protocols:\n");
        for protocol in &registration.protocols {
            let _ = writeln!(out, "  - {}", yaml::write_string(protocol));
        }
    }
    yaml::write_mapping(&mut out, &registration.extra, 0);
    out
}

fn namespace_list(out: &mut String, key: &str, entries: &[Namespace]) {
    if entries.is_empty() {
        let _ = writeln!(out, "  {key}: []");
        return;
    }
    let _ = writeln!(out, "  {key}:");
    for entry in entries {
        let _ = writeln!(out, "    - exclusive: {}", entry.exclusive);
        let _ = writeln!(out, "      regex: {}", yaml::quoted(&entry.regex));
        yaml::write_mapping(out, &entry.extra, 6);
    }
}
