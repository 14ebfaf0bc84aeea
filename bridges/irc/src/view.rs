//! What a hub lets others see at any time, without asking it.

use std::collections::HashMap;

use bridge_core::ruma::OwnedUserId;
use tokio::sync::watch;

use crate::{casemap::Folded, offers::Offers};

/// The way to see it.
pub(crate) type Viewer = watch::Receiver<View>;

/// What others may see of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// What the server offers.
    pub(crate) offers: Offers,
    /// The present nicks of puppets.
    pub(crate) puppets: HashMap<OwnedUserId, String>,
    /// Nicks that are written otherwise than they are folded.
    pub(crate) written: HashMap<Folded, String>,
}

impl View {
    /// How a nick is written.
    pub(crate) fn write(&self, nick: &Folded) -> String {
        self.written.get(nick).cloned().unwrap_or_else(|| nick.as_str().to_owned())
    }
}
