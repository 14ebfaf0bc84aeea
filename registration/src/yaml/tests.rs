use std::fmt::Write;

use proptest::prelude::*;

use super::*;

fn kind(text: &str) -> ScalarKind {
    ScalarKind::of_plain(text)
}

#[test]
fn words_that_some_reader_takes_for_something_else() {
    for text in ["1", "-1", "0x1f", "0o17", "0b11", "1_000", "1.5", ".5", "1e9", "12:30", ".inf"] {
        assert_eq!(kind(text), ScalarKind::Number, "{text}");
    }
    assert_eq!(kind("2026-01-02"), ScalarKind::Date);
    assert_eq!(kind("off"), ScalarKind::OldBool(false));
    assert_eq!(kind("~"), ScalarKind::Null);
    for text in ["irc", "1f", "1.2.3.4", "abc123", "http://x:1", "e5", "-", ".", "2026-01", "nope"]
    {
        assert_eq!(kind(text), ScalarKind::String, "{text}");
    }
}

#[test]
fn aliases_are_followed_but_not_into_a_bomb() {
    let node = parse("a: &x [1, 2]\nb: *x\n").unwrap();
    assert_eq!(node.find("a"), node.find("b"));
    assert_eq!(node.find("b").unwrap().line, 2);

    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let inside = vec![format!("*a{}", n - 1); 9].join(", ");
        writeln!(bomb, "a{n}: &a{n} [{inside}]").unwrap();
    }
    assert!(parse(&bomb).unwrap_err().what.contains("too many"));
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(parse(&deep).is_err());
}

#[test]
fn one_document_a_file() {
    assert!(parse("---\na: 1\n").is_ok());
    assert_eq!(parse("a: 1\n---\nb: 2\n").unwrap_err().line, 2);
}

#[test]
fn tagged_strings_are_strings() {
    assert_eq!(parse("a: !!str 12").unwrap().find("a").unwrap().as_str(), Some("12"));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(text: String) {
        for written in [write_string(&text), quoted(&text)] {
            let node = parse(&format!("key: {written}\n")).unwrap();
            prop_assert_eq!(node.find("key").unwrap().as_str(), Some(&*text), "{}", written);
        }
    }

    #[test]
    fn any_text_may_be_parsed(text in "[a-z:{}\\[\\]&*!|>'\"#%@`, \n-]{0,40}") {
        let _ = parse(&text);
    }
}
