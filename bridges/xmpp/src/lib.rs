//! Bridge between Matrix and XMPP.
//!
//! ```text
//! core ─ Outgoing ─> network ─> hub (seat) ─> to_network ─> session (write) ─> XMPP server
//! core <─ RemoteEvent ─ journal <─ to_matrix <─ hub <─ session (read) <──────────┘
//!    ^─ settlement ──────────────────────────────┘ when a room reflects what was sent
//! ```
//! The bridge is a component of an XMPP server (XEP-0114). One hub owns the link: the rooms (MUCs)
//! that are read, the occupants that stand for Matrix users in them, and the Matrix rooms that XMPP
//! users have joined. Stanzas are trees of elements, read leniently and never parsed whole: one
//! payload that nobody understands spoils nothing else.

pub mod address;
pub mod config;
pub mod escape;
mod hub;
pub mod id;
pub mod network;
mod ns;
mod reconnect;
mod session;
mod stanza;
mod time;
mod to_matrix;
mod to_network;
mod xml;
