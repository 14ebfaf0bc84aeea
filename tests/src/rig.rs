//! Real servers on free loopback ports, each with a fresh folder, ended with the value that stands
//! for it.
//!
//! A new kind of server needs three things: a builder that reserves its port, a function that
//! writes its configuration into the folder, and a condition that says when it is ready;
//! [`Process`] does the rest. [`NgIrcd`] is the shortest example.

mod dirs;
mod inspircd;
mod mongod;
mod ngircd;
mod port;
mod process;
pub mod prosody;
mod proxy;
mod scratch;
mod synapse;
mod tls;

pub use dirs::{BIN_DIR, RIG_DIR, binary_dir, find_program, is_root, mongod, python, rig_dir};
pub use inspircd::{InspIrcd, InspIrcdBuilder};
pub use mongod::{Mongod, MongodBuilder};
pub use ngircd::{NgIrcd, NgIrcdBuilder};
pub use port::{free_port, free_port_or};
pub use process::{Process, Ready};
pub use prosody::{Prosody, ProsodyBuilder};
pub use proxy::{Mode, Proxy, Rule};
pub use scratch::Scratch;
pub use synapse::{Synapse, SynapseBuilder};
pub(crate) use tls::http_client;
pub use tls::{Tls, crypto};
