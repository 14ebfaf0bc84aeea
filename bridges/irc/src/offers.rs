//! What a network's server lets people do besides speaking.

use crate::state::State;

/// The client-only tags that the bridge sends. The ratified name of a reply comes beside the one
/// of its draft, which most clients know.
pub(crate) const REPLY: [&str; 2] = ["+reply", "+draft/reply"];
pub(crate) const REACT: &str = "+draft/react";
pub(crate) const UNREACT: &str = "+draft/unreact";
pub(crate) const TYPING: &str = "+typing";

/// What a server offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is offered or not, whatever the others")]
pub(crate) struct Offers {
    /// Answers name what they answer.
    pub(crate) reply: bool,
    /// Reactions.
    pub(crate) react: bool,
    /// Who is writing.
    pub(crate) typing: bool,
    /// What was said can be removed.
    pub(crate) redact: bool,
}

impl Offers {
    /// What a connection's capabilities and `CLIENTTAGDENY` leave.
    pub(crate) fn of(state: &State) -> Self {
        let tags = state.caps.has("message-tags");
        let denied = state.isupport.find("CLIENTTAGDENY").unwrap_or_default();
        let has = |tag: &str| tags && !is_denied(denied, tag.trim_start_matches('+'));
        let reply = REPLY.iter().any(|tag| has(tag));
        Self {
            reply,
            react: reply && has(REACT),
            typing: has(TYPING),
            redact: state.caps.has("draft/message-redaction"),
        }
    }

    /// As a word for each, to be kept.
    pub(crate) fn to_words(self) -> String {
        self.named()
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Reads what [`Offers::to_words`] wrote.
    pub(crate) fn from_words(words: &str) -> Self {
        let has = |name| words.split(' ').any(|word| word == name);
        Self {
            reply: has("reply"),
            react: has("react"),
            typing: has("typing"),
            redact: has("redact"),
        }
    }

    fn named(self) -> [(&'static str, bool); 4] {
        [
            ("reply", self.reply),
            ("react", self.react),
            ("typing", self.typing),
            ("redact", self.redact),
        ]
    }
}

/// Whether a tag is on the list of those that are not passed on: `*` is all, `-tag` is an
/// exception.
fn is_denied(list: &str, tag: &str) -> bool {
    let mut denied = false;
    for entry in list.split(',') {
        match entry.strip_prefix('-') {
            Some(allowed) if allowed == tag => return false,
            Some(_) => {}
            None => denied |= entry == "*" || entry == tag,
        }
    }
    denied
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    fn offers(isupport: &str, caps: &str) -> Offers {
        let mut state = State::new("me");
        for line in [
            format!(":s CAP me LS :{caps}"),
            format!(":s CAP me ACK :{caps}"),
            format!(":s 005 me {isupport} :are supported"),
        ] {
            state.observe(&Message::parse(&line).unwrap());
        }
        Offers::of(&state)
    }

    #[test]
    fn what_is_offered_follows_capabilities_and_denials() {
        let all = Offers { reply: true, react: true, typing: true, redact: true };
        let tags = Offers { redact: false, ..all };
        let none = Offers::default();
        for (isupport, caps, expected) in [
            ("NICKLEN=9", "message-tags draft/message-redaction", all),
            ("NICKLEN=9", "message-tags", tags),
            ("NICKLEN=9", "echo-message", none),
            ("CLIENTTAGDENY=*", "message-tags", none),
            ("CLIENTTAGDENY=*,-typing", "message-tags", Offers { typing: true, ..none }),
            ("CLIENTTAGDENY=typing", "message-tags", Offers { typing: false, ..tags }),
            ("CLIENTTAGDENY=draft/reply", "message-tags", tags),
            ("CLIENTTAGDENY=draft/reply,reply", "message-tags", Offers { typing: true, ..none }),
            ("CLIENTTAGDENY=draft/react", "message-tags", Offers { react: false, ..tags }),
        ] {
            let found = offers(isupport, caps);
            assert_eq!(found, expected, "{isupport} {caps}");
            assert_eq!(Offers::from_words(&found.to_words()), found);
        }
    }
}
