//! Each code, in at least two variants.

use super::*;

/// Edits of [`CLEAN`], and what is found then.
type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);

fn verify(cases: &[Case], bridge: Option<&str>, homeserver: Option<&str>) {
    for (edits, expected) in cases {
        let text = edited(CLEAN, edits);
        let report = checked(&[&text], bridge, homeserver);
        assert_eq!(short(&report), *expected, "{edits:?}\n{:#?}", report.findings);
        assert!(report.findings.iter().all(|finding| !finding.fix.is_empty()));
    }
}

const AS_TOKEN: &str = "'8e1b0a5c4f7d92e3a6b1c0d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60711'";
const HS_TOKEN: &str = "'17c6d5e4f3a2b1c09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a3922'";
const URL: &str = "http://127.0.0.1:29331";
const GHOSTS: &str = r"'^@_irc_[a-z0-9-]{1,16}_[a-z0-9._=/+-]+:example\.org$'";
const ALIASES: &str = r"'^#_irc_[A-Za-z0-9-]{1,16}_[^:]+:example\.org$'";

#[test]
fn e01_keys_and_types() {
    verify(
        &[
            (&[("id: irc\n", "id: [irc\n")], &["E01 error 2"]),
            (&[("id: irc\n", "")], &["E01 error 1 id"]),
            (&[("sender_localpart: _ircbot\n", "")], &["E01 error 1 sender_localpart"]),
            (
                &[(AS_TOKEN, "9113459911345991134599113459911345991134599113459911345991134599")],
                &["E01 error 3 as_token"],
            ),
            (&[("rooms: []", "rooms: null")], &["E01 error 15 namespaces.rooms"]),
            (&[("protocols:\n  - irc", "protocols: irc")], &["E01 error 19 protocols"]),
            (
                &[("- exclusive: true\n      regex: '^@_ircbot", "- regex: '^@_ircbot")],
                &["E01 error 8 namespaces.users[0].exclusive"],
            ),
            (&[("rooms: []", "rooms: []\n  rooms: []")], &["E01 error 16"]),
        ],
        None,
        None,
    );
}

#[test]
fn e02_address() {
    verify(
        &[
            (&[("url: http://127.0.0.1:29331\n", "")], &["E02 error 1 url"]),
            (&[(URL, "null")], &["E02 error 2 url"]),
            (&[(URL, "http://0.0.0.0:29331")], &["E02 error 2 url"]),
            (&[(URL, "'http://[::]:29331'")], &["E02 error 2 url"]),
            (&[(URL, "127.0.0.1:29331")], &["E02 error 2 url"]),
            (&[(URL, "http://bridge:99999")], &["E02 error 2 url"]),
            (&[(URL, "http:///path")], &["E02 error 2 url"]),
            (&[(URL, "unix:///run/bridge.sock")], &["E02 warning 2 url"]),
            (&[(URL, "https://bridge.example.org/irc/")], &[]),
            (&[(URL, "'http://[::1]:29331'")], &[]),
        ],
        None,
        None,
    );
}

#[test]
fn e02_address_that_is_another_one_to_the_homeserver_or_the_bridge() {
    let in_container = edited(
        SYNAPSE,
        &[("/etc/matrix-synapse/homeserver.signing.key", "/data/example.org.signing.key")],
    );
    verify(
        &[
            (&[], &["E02 warning 2 url"]),
            (&[(URL, "http://localhost:29331")], &["E02 warning 2 url"]),
            (&[(URL, "http://bridge:29331")], &[]),
        ],
        None,
        Some(&in_container),
    );
    verify(
        &[(&[("29331", "29999")], &["E02 error 2 url"]), (&[("29331", "29331/")], &[])],
        Some(BRIDGE),
        None,
    );
}

