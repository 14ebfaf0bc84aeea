//! Points at which a test ends the process, to prove that nothing depends on what follows.
//!
//! `BRIDGE_FAILPOINT=name` ends it at the first passage, `name:3` at the third. Release builds
//! have none.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

struct Armed {
    name: String,
    left: AtomicU32,
}

fn armed() -> Option<&'static Armed> {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    ARMED
        .get_or_init(|| {
            let text = std::env::var("BRIDGE_FAILPOINT").ok()?;
            let (name, nth) = text.split_once(':').unwrap_or((&text, "1"));
            let left = AtomicU32::new(nth.parse().unwrap_or(1));
            Some(Armed { name: name.to_owned(), left })
        })
        .as_ref()
}

/// Ends the process, without any clean-up, if the point of this name is armed and due.
pub fn hit(name: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let Some(armed) = armed() else { return };
    if armed.name == name && armed.left.fetch_sub(1, Ordering::Relaxed) == 1 {
        eprintln!("fail point {name} reached");
        std::process::abort();
    }
}
