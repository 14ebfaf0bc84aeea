use irc::proto::{CapSubCommand, Command, Response};
use proptest::prelude::*;

use super::{Head, Message, Source, Tags, WriteError};

#[test]
fn a_head_reads_without_copying() {
    let head = Head::split("@a=b :alice!al@h PRIVMSG #c :hello there").unwrap();
    assert_eq!(head.nick(), Some("alice"));
    assert_eq!(head.command, "PRIVMSG");
    assert_eq!(head.params().collect::<Vec<_>>(), ["#c", "hello there"]);
    assert_eq!(Head::split("433 * a :In use").unwrap().numeric(), Some(433));
}

#[test]
fn numerics_have_names() {
    let message = Message::parse(":s 433 * alice :Nickname is already in use").unwrap();
    assert_eq!(message.numeric(), Some(433));
    assert_eq!(message.response(), Some(Response::ERR_NICKNAMEINUSE));
    assert_eq!(Message::parse("520 a").unwrap().response(), None);
    assert_eq!(Message::parse("+33 a").unwrap().numeric(), None);
}

#[test]
fn what_no_line_can_carry_is_refused_in_words() {
    let middle = Message::new("KICK", ["#a", "two words", "why"]).to_line().unwrap_err();
    assert!(middle.to_string().contains("parameter 2 of KICK is `two words`"), "{middle}");
    assert!(Message::new("KICK", ["#a", "", "why"]).to_line().is_err());
    assert!(Message::new("KICK", ["#a", ":b", "why"]).to_line().is_err());
    assert!(matches!(Message::new("", ["a"]).to_line(), Err(WriteError::Command(_))));
    assert!(matches!(Message::new("A B", ["a"]).to_line(), Err(WriteError::Command(_))));
    assert!(matches!(Message::new("12", ["a"]).to_line(), Err(WriteError::Command(_))));
    let many = Message::new("X", std::iter::repeat_n("a", 16));
    assert!(matches!(many.to_line(), Err(WriteError::TooMany { count: 16, .. })));
    assert!(matches!(
        Message::new("X", ["a"]).with_tag("a b", "").to_line(),
        Err(WriteError::TagName(_))
    ));
    assert!(matches!(
        Message::new("X", ["a"]).with_tag("a", &"x".repeat(4093)).to_line(),
        Err(WriteError::TagBytes(4095))
    ));
}

#[test]
fn commands_of_the_irc_crate_become_messages() {
    let line = |command: Command| Message::from(command).to_line().unwrap();
    assert_eq!(line(Command::NICK("a".into())), "NICK a");
    assert_eq!(line(Command::USER("u".into(), "0".into(), "A B".into())), "USER u 0 * :A B");
    assert_eq!(line(Command::CAP(None, CapSubCommand::LS, Some("302".into()), None)), "CAP LS 302");
    assert_eq!(
        line(Command::CAP(None, CapSubCommand::REQ, None, Some("a b".into()))),
        "CAP REQ :a b"
    );
    assert_eq!(line(Command::JOIN("#a,#b".into(), Some("k".into()), None)), "JOIN #a,#b k");
    assert_eq!(line(Command::PRIVMSG("#a".into(), "hi all".into())), "PRIVMSG #a :hi all");
    assert_eq!(line(Command::Raw("tagmsg".into(), vec!["#a".into()])), "TAGMSG #a");
    assert_eq!(line(Command::WALLOPS("all of you".into())), "WALLOPS :all of you");
    let shifted = Command::KICK("#a".into(), "b c".into(), None);
    assert_eq!(line(shifted), "KICK #a :b c");
    assert!(Message::from(Command::INVITE("b c".into(), "#a".into())).to_line().is_err());
}

fn source() -> impl Strategy<Value = Source> {
    let name = "[^ !@\r\n\0]{1,8}";
    (name, proptest::option::of(name), proptest::option::of(name))
        .prop_map(|(nick, user, host)| Source { nick, user, host })
}

fn tags() -> impl Strategy<Value = Tags> {
    proptest::collection::btree_map("\\+?[a-z./-]{1,8}", "[^\0]{0,8}", 0..4).prop_map(|pairs| {
        let mut tags = Tags::default();
        for (key, value) in &pairs {
            tags.insert(key, value);
        }
        tags
    })
}

fn message() -> impl Strategy<Value = Message> {
    let middle = proptest::collection::vec("[^: \r\n\0][^ \r\n\0]{0,8}", 0..14);
    let last = proptest::option::of("[^\r\n\0]{0,20}");
    (tags(), proptest::option::of(source()), "[A-Z]{1,8}|[0-9]{3}", middle, last).prop_map(
        |(tags, source, command, mut params, last)| {
            params.extend(last);
            Message { tags, source, command, params }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(message in message()) {
        let line = message.to_line().unwrap();
        prop_assert_eq!(Message::parse(&line), Ok(message));
    }

    #[test]
    fn any_text_reads_without_panic_and_the_same_after_writing(text in any::<String>()) {
        if let Ok(message) = Message::parse(&text) && let Ok(line) = message.to_line() {
            prop_assert_eq!(Message::parse(&line), Ok(message));
        }
    }

    #[test]
    fn no_parameter_ends_a_line(text in any::<String>()) {
        if let Ok(line) = Message::new("PRIVMSG", ["#a".to_owned(), text]).to_line() {
            prop_assert!(!line.contains(['\r', '\n', '\0']));
        }
    }
}
