//! Who is in a room, as its presences tell.

use std::time::Duration;

use bridge_core::{
    network::{RemoteAction, RemoteEvent},
    ruma::OwnedUserId,
};
use tokio_xmpp::minidom::Element;

use super::{
    Command, Hub,
    incoming::{is_ours, key_of},
    muc::{Occupant, Phase, ours_scope},
    now, person,
};
use crate::{
    address::Address,
    config::Membership,
    ns,
    stanza::{self, AboutOccupant},
    xml::{self, Build},
};

/// How long to stay out of a room that has put us out.
const PUT_OUT: Duration = Duration::from_secs(30);

impl Hub {
    pub(super) async fn presence_of(&mut self, from: &Address, presence: &Element) {
        let to = stanza::to(presence);
        if to.local == "bridge" {
            self.reader_sees(from, presence).await;
        } else if let Some(user) = self.puppet_of(&to) {
            self.puppet_sees(from, &user, presence).await;
        }
    }

    async fn reader_sees(&mut self, from: &Address, presence: &Element) {
        let room = from.bare();
        let about = stanza::about_occupant(presence);
        let kind = presence.attr("type");
        match kind {
            Some("error") => self.reader_refused(&room, presence).await,
            None if about.says(110) => {
                self.note_ours(&room, &from.resource, presence).await;
                if about.says(201) {
                    self.unlock(&room).await;
                }
                self.entered(&room).await;
            }
            None => self.occupant_in(&room, &from.resource, presence).await,
            Some("unavailable") if about.says(110) && !about.says(303) => {
                self.reader_out(&room, &about);
            }
            Some("unavailable") => {
                self.occupant_out(&room, &from.resource, presence, about).await;
            }
            Some(_) => {}
        }
    }

    async fn reader_refused(&mut self, room: &str, presence: &Element) {
        let said = stanza::error_of(presence);
        let reader = self.reader();
        let Some(muc) = self.mucs.get_mut(room) else { return };
        if muc.phase != Phase::Entering {
            return;
        }
        if said.condition == "conflict" && muc.nick.chars().count() < 40 {
            muc.nick.push('_');
            let join = super::muc::join_stanza(&reader, room, &muc.nick);
            self.send(&join).await;
            return;
        }
        self.not_admitted(room, &said.text);
    }

    /// The reader was put out of a room. It comes back, unless it is banned or the room is gone.
    fn reader_out(&mut self, room: &str, about: &AboutOccupant) {
        let why = about.reason.clone().unwrap_or_else(|| "the room put the bridge out".to_owned());
        let banned = about.says(301);
        self.not_admitted(room, &why);
        if banned {
            return;
        }
        let (room, commands) = (room.to_owned(), self.commands.clone());
        self.tasks.spawn(async move {
            tokio::time::sleep(PUT_OUT).await;
            drop(commands.send(Command::Open { room, answer: None }));
        });
    }

    /// Makes a new room usable, as it is (XEP-0045, 10.1.2).
    async fn unlock(&mut self, room: &str) {
        let (reader, id) = (self.reader(), self.next_id());
        let form = xml::element("x", ns::DATA).with("type", "submit");
        let query = xml::element("query", "http://jabber.org/protocol/muc#owner").holding(form);
        let unlock = stanza::iq("set", &reader, room, &id).holding(query);
        self.send(&unlock).await;
    }

    /// Remembers the id of an occupant of ours: it stays in the room's archive.
    async fn note_ours(&mut self, room: &str, nick: &str, presence: &Element) {
        let Some(muc) = self.mucs.get_mut(room) else { return };
        let id = match stanza::occupant_id(presence) {
            Some(id) => id.to_owned(),
            None => format!("nick:{nick}"),
        };
        // What was taken for somebody else's presence before.
        muc.occupants.remove(nick);
        if muc.ours.insert(id.clone()) {
            let fact = (format!("{}{id}", ours_scope(room)), Some(String::new()));
            self.note(None, vec![fact]).await;
        }
    }

    async fn occupant_in(&mut self, room: &str, nick: &str, presence: &Element) {
        let full = self.setup.mucs.membership == Membership::Full;
        let Some(muc) = self.mucs.get_mut(room) else { return };
        if is_ours(muc, nick, presence) || muc.puppets.values().any(|it| it.nick == nick) {
            return;
        }
        let key = key_of(muc, room, nick, presence);
        let known = muc.occupants.insert(nick.to_owned(), Occupant { key: key.clone() });
        if full && known.is_none_or(|known| known.key != key) {
            self.tell(room, nick, key, RemoteAction::Join).await;
        }
    }

    async fn occupant_out(
        &mut self,
        room: &str,
        nick: &str,
        presence: &Element,
        about: AboutOccupant,
    ) {
        let Some(muc) = self.mucs.get_mut(room) else { return };
        let Some(occupant) = muc.occupants.remove(nick) else { return };
        if about.says(303)
            && let Some(new) = about.nick
        {
            muc.renamed.insert(new.clone(), occupant.key.clone());
            muc.occupants.insert(new.clone(), Occupant { key: occupant.key.clone() });
            let to = person(occupant.key.clone(), &new);
            return self.tell(room, nick, occupant.key, RemoteAction::Rename { to }).await;
        }
        muc.renamed.remove(nick);
        let status = xml::own_child(presence, "status").map(Element::text);
        let reason = about.reason.or(status).filter(|reason| !reason.is_empty());
        self.tell(room, nick, occupant.key, RemoteAction::Leave { reason }).await;
    }

    async fn puppet_sees(&mut self, from: &Address, user: &OwnedUserId, presence: &Element) {
        let room = from.bare();
        let about = stanza::about_occupant(presence);
        match presence.attr("type") {
            Some("error") => {
                let said = stanza::error_of(presence);
                self.puppet_refused(&room, user, &said.condition, &said.text).await;
            }
            None if about.says(110) => {
                self.note_ours(&room, &from.resource, presence).await;
                self.puppet_joined(&room, user, &from.resource).await;
            }
            Some("unavailable") if about.says(110) && !about.says(303) => {
                self.puppet_out(&room, user, about).await;
            }
            _ => {}
        }
    }

    /// A puppet was put out. Kicks and bans are mirrored; otherwise it comes back when it speaks.
    async fn puppet_out(&mut self, room: &str, user: &OwnedUserId, about: AboutOccupant) {
        let Some(muc) = self.mucs.get_mut(room) else { return };
        let kicked = [301, 307, 321, 322].iter().any(|status| about.says(*status));
        if !kicked {
            if let Some(puppet) = muc.puppets.get_mut(user) {
                puppet.lose();
            }
            return;
        }
        if let Some(mut puppet) = muc.puppets.remove(user) {
            puppet.refuse("kicked from the room");
        }
        let actor = about.actor.as_ref().and_then(|nick| {
            muc.occupants.get(nick).map(|occupant| person(occupant.key.clone(), nick))
        });
        let action = RemoteAction::Kick { target: user.clone(), reason: about.reason };
        let portal = muc.portal.clone();
        let event =
            RemoteEvent { portal, sender: actor, id: None, also: Vec::new(), at: now(), action };
        self.note(Some(event), Vec::new()).await;
    }

    async fn tell(
        &mut self,
        room: &str,
        nick: &str,
        key: bridge_core::id::GhostKey,
        action: RemoteAction,
    ) {
        let Some(muc) = self.mucs.get(room) else { return };
        let (portal, sender) = (muc.portal.clone(), Some(person(key, nick)));
        let event = RemoteEvent { portal, sender, id: None, also: Vec::new(), at: now(), action };
        self.note(Some(event), Vec::new()).await;
    }
}
