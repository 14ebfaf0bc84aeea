//! What is right is left alone.

use super::*;
use crate::{Ephemeral, Spec, Template, TemplateKind, generate, template::Prefix};

#[test]
fn a_good_registration_has_no_findings_whatever_is_known() {
    for bridge in [None, Some(BRIDGE)] {
        for homeserver in [None, Some(SYNAPSE)] {
            let report = checked(&[CLEAN], bridge, homeserver);
            assert_eq!(short(&report), Vec::<String>::new());
        }
    }
}

#[test]
fn generated_registrations_have_no_findings() {
    let parse = |kind, text| Template::parse_with(kind, text, Prefix::Optional).unwrap();
    for (bot, ghosts, aliases) in [
        ("_ircbot", "_irc_{network}_{nick}", "_irc_{network}_{channel}"),
        ("_xmppbot", "_xmpp_{jid}", "_xmpp_{room}_{mucdomain}"),
        ("gitterbot", "{username}-{userid}", "{community}_{room}"),
    ] {
        let registration = generate(&Spec {
            id: "bridge",
            url: Some("http://127.0.0.1:29331"),
            sender_localpart: bot,
            server_name: "example.org:8448",
            user_templates: &[parse(TemplateKind::User, ghosts)],
            alias_templates: &[parse(TemplateKind::Alias, aliases)],
            protocols: &[],
            ephemeral: Ephemeral::Receive,
            tokens: None,
        });
        let report = checked(&[&registration.to_yaml()], None, None);
        assert_eq!(short(&report), Vec::<String>::new(), "{ghosts}");
    }
}

#[test]
fn what_is_not_known_is_listed_as_skipped() {
    let needs = |report: &Report, code| report.skipped.iter().any(|skipped| skipped.code == code);
    let bare = checked(&[CLEAN], None, None);
    for code in [Code::E02, Code::E05, Code::E07, Code::E08, Code::E12, Code::E15, Code::E16] {
        assert!(needs(&bare, code), "{code}");
    }
    assert!(needs(&bare, Code::E17) && needs(&bare, Code::E18));
    let full = checked(&[CLEAN], Some(BRIDGE), Some(SYNAPSE));
    assert_eq!(full.skipped, []);
}

#[test]
fn a_service_for_double_puppeting_is_no_error() {
    let text = "id: doublepuppet\nurl: null\n\
        as_token: 8e1b0a5c4f7d92e3a6b1c0d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60711\n\
        hs_token: 17c6d5e4f3a2b1c09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a3922\n\
        sender_localpart: doublepuppet_x7\nrate_limited: false\nnamespaces:\n  users:\n  \
        - exclusive: false\n    regex: '^@.*:example\\.org$'\n";
    let report = checked(&[text], None, Some(SYNAPSE));
    assert_eq!(short(&report), ["E10 warning 10 namespaces.users[0].regex"]);
}
