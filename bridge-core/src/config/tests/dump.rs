//! The effective configuration.

use super::*;

#[test]
fn a_dump_is_a_configuration_with_every_default() {
    let loaded = load(&format!("{HEAD}{NETWORK}store: {{keep: 90s}}\n")).unwrap();
    let dump = loaded.dump();
    let again = load(&dump).unwrap_or_else(|error| panic!("{error}\n{dump}"));
    assert_eq!(again.config, loaded.config);
    assert_eq!(again.network, loaded.network);
    for section in SECTIONS {
        assert!(dump.lines().any(|line| line.starts_with(&format!("{section}:"))), "{dump}");
    }
}

#[test]
fn a_dump_shows_no_secret() {
    let text = format!(
        "{HEAD}store: {{url: 'mongodb://u:hunter2@host/db'}}\n\
         toy:\n  networks:\n    local:\n      servers: ['toy://u:hunter2@host']\n      \
         sasl: {{account: a, password: hunter2}}\n"
    );
    let dump = load(&text).unwrap().dump();
    assert!(!dump.contains("hunter2"), "{dump}");
    assert!(dump.contains("mongodb://u:<redacted>@host/db"), "{dump}");
    assert!(dump.contains("account: a"), "{dump}");
}

#[test]
fn variables_show_in_the_dump() {
    let loaded =
        load_with(&format!("{HEAD}{NETWORK}"), &[("BRIDGE_TOY__NETWORKS__LOCAL__NICK", "bot")])
            .unwrap();
    assert!(loaded.dump().contains("nick: bot"), "{}", loaded.dump());
}
