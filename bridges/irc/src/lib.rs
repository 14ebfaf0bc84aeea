//! Bridge between Matrix and IRC.
//!
//! ```text
//! core ─ Outgoing ─> network ─> hub (seat) ─> to_network ─> session (permit, write) ─> IRC
//! core <─ RemoteEvent ─ journal <─ to_matrix <─ hub <─ session <─ codec <─ IRC
//!    ^─ settlement ─ echo <───────────────────────┘
//! ```
//! One hub owns a network: its readers, puppets and channels. A connection belongs to a Matrix
//! user id, never to a nick.

pub mod config;
pub mod id;
pub mod network;
mod hub;
mod echo;
mod journal;
mod roster;
mod to_matrix;
mod to_network;
pub mod session;
pub mod reconnect;
pub mod registration;
pub mod state;
pub mod sasl;
pub mod caps;
pub mod isupport;
pub mod mode;
pub mod casemap;
pub mod nick;
pub mod split;
pub mod format;
pub mod ctcp;
pub mod flood;
pub mod message;
pub mod codec;
pub mod address;
pub mod tls;
