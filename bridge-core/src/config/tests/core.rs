//! The core's sections.

use super::*;
use crate::permission::Level;

#[test]
fn homeserver_and_network_are_enough() {
    let config = good(&format!("{HEAD}{NETWORK}"));
    assert_eq!(config.homeserver.url.as_str(), "http://127.0.0.1:8008");
    assert_eq!(config.homeserver.domain, "localhost");
    assert_eq!(config.appservice.id, "toy");
    assert_eq!(config.appservice.listen.to_string(), "127.0.0.1:29331");
    assert_eq!(config.appservice.url.as_str(), "http://127.0.0.1:29331");
    assert_eq!(config.appservice.registration, Path::new("/etc/toy/registration.yaml"));
    assert_eq!(config.appservice.bot, "_toybot");
    assert_eq!(config.appservice.ghosts.to_string(), "_toy_{network}_{nick}");
    assert_eq!(config.store.url, StoreUrl::Sqlite("/etc/toy/bridge.db".into()));
    assert_eq!(config.store.keep, Duration::from_hours(30 * 24));
    assert_eq!(config.admin.listen.port(), 29332);
    assert_eq!(config.admin.token_file, Path::new("/etc/toy/admin.token"));
    assert_eq!(config.admin.ready_backlog.rows, 10_000);
    assert_eq!(config.admin.ready_backlog.age, Duration::from_mins(1));
    assert_eq!(config.media.public_url.as_str(), "http://127.0.0.1:29333");
    assert_eq!(config.media.link_lifetime, None);
    assert_eq!(config.relay.format.to_string(), "<{name}> {text}");
    assert_eq!(config.delivery.uncertain, UncertainPolicy::Notify);
    assert_eq!(config.delivery.max_age, Duration::from_hours(24));
    assert_eq!(config.portals.join_rule.as_str(), "public");
    assert_eq!(config.portals.encryption_power, 100);
    assert_eq!(config.logging, Logging::default());
    let anyone = ruma::user_id!("@x:anywhere");
    assert_eq!(config.permissions.level(anyone), Level::Relay);
}

#[test]
fn the_example_means_the_defaults() {
    let example = example(&facts(), &ExampleValues::default());
    let example = good(&example);
    let minimal = good(&format!("{HEAD}{NETWORK}"));
    let permissions = example.permissions.clone();
    assert_eq!(example, Config { permissions, ..minimal });
}

#[test]
fn what_the_example_comments_out_is_right_too() {
    let config = good(&whole_example());
    assert_eq!(config.appservice.bot, "_toybot");
    assert_eq!(config.appservice.aliases.to_string(), "_toy_{network}_{channel}");
}

#[test]
fn answers_fill_the_example() {
    let values = ExampleValues {
        homeserver_url: "https://matrix.example.org".to_owned(),
        domain: "example.org".to_owned(),
        answers: vec![("toy-server".to_owned(), "toy://there".to_owned())],
    };
    let loaded = load(&example(&facts(), &values)).unwrap();
    assert_eq!(loaded.config.homeserver.domain, "example.org");
    assert_eq!(loaded.network.networks["local"].servers, ["toy://there"]);
    let admin = ruma::user_id!("@admin:example.org");
    assert_eq!(loaded.config.permissions.level(admin), Level::Admin);
}