#[test]
fn e03_secrets() {
    verify(
        &[
            (&[(AS_TOKEN, "'0a1b2c3d4e5f'")], &["E03 error 3 as_token"]),
            (&[(HS_TOKEN, "'0a1b2c3d4e5f60718293a4b5c6d7e8f9aa'")], &["E03 warning 4 hs_token"]),
            (
                &[(HS_TOKEN, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")],
                &["E03 error 4 hs_token"],
            ),
            (
                &[(AS_TOKEN, "ChangeMe8e1b0a5c4f7d92e3a6b1c0d4e5f60718293a4b5c6d7e8f90a1b2c")],
                &["E03 error 3 as_token"],
            ),
            (&[(HS_TOKEN, AS_TOKEN)], &["E03 error 4 hs_token"]),
            (&[(HS_TOKEN, "'qL7s-9vJx_Zk2mTq8RwYb4NcHd6FgPe3UaXi5Ko0lEt'")], &[]),
        ],
        None,
        None,
    );
}

#[test]
#[cfg(unix)]
fn e03_files_that_everybody_may_read() {
    use std::os::unix::fs::PermissionsExt;

    for (mode, expected) in
        [(0o644, &["E03 warning 1"][..]), (0o604, &["E03 warning 1"]), (0o640, &[])]
    {
        let folder = Folder::new();
        let path = folder.add("irc.yaml", CLEAN);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let report = check(&[File::read(&path).unwrap()], &Context::default());
        assert_eq!(short(&report), expected, "{mode:o}");
    }
}

#[test]
fn e04_dialects() {
    verify(
        &[
            (
                &[(GHOSTS, r"'^@_irc_(?!x).*:example\.org$'")],
                &[
                    "E04 error 11 namespaces.users[1].regex",
                    "E04 error 11 namespaces.users[1].regex",
                ],
            ),
            (
                &[(GHOSTS, r"'^@_irc_\p{Ll}+:example\.org$'")],
                &["E04 error 11 namespaces.users[1].regex"],
            ),
            (
                &[(ALIASES, r"'^#_irc_(.*:example\.org$'")],
                &[
                    "E04 error 14 namespaces.aliases[0].regex",
                    "E04 error 14 namespaces.aliases[0].regex",
                    "E04 error 14 namespaces.aliases[0].regex",
                ],
            ),
            (
                &[("rooms: []", "rooms: [{exclusive: false, regex: '!a**'}]")],
                &[
                    "E04 error 15 namespaces.rooms[0].regex",
                    "E04 error 15 namespaces.rooms[0].regex",
                ],
            ),
        ],
        None,
        None,
    );
    // Synapse alone can read it, we cannot.
    verify(
        &[(
            &[(GHOSTS, r"'^@_irc_(?!x).*:example\.org$'")],
            &["E04 warning 11 namespaces.users[1].regex"],
        )],
        None,
        Some(SYNAPSE),
    );
}

#[test]
fn e05_server_name() {
    verify(
        &[
            (&[(GHOSTS, "'^@_irc_.*$'")], &["E05 error 11 namespaces.users[1].regex"]),
            (&[(ALIASES, "'^#_irc_.*:.*$'")], &["E05 error 14 namespaces.aliases[0].regex"]),
            (
                &[(GHOSTS, "'^@_irc_.*:example.org$'")],
                &["E05 warning 11 namespaces.users[1].regex"],
            ),
            (
                &[(GHOSTS, r"'^@_irc_.*:(?:a.example\.org|b\.example\.org)$'")],
                &["E05 warning 11 namespaces.users[1].regex"],
            ),
        ],
        None,
        None,
    );
    verify(
        &[
            (
                &[(GHOSTS, r"'^@_irc_.*:example\.com$'")],
                &["E05 error 11 namespaces.users[1].regex"],
            ),
            (
                &[(ALIASES, r"'^_irc_.*:example\.org$'")],
                &["E05 error 14 namespaces.aliases[0].regex"],
            ),
        ],
        None,
        Some(SYNAPSE),
    );
}

#[test]
fn e06_anchors() {
    verify(
        &[
            (
                &[(GHOSTS, r"'^@_irc_.*:example\.org'")],
                &["E06 warning 11 namespaces.users[1].regex"],
            ),
            (
                &[(ALIASES, r"'#_irc_.*:example\.org$'")],
                &["E06 warning 14 namespaces.aliases[0].regex"],
            ),
            (
                &[(GHOSTS, r"'_irc_.*:example\.org$'")],
                &["E06 warning 11 namespaces.users[1].regex"],
            ),
            (&[(GHOSTS, r"'@_irc_.*:example\.org$'")], &[]),
        ],
        None,
        None,
    );
}

#[test]
fn e07_coverage() {
    verify(
        &[
            (
                &[(r"'^@_ircbot:example\.org$'", r"'^@_irc:example\.org$'")],
                &["E07 warning 5 sender_localpart"],
            ),
            (
                &[("sender_localpart: _ircbot", "sender_localpart: ircbot")],
                &["E07 warning 5 sender_localpart"],
            ),
        ],
        None,
        None,
    );
    verify(
        &[
            (
                &[(GHOSTS, r"'^@_irc_[a-z]+_[a-z0-9._=/+-]+:example\.org$'")],
                &["E07 error 6 namespaces.users"],
            ),
            (&[(GHOSTS, r"'^@_irc_.+_[a-z]+:example\.org$'")], &["E07 error 6 namespaces.users"]),
            (
                &[("true\n      regex: '^#", "false\n      regex: '^#")],
                &["E07 error 6 namespaces.aliases"],
            ),
            (
                &[("_ircbot", "_otherbot"), ("_ircbot", "_otherbot")],
                &["E07 error 5 sender_localpart"],
            ),
            (&[(GHOSTS, r"'^@_irc_.*:example\.org$'")], &[]),
        ],
        Some(BRIDGE),
        None,
    );
}

#[test]
fn e09_people() {
    verify(
        &[
            (&[(GHOSTS, r"'^@.*:example\.org$'")], &["E09 error 11 namespaces.users[1].regex"]),
            (
                &[(GHOSTS, r"'^@[a-z]+_[a-z]+:example\.org$'")],
                &["E09 error 11 namespaces.users[1].regex"],
            ),
            (
                &[(ALIASES, r"'^#[^:]+:example\.org$'")],
                &["E09 error 14 namespaces.aliases[0].regex"],
            ),
        ],
        None,
        None,
    );
    let dedicated = BRIDGE.replace("irc:\n", "irc:\n  dedicated_server_name: true\n");
    verify(&[(&[(GHOSTS, r"'^@.*:example\.org$'")], &[])], Some(&dedicated), None);
}

#[test]
fn e10_wide_namespaces_that_are_not_exclusive() {
    const EXTRA: &str = "rooms: []\n  extra: 1";
    verify(
        &[
            (
                &[(
                    "  aliases:",
                    "    - {exclusive: false, regex: '^@.*:example\\.org$'}\n  aliases:",
                )],
                &["E10 warning 12 namespaces.users[2].regex"],
            ),
            (
                &[
                    (ALIASES, r"'^#.+:example\.org$'"),
                    ("true\n      regex: '^#", "false\n      regex: '^#"),
                ],
                &["E10 warning 14 namespaces.aliases[0].regex"],
            ),
            (&[("rooms: []", EXTRA)], &[]),
        ],
        None,
        None,
    );
}

#[test]
fn e11_booleans() {
    verify(
        &[
            (&[("rate_limited: false", "rate_limited: 'false'")], &["E11 error 16 rate_limited"]),
            (&[("rate_limited: false", "rate_limited: no")], &["E11 error 16 rate_limited"]),
            (
                &[("exclusive: true", "exclusive: 1")],
                &["E11 error 8 namespaces.users[0].exclusive"],
            ),
            (
                &[("exclusive: true", "exclusive: \"true\"")],
                &["E11 error 8 namespaces.users[0].exclusive"],
            ),
        ],
        None,
        None,
    );
}

#[test]
fn e12_id() {
    verify(
        &[
            (&[("id: irc", "id: 'irc|2'")], &["E12 error 1 id"]),
            (&[("id: irc", "id: ' '")], &["E12 error 1 id"]),
        ],
        None,
        None,
    );
    verify(&[(&[("id: irc", "id: irc2")], &["E12 error 1 id"])], Some(BRIDGE), None);
}

#[test]
fn e13_ephemeral() {
    verify(
        &[
            (
                &[("de.sorunome.msc2409.push_ephemeral: true\n", "")],
                &["E13 warning 17 receive_ephemeral"],
            ),
            (
                &[("push_ephemeral: true", "push_ephemeral: false")],
                &["E13 warning 17 receive_ephemeral"],
            ),
            (
                &[("receive_ephemeral: true\n", "")],
                &["E13 warning 17 de.sorunome.msc2409.push_ephemeral"],
            ),
        ],
        None,
        None,
    );
}

#[test]
fn e14_encryption() {
    const MSC3202: (&str, &str) = ("rate_limited", "org.matrix.msc3202: true\nrate_limited");
    const MSC4190: (&str, &str) = ("rate_limited", "io.element.msc4190: true\nrate_limited");
    verify(
        &[
            (&[MSC3202], &["E14 warning 16 org.matrix.msc3202"]),
            (
                &[
                    MSC3202,
                    MSC4190,
                    ("receive_ephemeral: true\n", ""),
                    ("push_ephemeral: true", "push_ephemeral: false"),
                ],
                &["E14 error 16 org.matrix.msc3202"],
            ),
            (&[MSC3202, MSC4190], &[]),
        ],
        None,
        None,
    );
}

#[test]
fn e15_protocols() {
    verify(
        &[
            (&[("protocols:\n  - irc\n", "")], &["E15 warning 1 protocols"]),
            (&[("  - irc\n", "  - xmpp\n")], &["E15 warning 19 protocols"]),
        ],
        Some(BRIDGE),
        None,
    );
}

#[test]
fn e16_secrets_of_the_bridge() {
    let mautrix = format!(
        "homeserver: {{domain: example.org}}\nappservice:\n  id: irc\n  as_token: {AS_TOKEN}\n  \
         hs_token: {}\n",
        HS_TOKEN.replace("17c6", "ffff")
    );
    verify(&[(&[], &["E16 error 4 hs_token"])], Some(&mautrix), None);
    let missing = edited(BRIDGE, &[("  id: irc\n", "  id: irc\n  registration: gone.yaml\n")]);
    verify(&[(&[], &["E16 error 1"])], Some(&missing), None);

    let folder = Folder::new();
    let renewed = edited(CLEAN, &[("8e1b", "ffff"), ("17c6", "ffff")]);
    folder.add("registration.yaml", &renewed);
    let config =
        edited(BRIDGE, &[("  id: irc\n", "  id: irc\n  registration: registration.yaml\n")]);
    let config = folder.add("config.yaml", &config);
    let file = File::read(&folder.add("homeserver-copy.yaml", CLEAN)).unwrap();
    let report = check(&[file], &Context::load(Some(&config), None).unwrap());
    assert_eq!(short(&report), ["E16 error 3 as_token", "E16 error 4 hs_token"]);
}

#[test]
fn e17_characters() {
    verify(
        &[
            (
                &[("sender_localpart: _ircbot", "sender_localpart: IRCbot")],
                &["E07 warning 5 sender_localpart", "E17 error 5 sender_localpart"],
            ),
            (
                &[("sender_localpart: _ircbot", "sender_localpart: '@_ircbot:example.org'")],
                &["E07 warning 5 sender_localpart", "E17 error 5 sender_localpart"],
            ),
            (
                &[(GHOSTS, r"'^@_IRC_.*:example\.org$'")],
                &["E17 warning 11 namespaces.users[1].regex"],
            ),
            (
                &[(GHOSTS, r"'^@_irc~.*:example\.org$'")],
                &["E17 warning 11 namespaces.users[1].regex"],
            ),
        ],
        None,
        None,
    );
}

#[test]
fn e17_templates() {
    for (template, words) in [
        ("_IRC_{network}_{nick}", "upper case"),
        ("{network}_{nick}", "people's own ids"),
        ("_irc_{network}{nick}", "nothing between"),
    ] {
        let config =
            edited(BRIDGE, &[("  id: irc\n", &format!("  id: irc\n  ghosts: '{template}'\n"))]);
        let report = checked(&[CLEAN], Some(&config), None);
        assert_eq!(short(&report), ["E17 error 6 appservice.ghosts"]);
        assert!(report.findings[0].what.contains(words), "{}", report.findings[0]);
        assert!(report.findings[0].file.ends_with("config.yaml"));
    }
}

#[test]
fn e18_aliases() {
    let aliases = format!("  aliases:\n    - exclusive: true\n      regex: {ALIASES}\n");
    for replacement in ["", "  aliases: []\n"] {
        let text = edited(CLEAN, &[(&aliases, replacement)]);
        let report = checked(&[&text], Some(BRIDGE), None);
        assert_eq!(
            short(&report),
            ["E07 error 6 namespaces.aliases", "E18 error 6 namespaces.aliases"]
        );
        let fixed =
            edited(BRIDGE, &[("    local:\n", "    local:\n      dynamic_channels: false\n")]);
        let report = checked(&[&text], Some(&fixed), None);
        assert!(!report.findings.iter().any(|finding| finding.code == Code::E18));
    }
}
