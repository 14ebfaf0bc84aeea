//! The network's section: typed values, and errors that know their place.

use super::*;

fn network(body: &str) -> Toy {
    load(&format!("{HEAD}toy:\n{body}")).unwrap_or_else(|error| panic!("{error}")).network
}

fn network_error(body: &str) -> String {
    error(&format!("{HEAD}toy:\n{body}"))
}

#[test]
fn a_section_becomes_its_type() {
    let toy = network(
        "  networks:\n    local: {servers: [a, b], port: 7000, mode: fast, timeout: 5s}\n    \
         other: {servers: [], mode: {slow: {per_second: 2}}}\n  rooms: {'#rust': '!abc:x'}\n",
    );
    let local = &toy.networks["local"];
    assert_eq!(local.servers, ["a", "b"]);
    assert_eq!(local.nick, "bridge");
    assert_eq!(local.port, Some(7000));
    assert_eq!(local.timeout, Some(Duration::from_secs(5)));
    assert_eq!(toy.networks["other"].mode, Mode::Slow { per_second: 2 });
    assert_eq!(toy.rooms["#rust"], "!abc:x");
}

#[test]
fn errors_deep_inside_name_line_key_and_fix() {
    for (body, expected) in [
        (
            "  networks:\n    local:\n      servers: [a]\n      prot: 1\n",
            "6: toy.networks.local.prot: unknown key; did you mean `port`?",
        ),
        (
            "  networks:\n    local:\n      servers: [a]\n      port: 70000\n",
            "6: toy.networks.local.port: the number 70000 is not allowed here; \
             give a whole number from 0 to 65535",
        ),
        (
            "  networks:\n    local:\n      servers: a\n",
            "5: toy.networks.local.servers: this text does not fit here; give a list",
        ),
        (
            "  networks:\n    local:\n      servers:\n        - a\n        - {}\n",
            "7: toy.networks.local.servers[1]: a map does not fit here; give a text",
        ),
        (
            "  networks:\n    local:\n      nick: x\n",
            "4: toy.networks.local.servers: this key is missing; add `servers: …`",
        ),
        (
            "  networks:\n    local: {servers: [a], mode: fats}\n",
            "4: toy.networks.local.mode: unknown value `fats`; did you mean `fast`?",
        ),
        (
            "  networks:\n    local: {servers: [a], mode: {slow: {per_second: x}}}\n",
            "4: toy.networks.local.mode.slow.per_second: this text does not fit here; give",
        ),
        (
            "  networks:\n    local: {servers: [a], timeout: soon}\n",
            "4: toy.networks.local.timeout: this is not a duration, write",
        ),
        ("  networks:\n", "3: toy.networks: an empty value does not fit here; give a map"),
        ("  room: {}\n  networks: {}\n", "3: toy.room: unknown key; did you mean `rooms`?"),
    ] {
        let error = network_error(body);
        let start = format!("/etc/toy/config.yaml:{expected}");
        assert!(error.starts_with(&start), "{error}\nis not\n{start}");
    }
}

#[test]
fn an_empty_section_says_what_it_lacks() {
    let error = network_error("");
    assert!(error.contains("config.yaml:2: toy.networks: this key is missing"), "{error}");
}

#[test]
fn a_secret_may_be_kept_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    let load = |sasl: &str| {
        let text =
            format!("{HEAD}toy: {{networks: {{local: {{servers: [], sasl: {{{sasl}}}}}}}}}\n");
        std::fs::write(&path, text).unwrap();
        Config::load::<Toy>(&path, [], &facts())
    };
    let refused = |sasl: &str| load(sasl).unwrap_err().to_string();

    let missing = refused("account: a, password_file: pw");
    assert!(
        missing.contains(":2: toy.networks.local.sasl.password_file: cannot read the file"),
        "{missing}"
    );
    std::fs::write(folder.path().join("pw"), "\n").unwrap();
    assert!(refused("account: a, password_file: pw").contains("is empty; put the secret into it"));

    std::fs::write(folder.path().join("pw"), "hunter2\n").unwrap();
    let loaded = load("account: a, password_file: pw").unwrap();
    let sasl = loaded.network.networks["local"].sasl.clone().unwrap();
    assert_eq!(sasl.password.expose(), "hunter2");

    let both = refused("account: a, password_file: pw, password: x");
    assert!(both.contains("both `password` and `password_file` are given; remove one"), "{both}");
    let not_secret = refused("account_file: pw, password: x");
    assert!(not_secret.contains("sasl.account_file: unknown key; only a secret"), "{not_secret}");
}

#[test]
fn an_error_never_shows_a_secret() {
    let error =
        network_error("  networks: {local: {servers: [], sasl: {account: a, password: 12345}}}\n");
    assert!(
        error.contains("sasl.password: this must be a text; put the value in quotes"),
        "{error}"
    );
    assert!(!error.contains("12345"), "{error}");
}

#[test]
fn an_error_of_the_network_itself_is_located_by_its_key() {
    let text = format!(
        "{HEAD}toy:\n  networks:\n    local:\n      servers:\n        - a\n        - b\n  \
         rooms:\n    room@muc.server:\n      x\n"
    );
    let source = load(&text).unwrap().source;
    for (key, line) in [
        ("toy", 2),
        ("toy.networks.local", 4),
        ("toy.networks.local.servers", 5),
        ("toy.networks.local.servers[1]", 7),
        ("toy.networks.local.nick", 4),
        ("toy.rooms.room@muc.server", 9),
    ] {
        let error = source.locate(ConfigError::new(key, "wrong", "mend it"));
        assert_eq!(
            error.to_string(),
            format!("/etc/toy/config.yaml:{line}: {key}: wrong; mend it")
        );
    }
}
