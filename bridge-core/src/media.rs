//! Files on their way through the bridge.
//!
//! Outwards a file stays on the homeserver, and a signed link leads to it through our listener.

pub(crate) mod link;
