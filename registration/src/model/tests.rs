use super::*;

const FILE: &str = r#"
id: irc
url: http://127.0.0.1:29331
as_token: "0123"
hs_token: abc
sender_localpart: _ircbot
namespaces:
  users:
    - exclusive: true
      regex: "^@_irc_.*:localhost$"
      group_id: "+irc:localhost"
  aliases: []
  rooms: []
rate_limited: false
receive_ephemeral: true
de.sorunome.msc2409.push_ephemeral: true
io.element.msc4190: false
protocols: [irc]
ip_range_whitelist: [10.0.0.0/8, "12"]
com.example:
  depth: {a: [1, two, "3"], b: null, c: {}}
"#;

fn problem(from: &str, to: &str) -> Problem {
    assert!(FILE.contains(from));
    Registration::from_yaml(&FILE.replacen(from, to, 1)).unwrap_err()
}

#[test]
fn everything_survives_a_round_trip() {
    let registration = Registration::from_yaml(FILE).unwrap();
    assert_eq!(registration.namespaces.users[0].extra.len(), 1);
    assert_eq!(registration.extra.len(), 2);
    let text = registration.to_yaml();
    assert_eq!(Registration::from_yaml(&text).unwrap(), registration, "{text}");
    assert_eq!(Registration::from_yaml(&text).unwrap().to_yaml(), text);
}

#[test]
fn keys_are_written_in_a_fixed_order() {
    let text = Registration::from_yaml(FILE).unwrap().to_yaml();
    let expected = r"id: irc
url: http://127.0.0.1:29331
as_token: '0123'
hs_token: 'abc'
sender_localpart: _ircbot
namespaces:
  users:
    - exclusive: true
      regex: '^@_irc_.*:localhost$'
      group_id: '+irc:localhost'
  aliases: []
  rooms: []
rate_limited: false
receive_ephemeral: true
de.sorunome.msc2409.push_ephemeral: true
io.element.msc4190: false
protocols:
  - irc
ip_range_whitelist:
  - 10.0.0.0/8
  - '12'
com.example:
  depth:
    a:
      - 1
      - two
      - '3'
    b: null
    c: {}
";
    let body: String =
        text.lines().skip_while(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n");
    assert_eq!(body + "\n", expected);
}

#[test]
fn tokens_do_not_show_in_debug_output() {
    let shown = format!("{:?}", Registration::from_yaml(FILE).unwrap());
    assert!(!shown.contains("0123") && !shown.contains("abc"), "{shown}");
}

#[test]
fn types_are_taken_strictly() {
    for (from, to, line, key, kind) in [
        ("\"0123\"", "0123", 4, "as_token", ProblemKind::Type),
        ("hs_token: abc", "hs_token: 12e3", 5, "hs_token", ProblemKind::Type),
        ("id: irc", "id:", 2, "id", ProblemKind::Type),
        ("aliases: []", "aliases: null", 12, "namespaces.aliases", ProblemKind::Type),
        (
            "rate_limited: false",
            "rate_limited: \"false\"",
            14,
            "rate_limited",
            ProblemKind::NotBool,
        ),
        ("rate_limited: false", "rate_limited: no", 14, "rate_limited", ProblemKind::NotBool),
        (
            "exclusive: true",
            "exclusive: 1",
            9,
            "namespaces.users[0].exclusive",
            ProblemKind::NotBool,
        ),
        ("protocols: [irc]", "protocols: irc", 18, "protocols", ProblemKind::Type),
        ("protocols: [irc]", "protocols: [5]", 18, "protocols[0]", ProblemKind::Type),
        ("url: http://127.0.0.1:29331", "", 2, "url", ProblemKind::Url),
        ("sender_localpart: _ircbot", "", 2, "sender_localpart", ProblemKind::Missing),
        ("id: irc", "id: irc\nid: irc", 3, "", ProblemKind::Syntax),
        ("id: irc", "id: [irc", 3, "", ProblemKind::Syntax),
    ] {
        let problem = problem(from, to);
        assert_eq!((problem.line, &*problem.key, problem.kind), (line, key, kind), "{problem}");
    }
}

#[test]
fn a_null_url_is_no_missing_url() {
    let text = FILE.replace("http://127.0.0.1:29331", "null");
    let registration = Registration::from_yaml(&text).unwrap();
    assert_eq!(registration.url, None);
    assert!(registration.to_yaml().contains("\nurl: null\n"));
}

#[test]
fn a_file_that_is_no_mapping_is_refused() {
    for text in ["", "[]", "- id: x", "just words", "\u{0}", "a: &x [*x]"] {
        assert!(Registration::from_yaml(text).is_err(), "{text:?}");
    }
}
