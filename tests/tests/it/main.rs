//! All tests that need real servers, in one program, so that it is linked once.
//!
//! `rig` holds the tests of the rig itself, without a bridge.

mod admin_apply;
mod admin_queue;
mod admin_rooms;
mod bad_input;
mod chaos;
mod check;
mod content;
mod demo;
mod gaps;
mod gitter_bad_input;
mod gitter_conversation;
mod gitter_crash;
mod gitter_names;
mod gitter_people;
mod irc_conversation;
mod irc_crash;
mod irc_format;
mod irc_people;
mod lifecycle;
mod media;
mod relay;
mod rig;
mod rooms;
mod safety;
mod space;
mod xmpp_conversation;
mod xmpp_crash;
mod xmpp_gateway;
