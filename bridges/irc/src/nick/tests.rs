use proptest::prelude::*;

use super::{NickTemplate, Person, TemplateError, is_legal, realname, username};

fn person<'a>(name: &'a str, localpart: &'a str) -> Person<'a> {
    Person { name: Some(name).filter(|name| !name.is_empty()), localpart, domain: "example.org" }
}

fn nick(template: &str, name: &str, localpart: &str, length: usize) -> String {
    template.parse::<NickTemplate>().unwrap().render(&person(name, localpart), length)
}

#[test]
fn names_become_nicks() {
    for (name, localpart, expected) in [
        ("Alice", "alice", "Alice[m]"),
        ("", "alice", "alice[m]"),
        ("Zoë Müller", "zoe", "ZoeMuller[m]"),
        ("ﬁne①", "f", "fine1[m]"),
        ("日本語", "nihon", "nihon[m]"),
        ("日本語x", "nihon", "nihon[m]"),
        ("Ål 日", "a", "Al[m]"),
        ("🦀", "crab.person", "crabperson[m]"),
        ("42", "x", "_42[m]"),
        ("-dash", "x", "_-dash[m]"),
        ("a{b}|c", "x", "a{b}|c[m]"),
        ("!@#$", "bob", "bob[m]"),
    ] {
        assert_eq!(nick("{name}[m]", name, localpart, 30), expected, "{name:?}");
    }
    let nameless = nick("{name}[m]", "日本語", "...", 30);
    assert!(nameless.starts_with("user") && nameless.len() == 11, "{nameless}");
}

#[test]
fn the_stem_is_cut_and_the_suffix_stays() {
    assert_eq!(nick("{name}[m]", "Bartholomew", "b", 9), "Bartho[m]");
    assert_eq!(nick("m-{name}_x", "Bartholomew", "b", 9), "m-Barth_x");
    assert_eq!(nick("{localpart}_{domain}", "", "alice", 14), "al_example-org");
    assert_eq!(nick("{localpart}_{domain}", "", "alice", 8), "a_exampl");
    assert_eq!(nick("{name}", "12345678901", "b", 9), "_12345678");
    assert_eq!(nick("{name}{hash4}", "Bartholomew", "b", 9).len(), 9);
}

#[test]
fn candidates_differ_and_fit_and_end_with_letters_of_the_user() {
    let template: NickTemplate = "{name}[m]".parse().unwrap();
    let nicks = template.candidates(&person("Bartholomew", "b"), 9);
    assert_eq!(nicks.get(..3).unwrap(), ["Bartho[m]", "Barth_[m]", "Bart_2[m]"]);
    assert_eq!(nicks.len(), 7);
    assert!(nicks.iter().all(|nick| nick.len() <= 9 && nick.ends_with("[m]")));
    let hash = person("", "b").hash4();
    assert!(nicks.last().unwrap().contains(&hash), "{nicks:?}");
    assert_ne!(hash, person("", "c").hash4());
}

#[test]
fn bad_templates_are_refused_in_words() {
    let refuse = |text: &str| text.parse::<NickTemplate>().unwrap_err();
    assert_eq!(refuse("{nick}"), TemplateError::Field("nick".into()));
    assert_eq!(refuse("{name"), TemplateError::Unclosed);
    assert_eq!(refuse("{name} m"), TemplateError::Character(' '));
    assert_eq!(refuse("matrix"), TemplateError::Constant);
    assert_eq!(refuse("{name}-on-matrix"), TemplateError::Long(10));
    assert!(refuse("{nick}").to_string().contains("{nick}"));
    let template: NickTemplate = "{name}".parse().unwrap();
    assert!(template.clone().with_guard('1').is_err());
    let guarded = template.with_guard('`').unwrap();
    assert_eq!(guarded.render(&person("1", "x"), 9), "`1");
}

#[test]
fn user_and_real_names_are_harmless() {
    assert_eq!(username(&person("", "Alice.B"), None, 10), "aliceb");
    assert_eq!(username(&person("", "_1a-b"), None, 10), "a-b");
    assert_eq!(username(&person("", "日本"), None, 10), "m");
    assert_eq!(username(&person("", "bartholomew"), Some(37), 10), "bartholo11");
    assert_eq!(username(&person("", "b"), Some(0), 10), "b0");
    assert_eq!(realname(&person("", "alice"), 48), "@alice:example.org");
    assert_eq!(realname(&person("", "日 b"), 48), "@??b:example.org");
    assert_eq!(realname(&person("", "alice"), 9), "@alice:ex");
}

proptest! {
    #[test]
    fn every_name_gives_legal_nicks(name in ".{0,12}", localpart in "[a-z0-9._=/+-]{0,12}|.{0,4}", length in 9..40_usize) {
        for template in ["{name}[m]", "{localpart}", "{domain}-{name}", "{hash4}", "{name}{domain}{hash4}"] {
            let template: NickTemplate = template.parse().unwrap();
            for nick in template.candidates(&person(&name, &localpart), length) {
                prop_assert!(!nick.is_empty() && nick.len() <= length, "{nick}");
                prop_assert!(nick.chars().all(is_legal), "{nick}");
                prop_assert!(!nick.starts_with(|c: char| c.is_ascii_digit() || c == '-'), "{nick}");
            }
            let user = username(&person(&name, &localpart), Some(99), 10);
            prop_assert!(user.len() <= 10 && user.starts_with(|c: char| c.is_ascii_lowercase()));
        }
    }
}
