//! bridges/irc
