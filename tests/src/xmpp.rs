//! XMPP users, on slixmpp, and an installation for them.

mod stack;
mod stanza;
mod user;

pub use stack::{XmppStack, XmppStackBuilder};
pub use stanza::Stanza;
pub use user::{Reply, XmppUser};
