//! A room of XMPP that is read: entered, left, lost and entered again.

use std::collections::{HashMap, HashSet, VecDeque};

use bridge_core::{
    id::{GhostKey, PortalKey},
    network::{ChannelInfo, OpenError},
    ruma::OwnedUserId,
};
use tokio_xmpp::minidom::Element;

use super::{Asker, Command, Hub, Opener, archive::Query, puppet::Puppet};
use crate::{
    ns, stanza,
    to_network::Moderation,
    xml::{self, Build},
};

/// How many messages are kept in mind, to quote them.
const RECENT: usize = 256;

/// How many live messages are held at most while the archive is read; what is beyond is read from
/// the archive.
const HELD: usize = 10_000;

/// How far the way into a room has led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Outside.
    Out,
    /// On the way in.
    Entering,
    /// Inside, and reading what was missed. Live messages wait.
    CatchingUp,
    /// Inside.
    In,
}

/// An occupant who is no puppet of ours.
#[derive(Clone, Debug)]
pub(super) struct Occupant {
    pub(super) key: GhostKey,
}

/// A message that was said lately.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    pub(super) id: String,
    pub(super) nick: String,
    pub(super) text: String,
}

/// What a room can do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Features {
    pub(super) archive: bool,
    pub(super) shows_addresses: bool,
    pub(super) moderation: Moderation,
}

/// A room that is read.
pub(super) struct Muc {
    pub(super) portal: PortalKey,
    pub(super) phase: Phase,
    /// What was kept of it is known.
    pub(super) recalled: bool,
    /// How far its archive is read; the empty text if it was empty.
    pub(super) cursor: Option<String>,
    /// The nick of the reader.
    pub(super) nick: String,
    pub(super) features: Features,
    pub(super) name: Option<String>,
    pub(super) topic: Option<String>,
    pub(super) occupants: HashMap<String, Occupant>,
    /// Occupants without an id, by their nicks, who keep their first key over changes of nick.
    pub(super) renamed: HashMap<String, GhostKey>,
    pub(super) puppets: HashMap<OwnedUserId, Puppet>,
    /// Ids of occupants that are or were ours.
    pub(super) ours: HashSet<String>,
    pub(super) held: VecDeque<Element>,
    pub(super) recent: VecDeque<Recent>,
    pub(super) openers: Vec<Opener>,
    pub(super) askers: Vec<Asker>,
}

impl Muc {
    fn new(portal: PortalKey, nick: &str) -> Self {
        Self {
            portal,
            phase: Phase::Out,
            recalled: false,
            cursor: None,
            nick: nick.to_owned(),
            features: Features::default(),
            name: None,
            topic: None,
            occupants: HashMap::new(),
            renamed: HashMap::new(),
            puppets: HashMap::new(),
            ours: HashSet::new(),
            held: VecDeque::new(),
            recent: VecDeque::new(),
            openers: Vec::new(),
            askers: Vec::new(),
        }
    }

    fn info(&self) -> ChannelInfo {
        ChannelInfo { name: self.name.clone(), topic: self.topic.clone() }
    }

    /// Nobody of us is in any more.
    pub(super) fn lose(&mut self) {
        self.phase = Phase::Out;
        self.occupants.clear();
        self.held.clear();
        for puppet in self.puppets.values_mut() {
            puppet.lose();
        }
    }

    /// Holds a live message until the archive is read.
    pub(super) fn hold(&mut self, message: Element) {
        if self.held.len() >= HELD {
            self.held.pop_front();
        }
        self.held.push_back(message);
    }

    pub(super) fn remember(&mut self, recent: Recent) {
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(recent);
    }

    pub(super) fn tell_openers(&mut self, result: &Result<(), OpenError>) {
        let info = self.info();
        for opener in self.openers.drain(..) {
            drop(opener.send(result.clone().map(|()| info.clone())));
        }
    }
}

/// Under which name it is kept how far the archive of a room is read.
pub(super) fn cursor_scope(room: &str) -> String {
    format!("xmpp/archive/{room}")
}

/// Under which names it is kept which occupants of a room are ours.
pub(super) fn ours_scope(room: &str) -> String {
    format!("xmpp/ours/{room} ")
}

impl Hub {
    pub(super) async fn open(&mut self, room: &str, answer: Option<Opener>) {
        let Some(muc) = self.ensure_muc(room) else { return };
        if let Some(answer) = answer {
            if matches!(muc.phase, Phase::In | Phase::CatchingUp) {
                drop(answer.send(Ok(muc.info())));
            } else {
                muc.openers.push(answer);
            }
        }
        if muc.phase == Phase::Out {
            self.enter(room).await;
        }
    }

    pub(super) fn ensure_muc(&mut self, room: &str) -> Option<&mut Muc> {
        if !self.mucs.contains_key(room) {
            let portal = crate::id::muc_key(room)?;
            self.mucs.insert(room.to_owned(), Muc::new(portal.clone(), &self.setup.mucs.nick));
            self.recall(room.to_owned(), portal);
        }
        self.mucs.get_mut(room)
    }

    /// Looks up what was kept of a room, and who is in it on Matrix.
    fn recall(&self, room: String, portal: PortalKey) {
        let (remote, commands) = (self.remote.clone(), self.commands.clone());
        self.tasks.spawn(async move {
            let known = async {
                let cursor = remote.fact(&cursor_scope(&room)).await?;
                let prefix = ours_scope(&room);
                let ours = remote.facts(&prefix).await?;
                let of =
                    |(scope, _): (String, String)| scope.get(prefix.len()..).map(str::to_owned);
                let ours = ours.into_iter().filter_map(of).collect();
                let members = remote.members(&portal).await?;
                Ok::<_, bridge_core::store::StoreError>((cursor, ours, members))
            };
            match known.await {
                Ok((cursor, ours, members)) => {
                    let recalled = Command::Recalled { room: room.clone(), cursor, ours };
                    drop(commands.send(recalled));
                    for (user, name) in members {
                        drop(commands.send(Command::Join { room: room.clone(), user, name }));
                    }
                }
                Err(error) => tracing::error!(%error, room, "what was kept of a room is not known"),
            }
        });
    }

