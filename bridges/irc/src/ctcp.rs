//! Client-to-client messages inside `PRIVMSG` and `NOTICE`: actions, and questions to programs.

/// A client-to-client message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ctcp<'a> {
    /// `/me` and a text.
    Action(&'a str),
    /// Which program this is.
    Version,
    /// To be sent back as it is.
    Ping(&'a str),
    /// What time it is here.
    Time,
    /// Anything else: a command and what follows.
    Other(&'a str, &'a str),
}

/// How many bytes [`action`] puts around a text.
pub const ACTION_OVERHEAD: usize = "\x01ACTION \x01".len();

/// The client-to-client message in a text, if it is one. The closing `\x01` may be missing, since
/// servers cut long lines.
pub fn parse(text: &str) -> Option<Ctcp<'_>> {
    let inside = text.strip_prefix('\x01')?;
    let inside = inside.strip_suffix('\x01').unwrap_or(inside);
    let (command, rest) = inside.split_once(' ').unwrap_or((inside, ""));
    Some(match command.to_ascii_uppercase().as_str() {
        "ACTION" => Ctcp::Action(rest),
        "VERSION" => Ctcp::Version,
        "PING" => Ctcp::Ping(rest),
        "TIME" => Ctcp::Time,
        _ => Ctcp::Other(command, rest),
    })
}

/// The text of a message that says what somebody does.
pub fn action(text: &str) -> String {
    encode("ACTION", text)
}

/// A client-to-client message, or the answer to one (which goes as a `NOTICE`).
pub fn encode(command: &str, text: &str) -> String {
    let text = text.replace('\x01', "");
    let space = if text.is_empty() { "" } else { " " };
    format!("\x01{command}{space}{text}\x01")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ACTION_OVERHEAD, Ctcp, action, encode, parse};

    #[test]
    fn known_commands_are_told_apart() {
        assert_eq!(parse("\x01ACTION waves at all\x01"), Some(Ctcp::Action("waves at all")));
        assert_eq!(parse("\x01action waves"), Some(Ctcp::Action("waves")));
        assert_eq!(parse("\x01ACTION\x01"), Some(Ctcp::Action("")));
        assert_eq!(parse("\x01VERSION\x01"), Some(Ctcp::Version));
        assert_eq!(parse("\x01PING 12 34\x01"), Some(Ctcp::Ping("12 34")));
        assert_eq!(parse("\x01TIME\x01"), Some(Ctcp::Time));
        assert_eq!(parse("\x01DCC SEND x\x01"), Some(Ctcp::Other("DCC", "SEND x")));
        assert_eq!(parse("\x01"), Some(Ctcp::Other("", "")));
        assert_eq!(parse("plain \x01ACTION\x01"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_text_cannot_end_its_message() {
        assert_eq!(action("a\x01b"), "\x01ACTION ab\x01");
        assert_eq!(encode("VERSION", ""), "\x01VERSION\x01");
        assert_eq!(action("x").len(), ACTION_OVERHEAD + 1);
    }

    proptest! {
        #[test]
        fn actions_read_as_written(text in "[^\x01]{0,20}") {
            let text_sent = action(&text);
            prop_assert_eq!(parse(&text_sent), Some(Ctcp::Action(&text)));
        }
    }
}
