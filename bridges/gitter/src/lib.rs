//! Bridge between Matrix and Gitter, a chat platform that keeps its data in MongoDB.
//!
//! ```text
//! core ─ Outgoing ─> network ─> to_network ─> markdown ─> write ─> MongoDB
//! core <─ RemoteEvent ─ session <─ to_matrix <─ document <─ change stream <─ MongoDB
//! ```
//! The database is the network: what people say on Gitter comes out of its change stream, and what
//! people say on Matrix is written as the documents that Gitter itself would have written. The
//! bridge keeps nothing of its own in Gitter's documents.

pub mod config;
mod document;
pub mod id;
pub mod markdown;
pub mod network;
mod platform;
mod sequence;
mod session;
mod to_matrix;
mod to_network;
mod write;
