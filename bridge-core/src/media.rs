//! Files on their way through the bridge.
//!
//! Outwards a file stays on the homeserver, and a signed link leads to it through our listener.
//! Inwards it is fetched, looked at, and uploaded before its message is sent.

pub(crate) mod fetch;
mod guard;
pub(crate) mod inward;
pub(crate) mod link;
mod range;
pub(crate) mod serve;
mod sniff;
