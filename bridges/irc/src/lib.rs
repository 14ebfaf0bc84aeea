//! bridges/irc

pub mod codec;
pub mod message;
pub mod casemap;
pub mod mode;
pub mod isupport;
pub mod caps;
pub mod sasl;
pub mod state;
pub mod registration;
