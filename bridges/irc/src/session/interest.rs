//! Which messages a session passes on.

use crate::{message::Head, state::State};

/// What the consumer of a session wants to hear.
///
/// Every connection in a channel hears all of it. One reads; for the others it would be the same work
/// again for each line, so that their sessions drop it before it is even parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interest {
    /// Everything.
    #[default]
    All,
    /// What concerns the connection itself: what it did, what is said to it alone, and replies.
    Own,
}

impl Interest {
    /// Whether a message of somebody is passed on, given our state before it.
    pub(super) fn covers(self, head: &Head<'_>, state: &State) -> bool {
        if self == Self::All {
            return true;
        }
        // Names, and the message of the day.
        if let Some(number) = head.numeric() {
            return !matches!(number, 353 | 372 | 375);
        }
        if state.is_own(head) {
            return true;
        }
        let param = |index| head.params().nth(index).unwrap_or("");
        match head.command {
            "PRIVMSG" | "NOTICE" | "TAGMSG" => {
                let target = param(0);
                !state.isupport.is_channel(target) && state.isupport.statusmsg(target).is_none()
            }
            "JOIN" | "PART" | "QUIT" | "NICK" | "AWAY" | "ACCOUNT" | "CHGHOST" | "SETNAME"
            | "TOPIC" | "REDACT" => false,
            "KICK" => state.is_own_nick(param(1)),
            "INVITE" => state.is_own_nick(param(0)),
            "MODE" => head.params().any(|param| state.is_own_nick(param)),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Interest;
    use crate::{message::Head, message::Message, state::State};

    #[test]
    fn puppets_hear_only_what_concerns_them() {
        let mut state = State::new("me");
        state.observe(&Message::parse(":s 005 me STATUSMSG=@+ :are supported").unwrap());
        for (line, concerns) in [
            (":a!u@h PRIVMSG #c :hello", false),
            (":a!u@h PRIVMSG @#c :hello ops", false),
            (":a!u@h PRIVMSG me :hello", true),
            ("@label=1 :me!u@h PRIVMSG #c :echo", true),
            (":a!u@h JOIN #c", false),
            (":ME!u@h JOIN #c", true),
            (":a!u@h KICK #c b :why", false),
            (":a!u@h KICK #c me :why", true),
            (":a!u@h MODE #c +o b", false),
            (":a!u@h MODE #c +v me", true),
            (":a!u@h INVITE me #d", true),
            (":s 353 me = #c :a b c", false),
            (":s 366 me #c :End", true),
            (":s 404 me #c :Cannot send", true),
            ("FAIL REDACT X :no", true),
        ] {
            let head = Head::split(line).unwrap();
            assert_eq!(Interest::Own.covers(&head, &state), concerns, "{line}");
            assert!(Interest::All.covers(&head, &state));
        }
    }
}
