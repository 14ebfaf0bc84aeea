use super::{AddressError, Failover, Scheme, ServerAddress};

fn address(text: &str) -> Result<ServerAddress, AddressError> {
    text.parse()
}

#[test]
fn urls_have_default_ports() {
    for (text, scheme, host, port) in [
        ("irc://irc.example.org", Scheme::Plain, "irc.example.org", 6667),
        ("ircs://irc.example.org", Scheme::Tls, "irc.example.org", 6697),
        ("ircs://irc.example.org:7000", Scheme::Tls, "irc.example.org", 7000),
        ("irc://127.0.0.1:6668/", Scheme::Plain, "127.0.0.1", 6668),
        ("irc://[::1]", Scheme::Plain, "::1", 6667),
        ("ircs://[2001:db8::2]:6698", Scheme::Tls, "2001:db8::2", 6698),
    ] {
        let parsed = address(text).unwrap();
        assert_eq!(parsed, ServerAddress { scheme, host: host.into(), port });
        assert_eq!(address(&parsed.to_string()), Ok(parsed));
    }
}

#[test]
fn mistakes_are_named() {
    let text = |text: &str| address(text).unwrap_err().to_string();
    assert!(text("irc.example.org:6667").contains("begin with irc://"));
    assert!(text("http://irc.example.org").contains("begin with irc://"));
    assert!(text("irc://host/#chan").contains("rooms"));
    assert!(text("irc://user:pass@host").contains("their own keys"));
    assert!(text("irc://").contains("no host"));
    assert!(text("irc://::1").contains("brackets"));
    assert!(text("irc://[::1").contains("brackets"));
    assert!(text("irc://[::1]6667").contains("brackets"));
    assert!(text("irc://[nonsense]").contains("brackets"));
    assert!(text("irc://host:0").contains("65535"));
    assert!(text("irc://host:99999").contains("65535"));
    assert!(text("irc://host:").contains("65535"));
}

#[test]
fn failover_prefers_the_next_server_and_comes_round() {
    let servers: Vec<_> =
        ["a", "b", "c"].map(|host| address(&format!("irc://{host}")).unwrap()).into();
    let hosts = |failover: &Failover| {
        failover.order().into_iter().map(|server| server.host).collect::<String>()
    };
    let mut failover = Failover::new(servers.clone());
    assert_eq!(hosts(&failover), "abc");
    failover.avoid(&servers[1]);
    assert_eq!(hosts(&failover), "abc", "another than the preferred one changes nothing");
    failover.avoid(&servers[0]);
    assert_eq!(hosts(&failover), "bca");
    failover.avoid(&servers[1]);
    failover.avoid(&servers[2]);
    assert_eq!(hosts(&failover), "abc");
    assert!(Failover::new(Vec::new()).order().is_empty());
}
