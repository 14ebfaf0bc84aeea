use super::*;

fn is_match(dialect: Dialect, kind: NamespaceKind, regex: &str, id: &str) -> bool {
    Pattern::compile(dialect, kind, regex).unwrap().is_match(id)
}

#[test]
fn each_homeserver_has_its_own_idea_of_a_match() {
    use NamespaceKind::{Rooms, Users};
    for (regex, id, kind, expected) in [
        ("^@irc_.*:hs$", "@irc_a:hs", Users, [true, true, true]),
        ("@irc_.*", "@irc_a:hs", Users, [true, true, true]),
        ("irc_.*", "@irc_a:hs", Users, [false, true, true]),
        ("^@IRC_.*", "@irc_a:hs", Users, [false, false, true]),
        ("^!ABC:hs", "!abc:hs", Rooms, [false, false, false]),
        (r"^@\w+:hs$", "@ü:hs", Users, [true, false, true]),
        (r"^@[\d]:hs$", "@٣:hs", Users, [true, false, true]),
        (r"^@a\b.*", "@aü:hs", Users, [false, true, false]),
        ("a|@b", "@xa", Users, [false, true, true]),
    ] {
        let matches = Dialect::ALL.map(|dialect| is_match(dialect, kind, regex, id));
        assert_eq!(matches, expected, "{regex} on {id}");
    }
}

#[test]
fn each_homeserver_refuses_what_its_language_lacks() {
    for (regex, refused) in [
        ("^@irc_(?P<nick>.*):hs$", [false, false, false]),
        ("(?i)^@irc_.*:hs$", [false, false, false]),
        (r"^@irc_\-\@\.[^:]{1,16}:hs$", [false, false, false]),
        ("^@(?!irc_).*:hs$", [false, true, true]),
        (r"^@(.)\1:hs$", [false, true, true]),
        (r"^@irc_.*:hs\Z", [false, true, true]),
        (r"^@irc_.*:hs\z", [true, false, false]),
        (r"^@\p{L}+:hs$", [true, false, false]),
        ("^@(?<nick>.*):hs$", [true, false, false]),
        ("^@[[:alpha:]]+:hs$", [true, false, false]),
        ("^@[a[b]]:hs$", [true, true, false]),
        ("^@[a-z&&[^b]]:hs$", [true, true, false]),
        ("^@a**:hs$", [true, true, false]),
        ("^@a{1001}:hs$", [false, true, false]),
        ("^@a(?i)b:hs$", [true, false, false]),
        ("(?x)^@ a", [false, true, false]),
        (r"^@\u0041", [false, true, false]),
        ("^@irc_(.*:hs$", [true, true, true]),
        ("^@irc_[", [true, true, true]),
        ("*", [true, true, true]),
    ] {
        let refusals = Dialect::ALL.map(|dialect| refusal(dialect, regex).is_some());
        assert_eq!(refusals, refused, "{regex}");
    }
}

#[test]
fn the_outline_tells_server_name_and_anchors() {
    let outline = Outline::of(r"^@irc_.*:example.org:8448$").unwrap();
    assert!(outline.anchored_start && outline.anchored_end);
    assert_eq!(outline.server_name().iter().filter(|&&atom| atom == Atom::Dot).count(), 1);
    assert_eq!(outline.localpart().last(), Some(&Atom::Char(':')));
    assert!(!Outline::of("@a:b").unwrap().anchored_end);
    assert!(!Outline::of("^@a:b$|c").unwrap().anchored_end);
    assert!(Outline::of("(?i)^@.*").unwrap().anchored_end);
}

#[test]
fn python_compiles_what_synapse_is_said_to_take() {
    let good = [
        "^@irc_(?P<nick>.*):hs$",
        "(?i)^@irc_.*:hs$",
        "^@(?!irc_).*:hs$",
        r"^@irc_.*:hs\Z",
        r"^@irc_\-\@\.[^:]{1,16}:hs$",
        "(?x)^@ a",
        "(?i:a)",
    ];
    let bad =
        [r"^@\p{L}+:hs$", "^@(?<nick>.*):hs$", "^@a**:hs$", "^@irc_[", "(?U)a", "^@a(?i)b:hs$"];
    for (regexes, expected) in [(&good[..], true), (&bad[..], false)] {
        for (regex, compiles) in regexes.iter().zip(crate::python::compiles(regexes)) {
            assert_eq!(compiles, expected, "{regex}");
            assert_eq!(refusal(Dialect::Synapse, regex).is_none(), expected, "{regex}");
        }
    }
}
