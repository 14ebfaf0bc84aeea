//! Cases that every parser of the protocol should agree on, in the spirit of `irc-parser-tests`.

use super::{Message, Source};

struct Case {
    line: &'static str,
    tags: &'static [(&'static str, &'static str)],
    source: Option<&'static str>,
    command: &'static str,
    params: &'static [&'static str],
}

const fn case(
    line: &'static str,
    source: Option<&'static str>,
    command: &'static str,
    params: &'static [&'static str],
) -> Case {
    Case { line, tags: &[], source, command, params }
}

const SPLIT: &[Case] = &[
    case("TIME", None, "TIME", &[]),
    case("kick #a b c", None, "KICK", &["#a", "b", "c"]),
    case(":irc.net KICK #a b", Some("irc.net"), "KICK", &["#a", "b"]),
    case(":s PRIVMSG #a :two words", Some("s"), "PRIVMSG", &["#a", "two words"]),
    case(":s PRIVMSG #a :", Some("s"), "PRIVMSG", &["#a", ""]),
    case(":s PRIVMSG #a ::-)", Some("s"), "PRIVMSG", &["#a", ":-)"]),
    case(":s PRIVMSG #a ::-) :-(", Some("s"), "PRIVMSG", &["#a", ":-) :-("]),
    case(":s PRIVMSG #a :  padded  ", Some("s"), "PRIVMSG", &["#a", "  padded  "]),
    case(":s PRIVMSG #a   :tail", Some("s"), "PRIVMSG", &["#a", "tail"]),
    case(":s  PRIVMSG   #a  b", Some("s"), "PRIVMSG", &["#a", "b"]),
    case(":s AWAY", Some("s"), "AWAY", &[]),
    case(":s AWAY ", Some("s"), "AWAY", &[]),
    case(":s MODE #a +n ", Some("s"), "MODE", &["#a", "+n"]),
    case(":s MODE #a +o bob  ", Some("s"), "MODE", &["#a", "+o", "bob"]),
    case(":s MODE #a :+i", Some("s"), "MODE", &["#a", "+i"]),
    case(":s MODE #a +oo bob :eve", Some("s"), "MODE", &["#a", "+oo", "bob", "eve"]),
    case(":s 432  #a :Bad nick: letters", Some("s"), "432", &["#a", "Bad nick: letters"]),
    case(":t\tab PRIVMSG a b", Some("t\tab"), "PRIVMSG", &["a", "b"]),
    case(
        ":a!~b@\x02c\x0305d\x0f PRIVMSG a b",
        Some("a!~b@\x02c\x0305d\x0f"),
        "PRIVMSG",
        &["a", "b"],
    ),
    case(": PING a", None, "PING", &["a"]),
    case("  PING a", None, "PING", &["a"]),
    case("PRIVMSG a :nul\0 and \r\n", None, "PRIVMSG", &["a", "nul and "]),
    case(
        "X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 more",
        None,
        "X",
        &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15 more"],
    ),
    Case {
        line: "@one=1;two;v.example/three=3 :s JOIN #a",
        tags: &[("one", "1"), ("two", ""), ("v.example/three", "3")],
        ..case("", Some("s"), "JOIN", &["#a"])
    },
    Case {
        line: "@a=1;b=2;a=3 JOIN #a",
        tags: &[("a", "3"), ("b", "2")],
        ..case("", None, "JOIN", &["#a"])
    },
    Case { line: "@a= JOIN #a", tags: &[("a", "")], ..case("", None, "JOIN", &["#a"]) },
    Case { line: "@;;a=1; JOIN #a", tags: &[("a", "1")], ..case("", None, "JOIN", &["#a"]) },
    Case { line: "@a=x=y JOIN #a", tags: &[("a", "x=y")], ..case("", None, "JOIN", &["#a"]) },
    Case {
        line: r"@a=\:\s\\\r\n;b=\x\;c=d\ JOIN #a",
        tags: &[("a", "; \\\r\n"), ("b", "x"), ("c", "d")],
        ..case("", None, "JOIN", &["#a"])
    },
    Case { line: r"@a=\\n\\s JOIN #a", tags: &[("a", r"\n\s")], ..case("", None, "JOIN", &["#a"]) },
    Case {
        line: "@a=1   :s   JOIN #a",
        tags: &[("a", "1")],
        ..case("", Some("s"), "JOIN", &["#a"])
    },
];

#[test]
fn lines_split_into_their_parts() {
    for case in SPLIT {
        let message = Message::parse(case.line).unwrap();
        assert_eq!(message.tags.iter().collect::<Vec<_>>(), case.tags, "{:?}", case.line);
        assert_eq!(
            message.source.as_ref().map(ToString::to_string).as_deref(),
            case.source,
            "{:?}",
            case.line
        );
        assert_eq!(message.command, case.command, "{:?}", case.line);
        assert_eq!(message.params, case.params, "{:?}", case.line);
    }
}

#[test]
fn lines_without_a_command_are_refused() {
    for line in ["", "   ", ":s", ":s ", "@a=b", "@a=b ", "@a=b :s", "@a=b :s  ", "\r\n", "\0"] {
        assert!(Message::parse(line).is_err(), "{line:?}");
    }
}

#[test]
fn sources_split_into_nick_user_and_host() {
    for (text, nick, user, host) in [
        ("alice", "alice", None, None),
        ("irc.example.org", "irc.example.org", None, None),
        ("alice!al@example.org", "alice", Some("al"), Some("example.org")),
        ("alice!~al@2001:db8::1", "alice", Some("~al"), Some("2001:db8::1")),
        ("alice@example.org", "alice", None, Some("example.org")),
        ("alice!al", "alice", Some("al"), None),
        ("alice!a!b@c", "alice", Some("a!b"), Some("c")),
        ("alice/m!a@b/c", "alice/m", Some("a"), Some("b/c")),
        ("a!~b@c\x0305d\x0f", "a", Some("~b"), Some("c\x0305d\x0f")),
    ] {
        let source = Source::parse(text);
        assert_eq!(
            (&*source.nick, source.user.as_deref(), source.host.as_deref()),
            (nick, user, host)
        );
        assert_eq!(source.to_string(), text);
    }
    assert_eq!(Source::parse("alice!@h"), Source::parse("alice@h"));
    assert_eq!(Source::parse("alice!al@"), Source::parse("alice!al"));
}

#[test]
fn messages_join_into_lines() {
    let source = |text| Some(Source::parse(text));
    for (message, line) in [
        (Message::new("TIME", [""; 0]), "TIME"),
        (Message::new("join", ["#a"]), "JOIN #a"),
        (Message::new("PRIVMSG", ["#a", "word"]), "PRIVMSG #a word"),
        (Message::new("PRIVMSG", ["#a", "two words"]), "PRIVMSG #a :two words"),
        (Message::new("PRIVMSG", ["#a", ""]), "PRIVMSG #a :"),
        (Message::new("PRIVMSG", ["#a", ":-)"]), "PRIVMSG #a ::-)"),
        (Message { source: source("s"), ..Message::new("AWAY", [""; 0]) }, ":s AWAY"),
        (Message { source: source("a!b@c"), ..Message::new("JOIN", ["#a"]) }, ":a!b@c JOIN #a"),
        (
            Message::new("JOIN", ["#a"]).with_tag("b", "").with_tag("a", "; \\\r\n"),
            r"@a=\:\s\\\r\n;b JOIN #a",
        ),
        (Message::new("PRIVMSG", ["#a", "x\r\nQUIT\0"]), "PRIVMSG #a xQUIT"),
    ] {
        assert_eq!(message.to_line().as_deref(), Ok(line));
    }
}
