//! Environment variables.

use super::*;

fn text() -> String {
    format!("{HEAD}{NETWORK}")
}

#[test]
fn a_variable_stands_above_the_file_and_is_yaml() {
    let loaded = load_with(
        &text(),
        &[
            ("BRIDGE_HOMESERVER__URL", "http://elsewhere:1"),
            ("BRIDGE_ADMIN__READY_BACKLOG__ROWS", "5"),
            ("BRIDGE_MEDIA__ALLOW_HOSTS", "[a, b]"),
            ("BRIDGE_POLICY_ROOMS", "['#p:x']"),
            ("BRIDGE_TOY__NETWORKS__LOCAL__PORT", "99"),
            ("BRIDGE_VERSION", "ignored"),
            ("PATH", "ignored"),
        ],
    )
    .unwrap();
    assert_eq!(loaded.config.homeserver.url.as_str(), "http://elsewhere:1");
    assert_eq!(loaded.config.homeserver.domain, "localhost");
    assert_eq!(loaded.config.admin.ready_backlog.rows, 5);
    assert_eq!(loaded.config.media.allow_hosts.len(), 2);
    assert_eq!(loaded.config.policy_rooms.len(), 1);
    assert_eq!(loaded.network.networks["local"].port, Some(99));
}

#[test]
fn a_variable_finds_keys_that_it_cannot_spell() {
    let text = format!("{HEAD}toy: {{networks: {{my-Net: {{servers: [a]}}}}}}\n");
    let loaded = load_with(&text, &[("BRIDGE_TOY__NETWORKS__MY_NET__NICK", "bot")]).unwrap();
    assert_eq!(loaded.network.networks["my-Net"].nick, "bot");
}

#[test]
fn a_variable_replaces_the_other_form_of_a_secret() {
    let text = format!("{HEAD}{NETWORK}store: {{url_file: /nowhere}}\n");
    let loaded = load_with(&text, &[("BRIDGE_STORE__URL", "sqlite:x.db")]).unwrap();
    assert_eq!(loaded.config.store.url, StoreUrl::Sqlite("/etc/toy/x.db".into()));
}

#[test]
fn an_error_names_the_variable() {
    for (name, value, expected) in [
        ("BRIDGE_HOMESERVER__ULR", "x", "homeserver.ulr: unknown key; did you mean `url`?"),
        ("BRIDGE_STORE__KEEP", "5", "store.keep: a duration has a unit; write"),
        ("BRIDGE_NOPE__X", "5", "nope: unknown key; "),
        ("BRIDGE_STORE__KEEP", "[", "its value is not valid YAML: "),
        ("BRIDGE_TOY__NETWORKS__LOCAL__PORT", "x", "toy.networks.local.port: this text does"),
    ] {
        let error = load_with(&text(), &[(name, value)]).unwrap_err().to_string();
        let start = format!("environment variable {name}: {expected}");
        assert!(error.starts_with(&start), "{error}\nis not\n{start}");
    }
}