    pub(super) async fn recalled(&mut self, room: &str, cursor: Option<String>, ours: Vec<String>) {
        let Some(muc) = self.mucs.get_mut(room) else { return };
        muc.cursor = cursor;
        muc.ours.extend(ours);
        muc.recalled = true;
        self.enter(room).await;
    }

    /// Begins to enter a room: asks what it is like first.
    pub(super) async fn enter(&mut self, room: &str) {
        let (up, reader, id) = (self.up, self.reader(), self.next_id());
        let Some(muc) = self.mucs.get_mut(room) else { return };
        if !up || !muc.recalled || muc.phase != Phase::Out {
            return;
        }
        muc.phase = Phase::Entering;
        let ask =
            stanza::iq("get", &reader, room, &id).holding(xml::element("query", ns::DISCO_INFO));
        self.queries.insert(id, Query::Features { room: room.to_owned() });
        self.send(&ask).await;
    }

    /// What a room is like is known, or the room is yet to be made.
    pub(super) async fn described(&mut self, room: &str, answer: &Element) {
        let Some(muc) = self.mucs.get_mut(room) else { return };
        if let Some(query) = xml::child(answer, "query", ns::DISCO_INFO) {
            muc.features = features(query);
            let identity = query.children().find(|child| child.name() == "identity");
            let name = identity.and_then(|identity| identity.attr("name"));
            muc.name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        } else {
            let said = stanza::error_of(answer);
            if said.condition.starts_with("remote-server") || said.condition == "gone" {
                return self.not_admitted(room, &said.text);
            }
        }
        let Some(muc) = self.mucs.get(room) else { return };
        let join = join_stanza(&self.reader(), room, &muc.nick);
        self.send(&join).await;
    }

    /// The reader is in: what was missed is read before anything else.
    pub(super) async fn entered(&mut self, room: &str) {
        let Some(muc) = self.mucs.get_mut(room) else { return };
        if muc.phase != Phase::Entering {
            return;
        }
        muc.phase = Phase::CatchingUp;
        let users: Vec<OwnedUserId> = muc.puppets.keys().cloned().collect();
        for user in users {
            self.join_as_puppet(room, &user).await;
        }
        self.catch_up(room).await;
    }

    /// The reader may not enter, or was put out.
    pub(super) fn not_admitted(&mut self, room: &str, why: &str) {
        tracing::warn!(room, why, "a room of XMPP cannot be read");
        let Some(muc) = self.mucs.get_mut(room) else { return };
        muc.lose();
        muc.tell_openers(&Err(OpenError::Refused(why.to_owned())));
        // Nobody can tell what became of what they ask about.
        muc.askers.clear();
        for puppet in muc.puppets.values_mut() {
            puppet.refuse(why);
        }
    }

    pub(super) async fn close(&mut self, room: &str) {
        let Some(muc) = self.mucs.remove(room) else { return };
        let mut leaving = vec![leave_stanza(&self.reader(), room, &muc.nick, None)];
        for (user, puppet) in &muc.puppets {
            leaving.push(leave_stanza(&self.puppet_jid(user), room, &puppet.nick, None));
        }
        for stanza in leaving {
            self.send(&stanza).await;
        }
    }

    /// Everybody of us leaves, and says that the bridge stops (XEP-0045: status 332).
    pub(super) async fn say_goodbye(&mut self) {
        if !self.up {
            return;
        }
        let mut leaving = Vec::new();
        for (room, muc) in &self.mucs {
            if muc.phase == Phase::Out {
                continue;
            }
            for (user, puppet) in &muc.puppets {
                leaving.push(leave_stanza(&self.puppet_jid(user), room, &puppet.nick, None));
            }
            leaving.push(leave_stanza(&self.reader(), room, &muc.nick, None));
        }
        leaving.extend(self.gateway_goodbyes());
        for stanza in leaving {
            self.send(&stanza).await;
        }
    }
}

/// The presence that enters a room, without history: that comes from the archive.
pub(super) fn join_stanza(from: &str, room: &str, nick: &str) -> Element {
    let history = xml::element("history", ns::MUC).with("maxstanzas", "0");
    stanza::presence(from, &format!("{room}/{nick}"))
        .holding(xml::element("x", ns::MUC).holding(history))
}

/// The presence that leaves a room.
pub(super) fn leave_stanza(from: &str, room: &str, nick: &str, reason: Option<&str>) -> Element {
    let leave = stanza::presence(from, &format!("{room}/{nick}")).with("type", "unavailable");
    match reason {
        Some(reason) => leave.holding(stanza::text("status", reason)),
        None => leave,
    }
}

fn features(query: &Element) -> Features {
    let mut features = Features::default();
    for feature in query.children().filter(|child| child.name() == "feature") {
        match xml::attr(feature, "var") {
            ns::MAM => features.archive = true,
            "muc_nonanonymous" => features.shows_addresses = true,
            ns::MODERATE => features.moderation = Moderation::New,
            ns::MODERATE_0 if features.moderation == Moderation::None => {
                features.moderation = Moderation::Old;
            }
            _ => {}
        }
    }
    features
}
