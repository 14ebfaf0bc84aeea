//! From what the core hands over to lines of IRC. Pure.

use bridge_core::network::{Action, Message as Said, MessageKind, Outgoing};

use crate::{
    ctcp,
    format::{self, Colours},
    message::Message,
    split::{self, Form},
    state::State,
};

/// The command that says something of this kind.
pub(crate) const fn command(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Notice => "NOTICE",
        _ => "PRIVMSG",
    }
}

/// The bodies of the lines that an event becomes, cut to what the server takes.
pub(crate) fn bodies(
    outgoing: &Outgoing,
    state: &State,
    target: &str,
    colours: Colours,
) -> Vec<String> {
    let Some(said) = said(outgoing) else { return Vec::new() };
    let form = if said.kind == MessageKind::Emote { Form::Action } else { Form::Plain };
    let budget = split::budget(state, command(said.kind), target, form);
    let whole = |piece: String| match form {
        Form::Action => ctcp::action(&piece),
        Form::Plain => piece,
    };
    split::pieces(&format::from_doc(&said.body, colours), budget).map(whole).collect()
}

/// What was being sent when a former process ended: the recorded parts that had not arrived.
pub(crate) fn parts_of(outgoing: &Outgoing) -> Vec<String> {
    outgoing.progress.as_ref().map_or_else(Vec::new, |progress| {
        progress.parts.iter().skip(progress.arrived).cloned().collect()
    })
}

/// The kind of speech of an event, if it is speech.
pub(crate) fn said(outgoing: &Outgoing) -> Option<&Said> {
    match &outgoing.action {
        Action::Message(message) | Action::Edit { message, .. } => Some(message),
        _ => None,
    }
}

/// A line that says `body` to `target`.
pub(crate) fn line(kind: MessageKind, target: &str, body: &str) -> Message {
    Message::new(command(kind), [target, body])
}
