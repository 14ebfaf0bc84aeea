use std::path::Path;

use super::*;

const ONE: &str = r"
id: one
url: http://bridge:1
as_token: a1
hs_token: h1
sender_localpart: bot1
namespaces:
  users:
    - {exclusive: true, regex: '^@_a_.*:hs$'}
  rooms:
    - {exclusive: false, regex: '^!x'}
rate_limited: false
protocols: [irc]
x.key: 1
";
const TWO: &str = r"
id: two
url: http://bridge:1/
as_token: a2
hs_token: h2
sender_localpart: bot2
namespaces:
  users:
    - {exclusive: true, regex: '^@_b_.*:hs$'}
  aliases:
    - {exclusive: true, regex: '^#_b_.*:hs$'}
  rooms:
    - {exclusive: false, regex: '^!x'}
rate_limited: true
receive_ephemeral: true
protocols: [irc, xmpp]
x.key: 2
y.key: 2
";

fn merged(one: &str, two: &str) -> Result<Merged, MergeError> {
    merge(&File::of_text(Path::new("1.yaml"), one), &File::of_text(Path::new("2.yaml"), two))
}

#[test]
fn namespaces_unite_and_the_first_keeps_its_secrets() {
    let Merged { registration, notes } = merged(ONE, TWO).unwrap();
    assert_eq!(registration.id, "one");
    assert_eq!(registration.as_token.expose(), "a1");
    assert_eq!(registration.hs_token.expose(), "h1");
    assert_eq!(registration.sender_localpart, "bot1");
    let regexes = |entries: &[crate::Namespace]| {
        entries.iter().map(|entry| entry.regex.clone()).collect::<Vec<_>>()
    };
    assert_eq!(regexes(&registration.namespaces.users), ["^@_a_.*:hs$", "^@_b_.*:hs$"]);
    assert_eq!(regexes(&registration.namespaces.aliases), ["^#_b_.*:hs$"]);
    assert_eq!(regexes(&registration.namespaces.rooms), ["^!x"]);
    assert_eq!(registration.rate_limited, Some(false));
    assert_eq!(registration.receive_ephemeral, Some(true));
    assert_eq!(registration.protocols, ["irc", "xmpp"]);
    let keys: Vec<_> = registration.extra.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["x.key", "y.key"]);
    assert_eq!(notes.len(), 2, "{notes:?}");
}

#[test]
fn overlaps_and_other_addresses_are_refused() {
    let error = merged(ONE, &TWO.replace("@_b_", "@_a_b")).unwrap_err();
    let MergeError::Overlap { id, .. } = &error else { panic!("{error}") };
    assert!(id.starts_with("@_a_b"), "{id}");
    let error = merged(ONE, &TWO.replace("bridge:1", "bridge:2")).unwrap_err();
    assert!(matches!(error, MergeError::Url { .. }), "{error}");
    let error = merged(ONE, &TWO.replace("url: http://bridge:1/", "url: null")).unwrap_err();
    assert!(error.to_string().contains("null"), "{error}");
    assert!(matches!(merged(ONE, ONE), Err(MergeError::Overlap { .. })));
}

#[test]
fn a_wrong_file_is_refused_by_name_and_line() {
    let error = merged(ONE, &TWO.replace("as_token: a2", "as_token: 2")).unwrap_err();
    assert!(error.to_string().starts_with("2.yaml: line 4"), "{error}");
}
