//! Free ports.

use std::net::{Ipv4Addr, TcpListener};

use rand::Rng;

/// Below the range from which the kernel takes ports for outgoing connections, so that none of them
/// takes a port between its choice and its use.
const RANGE: std::ops::Range<u16> = 12_000..32_000;

/// A loopback port on which nothing listens.
///
/// It is drawn at random, so that tests running side by side hardly ever draw the same.
pub fn free_port() -> u16 {
    let mut random = rand::rng();
    loop {
        let port = random.random_range(RANGE);
        if is_free(port) {
            return port;
        }
    }
}

/// The usual port if nothing listens there, else any other.
pub fn free_port_or(usual: u16) -> u16 {
    if is_free(usual) { usual } else { free_port() }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
