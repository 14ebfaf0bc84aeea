//! The rig: real homeservers and networks, the clients of other people on both ends, and the bridge
//! between them as the process that an admin runs.
//!
//! ```text
//!  MatrixUser, NioUser ── Synapse ── Proxy ── Bridge ── Proxy ── InspIRCd, ngIRCd ── IrcUser
//!        (matrix, nio)     (rig)     (rig)   (bridge)   (rig)        (rig)            (irc)
//!                                                    └── mongod ── Gitter, GitterUser (gitter)
//! ```
//!
//! # Who shares which server
//!
//! Each test starts its own servers, on free ports and in fresh folders, and tests are few and long
//! rather than many and short. Synapse is ready in 2.3 s (it reads the files of application
//! services only when it starts, so two bridges could not share one anyway), InspIRCd in one,
//! ngIRCd and a bridge at once; all start side by side. That is cheaper than a pool that outlives
//! the tests, it lets a test kill or restart whatever it likes, and a failure leaves nothing that
//! the next test could trip over. What costs time on two cores is Synapse at 70 sends a second: so
//! the runner limits how many of these tests run at once (`.config/nextest.toml`).

pub mod bench;
pub mod bridge;
pub mod chaos;
pub mod gitter;
mod inbox;
pub mod irc;
pub mod matrix;
pub mod nio;
pub mod rig;
pub mod stack;
pub mod stub;
pub mod wait;
pub mod xmpp;

pub use inbox::Inbox;
