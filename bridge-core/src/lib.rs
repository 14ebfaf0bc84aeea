//! Everything that Matrix bridges share.

pub mod clock;
pub mod id;
pub mod store;
