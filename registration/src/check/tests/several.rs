//! Files beside each other.

use super::*;

/// Another service that shares nothing with [`CLEAN`].
fn other() -> String {
    edited(
        CLEAN,
        &[
            ("id: irc", "id: xmpp"),
            ("8e1b", "aaaa"),
            ("17c6", "bbbb"),
            ("_ircbot", "_xmppbot"),
            ("_ircbot", "_xmppbot"),
            ("@_irc_", "@_xmpp_"),
            ("#_irc_", "#_xmpp_"),
        ],
    )
}

fn both(other: &str) -> Report {
    checked(&[CLEAN, other], None, None)
}

#[test]
fn services_with_their_own_prefixes_live_together() {
    assert_eq!(short(&both(&other())), Vec::<String>::new());
}

#[test]
fn e08_overlaps_show_a_witness() {
    for (edit, expected, witness) in [
        (("@_xmpp_", "@_irc_"), "E08 error 11 namespaces.users[1].regex", "@_irc_"),
        (("#_xmpp_", "#_irc_"), "E08 error 14 namespaces.aliases[0].regex", "#_irc_"),
    ] {
        let report = both(&edited(&other(), &[edit]));
        assert_eq!(short(&report), [expected]);
        let finding = &report.findings[0];
        let id = finding.what.split('`').nth(1).unwrap();
        assert!(id.starts_with(witness) && id.ends_with(":example.org"), "{finding}");
        assert!(finding.file.ends_with("1.yaml") && finding.what.contains("0.yaml"), "{finding}");
    }
}

#[test]
fn e08_overlaps_of_one_dialect_are_told_so() {
    let shouting = edited(&other(), &[("@_xmpp_", "@_IRC_")]);
    let report = both(&shouting);
    assert_eq!(
        short(&report),
        ["E08 error 11 namespaces.users[1].regex", "E17 warning 11 namespaces.users[1].regex"]
    );
    assert!(report.findings[0].what.ends_with("on Conduit and kin"), "{}", report.findings[0]);
}

#[test]
fn e08_bots_are_in_nobody_elses_namespace() {
    let uncovered =
        edited(&other(), &[("sender_localpart: _xmppbot", "sender_localpart: _irc_libera_bot")]);
    let codes: Vec<_> = both(&uncovered).findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::E08, Code::E07]);

    let same = edited(&other(), &[("_xmppbot", "_ircbot"), ("_xmppbot", "_ircbot")]);
    assert_eq!(
        short(&both(&same)),
        ["E08 error 5 sender_localpart", "E08 error 9 namespaces.users[0].regex"]
    );
}

#[test]
fn e08_compares_with_what_the_homeserver_loads() {
    let folder = Folder::new();
    let path = folder.add("irc.yaml", CLEAN);
    let rival = edited(&other(), &[("@_xmpp_", "@_irc_")]);
    folder.add("rival.yaml", &rival);
    let synapse = "server_name: example.org\napp_service_config_files: [irc.yaml, rival.yaml]\n";
    let homeserver = folder.add("homeserver.yaml", synapse);
    let context = Context::load(None, Some(&homeserver)).unwrap();
    let report = check(&[File::read(&path).unwrap()], &context);
    assert_eq!(short(&report), ["E08 error 11 namespaces.users[1].regex"]);
    assert!(report.findings[0].what.contains("rival.yaml"));

    fs::remove_file(folder.0.path().join("rival.yaml")).unwrap();
    let report = check(&[File::read(&path).unwrap()], &context);
    assert_eq!(report.findings, []);
    assert!(report.skipped.iter().any(|skipped| skipped.code == Code::E08));
}

#[test]
fn e03_and_e12_secrets_and_ids_are_shared_with_nobody() {
    let shared = edited(&other(), &[("aaaa", "8e1b")]);
    assert_eq!(short(&both(&shared)), ["E03 error 3 as_token"]);
    let shared = edited(&other(), &[("bbbb", "17c6")]);
    assert_eq!(short(&both(&shared)), ["E03 error 4 hs_token"]);
    let shared = edited(&other(), &[("id: xmpp", "id: irc")]);
    assert_eq!(short(&both(&shared)), ["E12 error 1 id"]);
}