#[test]
fn paths_start_at_the_folder_of_the_file() {
    let config = good(&format!(
        "{HEAD}{NETWORK}\
         appservice: {{registration: ../reg.yaml}}\n\
         store: {{url: 'sqlite:/var/lib/toy.db'}}\n"
    ));
    assert_eq!(config.appservice.registration, Path::new("/etc/toy/../reg.yaml"));
    assert_eq!(config.store.url, StoreUrl::Sqlite("/var/lib/toy.db".into()));
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_known_one() {
    let text = format!("homeserver:\n  ulr: http://x\n  domain: localhost\n{NETWORK}");
    let errors = errors(&text);
    assert_eq!(
        errors,
        [
            "/etc/toy/config.yaml:1: homeserver.url: this key is missing; \
             add `url: http://127.0.0.1:8008`",
            "/etc/toy/config.yaml:2: homeserver.ulr: unknown key; did you mean `url`?",
        ]
    );
}

#[test]
fn an_unknown_section_is_refused() {
    assert_eq!(
        error(&format!("{HEAD}{NETWORK}storage: {{}}\n")),
        "/etc/toy/config.yaml:3: storage: unknown key; did you mean `store`?"
    );
    assert_eq!(
        error(&format!("{HEAD}{NETWORK}xmpp:\n  component: x\n")),
        "/etc/toy/config.yaml:3: xmpp: unknown key; the network's section is called `toy` here"
    );
}

#[test]
fn every_section_names_its_wrong_values() {
    for (line, expected) in [
        ("homeserver: {url: localhost, domain: x}", "homeserver.url: the address must start with"),
        (
            "homeserver: {url: 'http://x', domain: 'https://x'}",
            "homeserver.domain: this is not a server name",
        ),
        ("appservice: {id: 'a|b'}", "appservice.id: this is not an id; use letters"),
        (
            "appservice: {listen: '29331'}",
            "appservice.listen: this is not an address to listen on; write",
        ),
        (
            "appservice: {bot: '@bot:x'}",
            "appservice.bot: this is not the localpart of a user id; use",
        ),
        ("appservice: {registration: ''}", "appservice.registration: the path is empty; give one"),
        (
            "appservice: {ghosts: '{network}_{nick}'}",
            "appservice.ghosts: template `{network}_{nick}`",
        ),
        (
            "appservice: {ghosts: '_x_{nick}'}",
            "appservice.ghosts: the template must have the same fields as the default; the default",
        ),
        (
            "store: {url: 'postgres:x'}",
            "store.url: this is not the address of a store; write `sqlite:",
        ),
        (
            "store: {keep: 30}",
            "store.keep: a duration has a unit; write a number with a unit, such as `30d`",
        ),
        ("store: {keep: 30 lightyears}", "store.keep: this is not a duration; write"),
        (
            "admin: {ready_backlog: {rows: -1}}",
            "admin.ready_backlog.rows: the number -1 is not allowed here; give a whole number from 0",
        ),
        (
            "admin: {ready_backlog: {age: 1}}",
            "admin.ready_backlog.age: unknown key; did you mean `age_s`?",
        ),
        ("admin: 5", "admin: this must be a map of keys and values; compare"),
        (
            "media: {allow_hosts: [ok, 'not ok']}",
            "media.allow_hosts[1]: this is neither a host nor a network; write",
        ),
        (
            "media: {allow_hosts: nope}",
            "media.allow_hosts: this text does not fit here; give a list",
        ),
        ("media: {public_url: 'http://'}", "media.public_url: this is not an address; write"),
        (
            "permissions: {localhost: usr}",
            "permissions.localhost: this is not a level; did you mean `user`? levels are",
        ),
        ("permissions: {'@x': user}", "permissions.@x: this names nobody; write a user id"),
        ("relay: {format: hello}", "relay.format: `{text}` is missing; write"),
        ("policy_rooms: [nope]", "policy_rooms[0]: this is not a room; write"),
        ("policy_rooms: '#a:b'", "policy_rooms: this must be a list; write"),
        (
            "delivery: {uncertain: notfy}",
            "delivery.uncertain: unknown value `notfy`; did you mean `notify`? allowed are `notify`, `resend`, `hold`",
        ),
        (
            "portals: {join_rule: restricted}",
            "portals.join_rule: unknown value `restricted`; allowed are `public`, `invite`, `knock`",
        ),
        (
            "portals: {encryption_power: 1000}",
            "portals.encryption_power: this is not a usual power level; give",
        ),
        ("logging: {level: 'a=b=c'}", "logging.level: this is not a level; use `error`"),
        (
            "logging: {format: yaml}",
            "logging.format: unknown value `yaml`; allowed are `text`, `json`",
        ),
    ] {
        let head = if line.starts_with("homeserver") { "\n" } else { HEAD };
        let error = error(&format!("{head}{NETWORK}{line}\n"));
        let start = format!("/etc/toy/config.yaml:3: {expected}");
        assert!(error.starts_with(&start), "{error}\nis not\n{start}");
        assert!(error.contains("; "), "no fix in {error}");
    }
}

#[test]
fn all_errors_are_reported_in_the_order_of_their_lines() {
    let errors = errors(
        "store: {keep: x, url: nope}\n\
         homeserver: {url: x}\n\
         toy: {networks: {local: {servers: [a], prot: 5}}}\n",
    );
    let lines: Vec<_> = errors.iter().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        lines,
        [
            "store.url",
            "store.keep",
            "homeserver.url",
            "homeserver.domain",
            "toy.networks.local.prot"
        ]
    );
}

#[test]
fn what_is_no_yaml_is_refused_with_its_line() {
    for text in ["homeserver:\n  url: [\n", "homeserver: {}\nhomeserver: {}\n", "a: b: c\n"] {
        let error = load(text).unwrap_err();
        let problem = &error.problems()[0];
        assert!(problem.line().is_some(), "{error}");
        assert!(problem.what.starts_with("not valid YAML: "), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    assert!(error("[]").contains("the file must be a map of sections; compare"));
}

#[test]
fn an_empty_file_says_what_is_missing() {
    let errors = errors("# nothing\n");
    assert_eq!(errors.len(), 3, "{errors:#?}");
    assert!(errors.iter().any(|line| line.contains("toy: this section is missing; add")));
}

#[test]
fn a_missing_file_says_how_to_make_one() {
    let error = Config::load::<Toy>(Path::new("/nowhere/config.yaml"), [], &facts()).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/config.yaml: cannot read"), "{error}");
    assert!(error.to_string().contains("make it with `init`"), "{error}");
}

#[test]
fn the_address_of_a_store_may_be_kept_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("url"), "mongodb://u:pw@host/db\n").unwrap();
    let path = folder.path().join("config.yaml");
    let text = format!("{HEAD}{NETWORK}store: {{url_file: url}}\n");
    std::fs::write(&path, &text).unwrap();
    let loaded = Config::load::<Toy>(&path, [], &facts()).unwrap();
    assert_eq!(loaded.config.store.url, StoreUrl::Mongodb("mongodb://u:pw@host/db".into()));

    std::fs::write(&path, text.replace("url_file: url", "url_file: url, url: 'sqlite:x'")).unwrap();
    let error = Config::load::<Toy>(&path, [], &facts()).unwrap_err();
    assert!(error.to_string().contains("both `url` and `url_file` are given"), "{error}");
}
