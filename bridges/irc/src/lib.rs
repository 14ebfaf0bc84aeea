//! Bridge between Matrix and IRC.
//!
//! ```text
//! core ─ Outgoing ─> network ─> hub (seat) ─> to_network ─> session (permit, write) ─> IRC
//! core <─ RemoteEvent ─ journal <─ to_matrix <─ hub <─ session <─ codec <─ IRC
//!    ^─ settlement ─ echo <───────────────────────┘
//! ```
//! One hub owns a network: its readers, puppets and channels. A connection belongs to a Matrix
//! user id, never to a nick.

pub mod address;
pub mod caps;
pub mod casemap;
pub mod codec;
pub mod config;
pub mod ctcp;
mod echo;
#[cfg(test)]
mod features_test;
pub mod flood;
pub mod format;
mod hub;
pub mod id;
pub mod isupport;
pub mod message;
pub mod mode;
pub mod network;
pub mod nick;
mod probe;
pub mod reconnect;
pub mod registration;
mod roster;
pub mod sasl;
pub mod session;
pub mod split;
pub mod state;
pub mod tls;
mod to_matrix;
mod to_network;
