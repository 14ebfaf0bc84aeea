use std::fs;

use super::*;

fn homeserver(name: &str, text: &str) -> Result<HomeserverConfig, ContextError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let mut config = HomeserverConfig::read(&path)?;
    for registration in &mut config.registrations {
        *registration = registration.strip_prefix(folder.path()).unwrap_or(registration).into();
    }
    Ok(config)
}

#[test]
fn each_homeserver_is_known_by_its_configuration() {
    let synapse =
        "server_name: example.org\napp_service_config_files: [/etc/a.yaml, b.yaml]\npid_file: 1\n";
    let config = homeserver("homeserver.yaml", synapse).unwrap();
    assert_eq!((&*config.server_name, config.dialect), ("example.org", Dialect::Synapse));
    assert_eq!(config.registrations, [Path::new("/etc/a.yaml"), Path::new("b.yaml")]);
    assert_eq!(config.place, Place::Host);

    let dendrite = "global:\n  server_name: example.org\n  private_key: /etc/dendrite/key.pem\n\
                    app_service_api:\n  config_files: [a.yaml]\n";
    let config = homeserver("dendrite.yaml", dendrite).unwrap();
    assert_eq!((&*config.server_name, config.dialect), ("example.org", Dialect::Dendrite));
    assert_eq!(config.registrations, [Path::new("a.yaml")]);
    assert_eq!(config.place, Place::Container);

    let conduit = "[global]\n# server_name = \"no\"\nserver_name = \"example.org\" # ours\n";
    let config = homeserver("tuwunel.toml", conduit).unwrap();
    assert_eq!((&*config.server_name, config.dialect), ("example.org", Dialect::Conduit));
}

#[test]
fn other_files_are_refused_in_words() {
    let error = homeserver("x.yaml", "listen: 1\n").unwrap_err();
    assert!(error.to_string().contains("no server_name"), "{error}");
    let error = homeserver("x.yaml", "[").unwrap_err();
    assert!(error.to_string().contains("line "), "{error}");
    let error = HomeserverConfig::read(Path::new("/nowhere/x.yaml")).unwrap_err();
    assert!(error.to_string().contains("cannot read /nowhere/x.yaml"), "{error}");
}

#[test]
fn the_bridge_is_known_by_its_section() {
    let config = BridgeConfig::of_text(
        Path::new("etc/config.yaml"),
        "homeserver: {domain: example.org}\nappservice:\n  registration: r.yaml\nxmpp:\n  mucs: \
         {dynamic: false}\n",
    )
    .unwrap();
    assert_eq!(config.domain.as_deref(), Some("example.org"));
    assert_eq!(config.registration.as_deref(), Some(Path::new("etc/r.yaml")));
    assert_eq!(config.bot.as_deref(), Some("_xmppbot"));
    let templates: Vec<_> = config.templates.iter().map(ToString::to_string).collect();
    assert_eq!(templates, ["_xmpp_{jid}", "_xmpp_{room}_{mucdomain}"]);
    assert!(!config.alias_queries);
}

#[test]
fn the_example_text_of_others_is_no_token() {
    let config = BridgeConfig::of_text(
        Path::new("config.yaml"),
        "appservice:\n  address: http://x:1\n  as_token: This value is generated\n  hs_token: abc\n",
    )
    .unwrap();
    assert!(config.tokens[0].is_none() && config.tokens[1].is_some());
    assert_eq!(config.url.unwrap().value, "http://x:1");
    assert!(config.templates.is_empty() && config.network.is_none());
}
