//! For the tests of bridges: the other end of everything, in memory.
//!
//! Feature `testkit`. Nothing here is meant for production.

pub mod homeserver;
