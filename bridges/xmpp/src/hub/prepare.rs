//! From an event of the core to the stanza that says it, once its author is in the room.

use bridge_core::network::{Action, Outgoing, Voice};
use tokio::time::Instant;
use tokio_xmpp::minidom::Element;

use super::{
    Hub, Ids, Pending, Request, SEEN,
    muc::{Muc, Phase},
    puppet::Presence,
};
use crate::{
    id,
    to_network::{self, Quoted, Scene},
};

/// A stanza that may be written.
#[derive(Debug)]
pub(crate) struct Prepared {
    room: String,
    id: String,
    stanza: Element,
    ids: Ids,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotNow {
    /// The link or the room is not ready.
    Later(String),
    /// Nobody lets the author say this.
    Never(String),
}

impl Hub {
    pub(super) async fn prepare(&mut self, request: Request) {
        let room = request.outgoing.portal.as_str().to_owned();
        let author = request.outgoing.author.clone();
        let ready = self.up && self.ensure_muc(&room).is_some_and(|muc| muc.phase == Phase::In);
        if !ready {
            let why = "the room of XMPP is not ready".to_owned();
            drop(request.answer.send(Err(NotNow::Later(why))));
            return;
        }
        if author.voice == Voice::Relay {
            let from = self.reader();
            let Some(muc) = self.mucs.get(&room) else { return };
            return build(muc, &room, &from, request);
        }
        self.ensure_puppet(&room, &author.user_id, author.display_name.as_deref());
        let from = self.puppet_jid(&author.user_id);
        let Some(muc) = self.mucs.get_mut(&room) else { return };
        let Some(puppet) = muc.puppets.get_mut(&author.user_id) else { return };
        if puppet.presence == Presence::In {
            return build(muc, &room, &from, request);
        }
        puppet.waiting.push(request);
        self.join_as_puppet(&room, &author.user_id).await;
    }

    /// Writes a stanza and awaits it. `false` if it was not written.
    pub(super) async fn say(
        &mut self,
        token: bridge_core::network::Token,
        prepared: Prepared,
    ) -> bool {
        let Prepared { room, id, stanza, ids } = prepared;
        if self.mucs.get(&room).is_none_or(|muc| muc.phase != Phase::In) {
            return false;
        }
        let until = Instant::now() + SEEN;
        self.pending.insert(id.clone(), Pending { token, room, ids, until });
        let written = self.send(&stanza).await;
        if written {
            bridge_core::failpoint::hit("xmpp.written");
        } else {
            self.pending.remove(&id);
        }
        written
    }
}

fn build(muc: &Muc, room: &str, from: &str, request: Request) {
    let Request { outgoing, keys, answer } = request;
    let quoted = match &outgoing.action {
        Action::Message(message) => message.reply_to.as_ref().and_then(|reply_to| {
            let id = id::room_id(std::slice::from_ref(reply_to))?;
            let recent = muc.recent.iter().rev().find(|recent| recent.id == id)?;
            Some(Quoted { nick: &recent.nick, text: &recent.text })
        }),
        _ => None,
    };
    let nick = match &outgoing.action {
        Action::Kick { target, .. } => {
            let found = muc.occupants.iter().find(|(_, occupant)| occupant.key == *target);
            found.map(|(nick, _)| nick.as_str())
        }
        _ => None,
    };
    let id = outgoing.event_id.as_str();
    let moderation = muc.features.moderation;
    let scene = Scene { from, to: room, room, id, quoted, keys: &keys, nick, moderation };
    let prepared = match to_network::stanza(&outgoing, &scene) {
        Ok(stanza) => Ok(Box::new(Prepared {
            room: room.to_owned(),
            id: id.to_owned(),
            stanza,
            ids: ids_of(&outgoing),
        })),
        Err(unsayable) => Err(NotNow::Never(unsayable.to_string())),
    };
    drop(answer.send(prepared));
}

/// The ids that an event has on XMPP once it is there.
pub(super) fn ids_of(outgoing: &Outgoing) -> Ids {
    match &outgoing.action {
        Action::Message(_) | Action::Edit { .. } => Ids::Message(outgoing.event_id.clone()),
        _ => Ids::Known(Vec::new()),
    }
}
