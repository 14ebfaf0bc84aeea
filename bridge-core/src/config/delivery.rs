//! `delivery`: what becomes of messages that cannot go the normal way.

use std::time::Duration;

use serde::Serialize;

use super::{context::Context, duration, node::Node, section::Section};

/// Delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// What becomes of a message of which nobody can tell whether it arrived.
    pub uncertain: UncertainPolicy,
    /// How old a message may be when it is sent; an older one is dead, and its author is told.
    #[serde(serialize_with = "duration::serialize")]
    pub max_age: Duration,
}

/// What becomes of a message of which nobody can tell whether it arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UncertainPolicy {
    /// It is not sent again, and its author is told. Never doubles.
    #[default]
    Notify,
    /// It is sent again. Never loses.
    Resend,
    /// It waits for an admin, who sends or drops it; what comes after it goes on.
    Hold,
}

impl Delivery {
    /// [`Delivery::max_age`] in milliseconds.
    pub fn max_age_ms(&self) -> u64 {
        u64::try_from(self.max_age.as_millis()).unwrap_or(u64::MAX)
    }
}

pub(super) fn read(root: &Node, context: &Context) -> Delivery {
    let mut section = Section::open(root, "delivery", context);
    let uncertain = section.choice(
        "uncertain",
        &[
            ("notify", UncertainPolicy::Notify),
            ("resend", UncertainPolicy::Resend),
            ("hold", UncertainPolicy::Hold),
        ],
    );
    let max_age = section.duration("max_age", Duration::from_hours(24));
    section.finish();
    Delivery { uncertain, max_age }
}
