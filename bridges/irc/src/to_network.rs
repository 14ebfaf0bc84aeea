//! From what the core hands over to lines of IRC. Pure.

use bridge_core::{
    id::RemoteId,
    network::{Action, Message as Said, MessageKind, Outgoing, Person, PowerChange},
    ruma::UserId,
};

use crate::{
    ctcp,
    echo::Deed,
    format::{self, Colours},
    id,
    message::Message,
    mode, offers,
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

/// The changes of ranks that a change of power asks for, as `+o nick`. `nick_of` tells the nick
/// of a Matrix user's puppet.
pub(crate) fn ranks(
    changes: &[PowerChange],
    state: &State,
    nick_of: &dyn Fn(&UserId) -> Option<String>,
) -> Vec<String> {
    let prefixes = state.isupport.prefixes();
    let change = |change: &PowerChange| {
        let nick = match &change.who {
            Person::Matrix(user) => nick_of(user)?,
            Person::Remote(ghost) => id::read_nick(ghost)?.1.as_str().to_owned(),
        };
        let (was, now) =
            (mode::rank_of(change.was, &prefixes), mode::rank_of(change.now, &prefixes));
        let take = was.filter(|_| was != now).map(|rank| format!("-{rank} {nick}"));
        let give = now.filter(|_| was != now).map(|rank| format!("+{rank} {nick}"));
        Some(take.into_iter().chain(give))
    };
    changes.iter().filter_map(change).flatten().collect()
}

/// The lines that an event becomes; speech is made of `parts`.
pub(crate) fn lines(outgoing: &Outgoing, parts: &[String], target: &str) -> Vec<Message> {
    let tagged = |ids: &[RemoteId], tag: &str, value: &str| {
        let id = ids.first().map_or("", RemoteId::as_str);
        vec![refer(Message::new("TAGMSG", [target]).with_tag(tag, value), id)]
    };
    match &outgoing.action {
        Action::Message(said) | Action::Edit { message: said, .. } => {
            let mut lines: Vec<_> =
                parts.iter().map(|part| line(said.kind, target, part)).collect();
            if let (Some(first), Some(id)) = (lines.first_mut(), &said.reply_to) {
                *first = refer(std::mem::take(first), id.as_str());
            }
            lines
        }
        Action::React { target, key } => tagged(target, offers::REACT, key),
        Action::Unreact { target, key, .. } => tagged(target, offers::UNREACT, key),
        Action::Delete { target: ids, reason } => {
            let remove = |id: &RemoteId| {
                let words = [target, id.as_str()].into_iter().chain(reason.as_deref());
                Message::new("REDACT", words)
            };
            ids.iter().map(remove).collect()
        }
        Action::Topic(topic) => {
            let topic = topic.replace(['\r', '\n'], " ");
            vec![Message::new("TOPIC", [target, &topic])]
        }
        Action::Kick { target: ghost, reason } => {
            let Some((_, nick)) = id::read_nick(ghost) else { return Vec::new() };
            let reason = reason.as_deref().unwrap_or("kicked");
            vec![Message::new("KICK", [target, nick.as_str(), reason])]
        }
        Action::Unban { target: ghost } => {
            let Some((_, nick)) = id::read_nick(ghost) else { return Vec::new() };
            let mask = parts.first().cloned().unwrap_or_else(|| format!("{nick}!*@*"));
            vec![Message::new("MODE", [target, "-b", &mask])]
        }
        Action::Ban { target: ghost, reason } => {
            let Some((_, nick)) = id::read_nick(ghost) else { return Vec::new() };
            let reason = reason.as_deref().unwrap_or("banned");
            let mask = parts.first().cloned().unwrap_or_else(|| format!("{nick}!*@*"));
            vec![
                Message::new("MODE", [target, "+b", &mask]),
                Message::new("KICK", [target, nick.as_str(), reason]),
            ]
        }
        Action::Power(_) => {
            let change = |part: &String| {
                Message::new("MODE", std::iter::once(target).chain(part.split(' ')))
            };
            parts.iter().map(change).collect()
        }
        _ => Vec::new(),
    }
}

/// Names the message that a line is about.
fn refer(line: Message, id: &str) -> Message {
    offers::REPLY.iter().fold(line, |line, tag| line.with_tag(tag, id))
}

/// A line that says `body` to `target`.
fn line(kind: MessageKind, target: &str, body: &str) -> Message {
    Message::new(command(kind), [target, body])
}

/// How a line of ours that is no speech is known when it is seen again.
pub(crate) fn seen_again(line: &Message) -> String {
    let about = match line.command.as_str() {
        "TAGMSG" => {
            let tags = [offers::REACT, offers::UNREACT];
            tags.into_iter().find_map(|tag| Some(format!("{tag} {}", line.tag(tag)?)))
        }
        "MODE" => Some(line.params.get(1..).unwrap_or_default().join(" ").to_lowercase()),
        _ => Some(line.param(1).to_owned()),
    };
    format!("{} {}", line.command, about.unwrap_or_default())
}

/// What a line does, and how that is known when it is seen again.
pub(crate) fn deed(line: &Message) -> (Deed, String) {
    match line.command.as_str() {
        "PRIVMSG" | "NOTICE" => (Deed::Say, line.text().to_owned()),
        "TOPIC" => (Deed::Topic, line.param(1).to_owned()),
        "KICK" => (Deed::Kick, line.param(1).to_owned()),
        _ => (Deed::Other, seen_again(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_is_known_again_by_its_tags() {
        let react = Message::parse("@+draft/react=👍;+reply=m1 TAGMSG #c").unwrap();
        let seen = Message::parse("@+draft/react=👍;msgid=x;+reply=m1 :a!b@c TAGMSG #c").unwrap();
        assert_eq!(seen_again(&react), seen_again(&seen));
        assert_eq!(deed(&react).0, Deed::Other);
        assert_ne!(
            seen_again(&react),
            seen_again(&Message::parse("@+draft/unreact=👍;+reply=m1 TAGMSG #c").unwrap())
        );
        assert_eq!(deed(&Message::parse("PRIVMSG #c :TOPIC x").unwrap()).0, Deed::Say);
    }
}
