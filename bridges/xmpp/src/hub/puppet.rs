//! Puppets: occupants of rooms that stand for Matrix users.

use bridge_core::ruma::{OwnedUserId, UserId};
use unicode_segmentation::UnicodeSegmentation;

use super::{
    Hub, NotNow, Request,
    muc::{Phase, join_stanza, leave_stanza},
};

/// How many nicks are tried before a puppet is refused.
const ATTEMPTS: u32 = 5;

/// How many characters of a display name become a nick.
const NICK_LENGTH: usize = 60;

/// Whether a puppet is in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Out,
    Joining,
    In,
}

/// The occupant of one Matrix user in one room.
pub(super) struct Puppet {
    pub(super) nick: String,
    wanted: String,
    pub(super) presence: Presence,
    attempts: u32,
    /// Events that wait until it is in.
    pub(super) waiting: Vec<Request>,
}

impl Puppet {
    fn new(nick: String) -> Self {
        let wanted = nick.clone();
        Self { nick, wanted, presence: Presence::Out, attempts: 0, waiting: Vec::new() }
    }

    /// It is out of the room, since everybody is.
    pub(super) fn lose(&mut self) {
        self.presence = Presence::Out;
        self.attempts = 0;
        for request in self.waiting.drain(..) {
            drop(request.answer.send(Err(NotNow::Later("the link is down".to_owned()))));
        }
    }

    /// It may not enter.
    pub(super) fn refuse(&mut self, why: &str) {
        self.presence = Presence::Out;
        self.attempts = 0;
        self.nick.clone_from(&self.wanted);
        for request in self.waiting.drain(..) {
            drop(request.answer.send(Err(NotNow::Never(why.to_owned()))));
        }
    }
}

impl Hub {
    pub(super) async fn come_in(&mut self, room: &str, user: OwnedUserId, name: Option<String>) {
        if self.remote.is_ours(&user) {
            return;
        }
        self.ensure_puppet(room, &user, name.as_deref());
        self.join_as_puppet(room, &user).await;
    }

    pub(super) fn ensure_puppet(&mut self, room: &str, user: &UserId, name: Option<&str>) {
        let Some(muc) = self.ensure_muc(room) else { return };
        if !muc.puppets.contains_key(user) {
            muc.puppets.insert(user.to_owned(), Puppet::new(nick_of(user, name)));
        }
    }

    /// Sends a puppet into its room, unless it is in or on its way, or nobody may enter yet.
    pub(super) async fn join_as_puppet(&mut self, room: &str, user: &OwnedUserId) {
        let jid = self.puppet_jid(user);
        let Some(muc) = self.mucs.get_mut(room) else { return };
        if !matches!(muc.phase, Phase::In | Phase::CatchingUp) {
            return;
        }
        let taken = |nick: &str| {
            muc.occupants.contains_key(nick)
                || muc.nick == nick
                || muc.puppets.iter().any(|(other, puppet)| other != user && puppet.nick == nick)
        };
        let Some(puppet) = muc.puppets.get(user).filter(|it| it.presence == Presence::Out) else {
            return;
        };
        let (wanted, mut attempts) = (puppet.wanted.clone(), puppet.attempts);
        let mut nick = numbered(&wanted, attempts);
        while taken(&nick) && attempts < ATTEMPTS {
            attempts += 1;
            nick = numbered(&wanted, attempts);
        }
        if let Some(puppet) = muc.puppets.get_mut(user) {
            puppet.attempts = attempts;
            puppet.nick.clone_from(&nick);
            puppet.presence = Presence::Joining;
        }
        let join = join_stanza(&jid, room, &nick);
        self.send(&join).await;
    }

    pub(super) async fn go(&mut self, room: &str, user: &OwnedUserId, reason: Option<String>) {
        let jid = self.puppet_jid(user);
        let Some(muc) = self.mucs.get_mut(room) else { return };
        let Some(puppet) = muc.puppets.remove(user) else { return };
        if puppet.presence != Presence::Out {
            let leave = leave_stanza(&jid, room, &puppet.nick, reason.as_deref());
            self.send(&leave).await;
        }
    }

    /// A puppet is in: whoever waits to speak through it may.
    pub(super) async fn puppet_joined(&mut self, room: &str, user: &OwnedUserId, nick: &str) {
        let Some(muc) = self.mucs.get_mut(room) else { return };
        let Some(puppet) = muc.puppets.get_mut(user) else { return };
        puppet.presence = Presence::In;
        nick.clone_into(&mut puppet.nick);
        for request in std::mem::take(&mut puppet.waiting) {
            self.prepare(request).await;
        }
    }

    /// A puppet could not enter.
    pub(super) async fn puppet_refused(
        &mut self,
        room: &str,
        user: &OwnedUserId,
        condition: &str,
        why: &str,
    ) {
        let Some(muc) = self.mucs.get_mut(room) else { return };
        let Some(puppet) = muc.puppets.get_mut(user) else { return };
        if puppet.presence != Presence::Joining {
            return;
        }
        puppet.presence = Presence::Out;
        // The nick is taken, or cannot be one: another is tried.
        if matches!(condition, "conflict" | "jid-malformed") && puppet.attempts < ATTEMPTS {
            puppet.attempts += 1;
            if condition == "jid-malformed" {
                puppet.wanted = plain_nick(user);
            }
            return Box::pin(self.join_as_puppet(room, user)).await;
        }
        tracing::warn!(room, %user, condition, "a Matrix user may not enter a room of XMPP");
        puppet.refuse(why);
    }
}

fn numbered(nick: &str, attempt: u32) -> String {
    if attempt == 0 { nick.to_owned() } else { format!("{nick} ({})", attempt + 1) }
}

fn nick_of(user: &UserId, name: Option<&str>) -> String {
    let nick = name.map(legal_nick).unwrap_or_default();
    if nick.is_empty() { plain_nick(user) } else { nick }
}

/// A nick that every server takes.
fn plain_nick(user: &UserId) -> String {
    let nick: String =
        user.localpart().chars().filter(char::is_ascii_graphic).take(NICK_LENGTH).collect();
    if nick.is_empty() { "matrix".to_owned() } else { nick }
}

/// A display name as a nick: what servers prepare away or refuse (controls, marks of direction,
/// characters beyond the basic plane such as most emoji) is left out, and spaces are collapsed.
fn legal_nick(name: &str) -> String {
    let is_kept = |char: &char| {
        !char.is_control()
            && *char < '\u{10000}'
            && !matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e000}'..='\u{f8ff}')
    };
    let kept: String = name.chars().filter(is_kept).collect();
    let collapsed = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    collapsed.graphemes(true).take(NICK_LENGTH).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use bridge_core::ruma::user_id;

    use super::*;

    #[test]
    fn names_become_nicks_that_servers_take() {
        let user = user_id!("@ann:s");
        assert_eq!(nick_of(user, Some("Ann 🦀  \u{202e}Lee")), "Ann Lee");
        assert_eq!(nick_of(user, Some("Ann: @home")), "Ann: @home");
        assert_eq!(nick_of(user, Some("🦀")), "ann");
        assert_eq!(nick_of(user, Some("")), "ann");
        assert_eq!(nick_of(user, None), "ann");
        assert_eq!(nick_of(user, Some("☃ Ann")), "☃ Ann");
    }

    #[test]
    fn a_nick_that_is_taken_gets_a_number() {
        assert_eq!([numbered("Ann", 0), numbered("Ann", 1)], ["Ann", "Ann (2)"]);
    }
}
