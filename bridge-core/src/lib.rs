//! Everything that Matrix bridges share.

pub mod cli;
pub mod config;
pub mod lifecycle;
pub mod permission;
pub mod telemetry;
pub mod bridge;
mod core;
pub mod appservice;
mod inbox;
mod lane;
mod portal;
pub mod content;
pub mod network;
mod ghost;
mod intent;
mod members;
mod names;
mod patience;
pub mod homeserver;
pub mod admin;
pub mod store;
pub mod marker;
pub mod id;
pub mod clock;
#[cfg(test)]
mod http_test;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
pub mod failpoint;

pub use ruma;
