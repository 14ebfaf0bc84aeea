//! From lines of IRC to what the core takes. Pure.

use bridge_core::{
    id::Timestamp,
    network::{Message as Said, MessageKind, RemoteAction},
};

use crate::{
    ctcp::{self, Ctcp},
    format,
    message::Message,
};

/// What a PRIVMSG or NOTICE says; nothing if it speaks to a program.
pub(crate) fn message(line: &Message) -> Option<RemoteAction> {
    let text = line.text();
    let (kind, text) = match ctcp::parse(text) {
        Some(Ctcp::Action(text)) => (MessageKind::Emote, text),
        Some(_) => return None,
        None if line.command == "NOTICE" => (MessageKind::Notice, text),
        None => (MessageKind::Text, text),
    };
    Some(RemoteAction::Message(Said::new(kind, format::to_doc(text))))
}

/// Reads a `server-time` tag: `2026-11-24T10:20:30.123Z`.
pub(crate) fn server_time(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':');
    let (hour, minute) = (time.next()?.parse::<i64>().ok()?, time.next()?.parse::<i64>().ok()?);
    let seconds = time.next()?;
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let second = second.parse::<i64>().ok()?;
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let possible = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !possible {
        return None;
    }
    // Days since 1970-01-01 of the proleptic Gregorian calendar, years beginning in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    u64::try_from(seconds * 1000 + millis).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Option<Said> {
        match message(&Message::parse(line).unwrap())? {
            RemoteAction::Message(said) => Some(said),
            _ => None,
        }
    }

    #[test]
    fn speech_notices_and_actions_are_told_apart() {
        let text = said(":a!u@h PRIVMSG #c :hello").unwrap();
        assert_eq!((text.kind, text.body.plain()), (MessageKind::Text, "hello".to_owned()));
        assert_eq!(said(":a!u@h NOTICE #c :beep").unwrap().kind, MessageKind::Notice);
        let emote = said(":a!u@h PRIVMSG #c :\u{1}ACTION waves\u{1}").unwrap();
        assert_eq!((emote.kind, emote.body.plain()), (MessageKind::Emote, "waves".to_owned()));
        assert!(said(":a!u@h PRIVMSG #c :\u{1}VERSION\u{1}").is_none());
    }

    #[test]
    fn codes_of_formatting_are_read() {
        let text = said(":a!u@h PRIVMSG #c :\u{2}bold\u{2} \u{3}4,12red").unwrap();
        assert_eq!(text.body, format::to_doc("\u{2}bold\u{2} \u{3}4,12red"));
        assert_eq!(text.body.plain(), "bold red");
    }

    #[test]
    fn the_time_of_the_server_is_read() {
        assert_eq!(server_time("1970-01-01T00:00:00.000Z"), Some(Timestamp(0)));
        assert_eq!(server_time("2026-11-24T10:20:30.123Z"), Some(Timestamp(1_795_515_630_123)));
        assert_eq!(server_time("2024-02-29T23:59:60Z"), Some(Timestamp(1_709_251_200_000)));
        assert_eq!(server_time("yesterday"), None);
        assert_eq!(server_time("2026-13-01T00:00:00Z"), None);
    }
}
