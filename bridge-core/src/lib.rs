//! Everything that Matrix bridges share.

pub mod admin;
pub mod appservice;
pub mod bridge;
pub mod cli;
pub mod clock;
pub mod config;
pub mod content;
mod core;
pub mod doctor;
mod ephemeral;
pub mod failpoint;
mod ghost;
pub mod homeserver;
#[cfg(test)]
extern crate self as bridge_core;
#[cfg(test)]
mod bridge_test;
#[cfg(test)]
mod echo_test;
#[cfg(test)]
mod http_test;
pub mod id;
mod inbox;
mod intent;
mod lane;
pub mod lifecycle;
pub mod marker;
mod media;
mod members;
mod names;
pub mod network;
mod patience;
pub mod permission;
mod portal;
mod safety;
mod signals;
mod spaces;
pub mod store;
pub mod telemetry;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use ruma;
