//! An IRC user on a plain socket: somebody else's client, without anything of the bridge's code.

mod connection;
mod line;

pub use connection::{IrcLogin, IrcUser};
pub use line::Line;
