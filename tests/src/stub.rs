//! Stand-ins for a homeserver and an IRC server, written for speed.
//!
//! They serve where the real ones would be what is measured, or could not be told to misbehave in one
//! room alone. In the bridge nothing is simulated: it is the program that people run, over real
//! sockets. What it says to whom is proven with the real servers of [`rig`](crate::rig).

pub mod homeserver;
pub mod http;
pub mod irc;
mod ledger;
pub mod push;

pub use self::{
    homeserver::StubHomeserver,
    irc::StubIrc,
    ledger::{Ledger, Tally},
};
