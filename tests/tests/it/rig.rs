//! The rig does what the scenarios take for granted.

mod irc;
mod matrix;
mod process;
mod proxy;
