//! A channel that is read.

use bridge_core::{
    network::{ChannelInfo, InFlight, OpenError, Settlement, Token},
    ruma::OwnedUserId,
};
use tokio::sync::oneshot;

use super::{Hub, Place, replay::Replay};
use crate::{casemap::Folded, id, message::Message, roster::Roster};

/// Who waits to hear what a channel is like.
type Opener = oneshot::Sender<Result<ChannelInfo, OpenError>>;

/// Who waits to hear what became of lines.
pub(super) type Asker = (Vec<InFlight>, oneshot::Sender<Vec<(Token, Settlement)>>);

/// A channel that is read.
#[derive(Debug)]
pub(super) struct Channel {
    /// Its name as people write it.
    pub(super) name: String,
    /// Which reader reads it.
    pub(super) reader: usize,
    /// The reader is in it.
    pub(super) joined: bool,
    /// Everything that the server tells at a join was told.
    pub(super) told: bool,
    pub(super) topic: Option<String>,
    pub(super) roster: Roster,
    /// The names that the server is listing.
    pub(super) naming: Option<Roster>,
    /// What the server played back at the join.
    pub(super) replay: Replay,
    /// Up to when lines without an id were read, in seconds of the server's clock.
    pub(super) read_up_to: Option<u64>,
    pub(super) openers: Vec<Opener>,
    pub(super) askers: Vec<Asker>,
}

impl Channel {
    pub(super) fn new(name: &str, reader: usize) -> Self {
        Self {
            name: name.to_owned(),
            reader,
            joined: false,
            told: false,
            topic: None,
            roster: Roster::default(),
            naming: None,
            replay: Replay::default(),
            read_up_to: None,
            openers: Vec::new(),
            askers: Vec::new(),
        }
    }

    fn info(&self) -> ChannelInfo {
        ChannelInfo { name: Some(self.name.clone()), topic: self.topic.clone() }
    }

    /// The reader is out: it has to join again.
    pub(super) fn lose(&mut self) {
        self.joined = false;
        self.told = false;
        self.naming = None;
        self.replay = Replay::default();
    }
}

impl Hub {
    pub(super) fn open(&mut self, name: &str, answer: Opener) {
        if !id::is_channel_name(name) {
            drop(answer.send(Err(OpenError::Refused(format!("{name:?} is no channel")))));
            return;
        }
        let key = self.ensure_channel(name);
        if let Some(channel) = self.channels.get_mut(&key) {
            if channel.told {
                drop(answer.send(Ok(channel.info())));
            } else {
                channel.openers.push(answer);
            }
        }
    }

    /// Begins to read a channel, unless that is done.
    pub(super) fn ensure_channel(&mut self, name: &str) -> Folded {
        let key = self.casemap.fold(name);
        if !self.channels.contains_key(&key) {
            let reader = self.reader_with_room();
            let mut channel = Channel::new(name, reader);
            channel.read_up_to = self.read_before.remove(&key);
            self.channels.insert(key.clone(), channel);
            self.ensure_reader(reader);
            self.join_as_reader(reader, std::slice::from_ref(&key));
        }
        key
    }

    /// Shows how many channels are read at present.
    pub(super) fn count_channels(&self) {
        let joined = self.channels.values().filter(|channel| channel.joined).count();
        self.remote.reading(&self.setup.name, joined);
    }

    pub(super) fn close(&mut self, key: &Folded) {
        let Some(channel) = self.channels.remove(key) else { return };
        self.count_channels();
        if let Some(handle) = self.readers.get(channel.reader).and_then(|r| r.handle.clone()) {
            self.post(&handle, Message::new("PART", [channel.name.as_str()]));
        }
        let users: Vec<OwnedUserId> = self.puppets.keys().cloned().collect();
        for user in users {
            self.go(&user, key, None);
        }
    }

    /// The server has told all that it tells at a join.
    pub(super) fn all_told(&mut self, key: &Folded) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        channel.told = true;
        let info = channel.info();
        for opener in channel.openers.drain(..) {
            drop(opener.send(Ok(info.clone())));
        }
        let askers = std::mem::take(&mut channel.askers);
        for (rows, answer) in askers {
            let settled = self.settle_by_history(key, rows);
            drop(answer.send(settled));
        }
        let waiting: Vec<OwnedUserId> = self
            .puppets
            .iter()
            .filter(|(_, puppet)| puppet.waits_for(key))
            .map(|(user, _)| user.clone())
            .collect();
        for user in waiting {
            self.seat_waiting(&user, &Place::Channel(key.clone()));
        }
    }

    /// The reader may not enter.
    pub(super) fn not_admitted(&mut self, key: &Folded, why: &str) {
        tracing::warn!(network = self.setup.name, channel = %key, why, "a channel cannot be read");
        let Some(channel) = self.channels.get_mut(key) else { return };
        let openers = std::mem::take(&mut channel.openers);
        for opener in openers {
            drop(opener.send(Err(OpenError::Refused(why.to_owned()))));
        }
        self.channels.remove(key);
    }
}
