use std::path::Path;

use regex::{Regex, RegexBuilder};

use super::*;
use crate::file::File;

fn file(users: &str) -> File {
    let text = format!("namespaces:\n  users:\n    - regex: '{users}'\n      exclusive: true\n");
    File::of_text(Path::new("test.yaml"), &text)
}

fn overlap(one: &str, two: &str, server_name: Option<&str>) -> Overlap {
    let (one, two) = (file(one), file(two));
    let ones = Claim::of_file(&one, &Dialect::ALL);
    let twos = Claim::of_file(&two, &Dialect::ALL);
    between(&ones, &twos, server_name).pop().map_or(Overlap::None, |(_, _, overlap)| overlap)
}

const OVERLAPPING: [(&str, &str, &[Dialect]); 9] = [
    ("^@_irc_.*:example.org$", "^@_irc_libera_.*:example.org$", &Dialect::ALL),
    ("^@[a-z]+_bot:example.org$", "^@_irc_.*:example.org$|^@irc_.*:.*$", &Dialect::ALL),
    ("@.*:example.org", "@slack_.*", &Dialect::ALL),
    (r"^@.*-\d+:example\.org$", r"^@team-[a-f0-9]{4}:.*$", &Dialect::ALL),
    ("@(telegram|tg)_[0-9]+:example.org", "^@t.*_1.*", &Dialect::ALL),
    ("^@discord_.*", "^@DISCORD_.*", &[Dialect::Conduit]),
    ("_irc_", "^@_irc_a:example.org$", &[Dialect::Dendrite, Dialect::Conduit]),
    ("^@a(?=b)", "^@a.*", &[]),
    ("^@(?i:A)b:example.org$", "^@ab:example.org$", &Dialect::ALL),
];

#[test]
fn overlaps_are_found_with_a_witness_and_its_homeservers() {
    for (one, two, expected) in OVERLAPPING {
        match overlap(one, two, Some("example.org")) {
            Overlap::Witness { id, dialects } => {
                assert_eq!(dialects, expected, "{one} {two} {id}");
                assert!(id.ends_with(":example.org"), "{id}");
            }
            other => assert!(expected.is_empty() && other == Overlap::Undecided, "{one} {two}"),
        }
    }
}

#[test]
fn separate_prefixes_do_not_overlap() {
    for (one, two) in [
        ("^@_irc_.*:example.org$", "^@_xmpp_.*:example.org$"),
        (r"^@.*-[0-9a-f]{24}:example\.org$", r"^@_irc_[a-z0-9-]{1,16}_[a-z]+:example\.org$"),
        (r"^@a:example\.org$", r"^@a:example\.com$"),
        ("^@[a-m].*", "^@[n-z].*"),
    ] {
        assert_eq!(overlap(one, two, None), Overlap::None, "{one} {two}");
    }
}

/// Rust's `regex` as each homeserver would use it, except for Python's anchoring.
fn rust_matches(dialect: Dialect, regex: &str, id: &str) -> bool {
    match dialect {
        Dialect::Synapse => Regex::new(&format!("^(?:{regex})")).unwrap().is_match(id),
        Dialect::Dendrite => Regex::new(regex).unwrap().is_match(id),
        Dialect::Conduit => {
            RegexBuilder::new(regex).case_insensitive(true).build().unwrap().is_match(id)
        }
    }
}

#[test]
fn witnesses_are_matched_by_rust_and_by_python() {
    let mut for_python = Vec::new();
    for (one, two, _) in OVERLAPPING {
        let Overlap::Witness { id, dialects } = overlap(one, two, Some("example.org")) else {
            continue;
        };
        for dialect in dialects {
            for regex in [one, two] {
                assert!(rust_matches(dialect, regex, &id), "{dialect} {regex} {id}");
                if dialect == Dialect::Synapse {
                    for_python.push((regex.to_owned(), id.clone()));
                }
            }
        }
    }
    assert!(for_python.len() >= 12);
    assert_eq!(crate::python::all_match(&for_python), vec![true; for_python.len()]);
}

#[test]
fn aliases_in_other_scripts_are_compared() {
    let file = |regex: &str| {
        let text =
            format!("namespaces:\n  aliases:\n    - regex: '{regex}'\n      exclusive: true\n");
        File::of_text(Path::new("test.yaml"), &text)
    };
    let (one, two) = (file("^#ü.*"), file("^#.*é:example.org$"));
    let ones = Claim::of_file(&one, &Dialect::ALL);
    let twos = Claim::of_file(&two, &Dialect::ALL);
    let found = between(&ones, &twos, Some("example.org"));
    let Overlap::Witness { id, .. } = &found[0].2 else { panic!("{:?}", found[0].2) };
    assert_eq!(id, "#üé:example.org");
}
