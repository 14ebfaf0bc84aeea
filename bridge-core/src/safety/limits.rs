//! How fast people may speak. What is faster waits; nothing is lost.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, MonotonicClock},
    state::keyed::HashMapStateStore,
};
use ruma::UserId;

use crate::{
    config::{Limit, Limits as Config},
    network::RetryScope,
};

type Keyed = RateLimiter<String, HashMapStateStore<String>, MonotonicClock>;

/// The limits of one bridge.
pub(crate) struct Limits {
    sender: Option<Keyed>,
    homeserver: Option<Keyed>,
    network: Option<Keyed>,
}

/// Somebody has to wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) after: Duration,
    pub(crate) scope: RetryScope,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            sender: config.sender.and_then(limiter),
            homeserver: config.homeserver.and_then(limiter),
            network: config.network.and_then(limiter),
        }
    }

    /// Counts a message; says who has to wait, and how long, if there were too many.
    pub(crate) fn count(&self, sender: &UserId) -> Option<Wait> {
        let server = sender.server_name().as_str();
        let of_sender = check(self.sender.as_ref(), sender.as_str(), RetryScope::Sender);
        let of_server = || check(self.homeserver.as_ref(), server, RetryScope::Sender);
        let of_all = || check(self.network.as_ref(), "", RetryScope::Lane);
        let wait = of_sender.or_else(of_server).or_else(of_all)?;
        metrics::counter!("bridge_slowed_total").increment(1);
        Some(wait)
    }

    /// Forgets those who have not spoken for a while.
    pub(crate) fn tidy(&self) {
        for limiter in [&self.sender, &self.homeserver, &self.network].into_iter().flatten() {
            limiter.retain_recent();
        }
    }
}

fn limiter(limit: Limit) -> Option<Keyed> {
    let burst = NonZeroU32::new(limit.burst)?;
    let rate = NonZeroU32::new(limit.per_minute)?;
    let quota = Quota::per_minute(rate).allow_burst(burst);
    Some(RateLimiter::hashmap_with_clock(quota, MonotonicClock))
}

fn check(limiter: Option<&Keyed>, key: &str, scope: RetryScope) -> Option<Wait> {
    let limiter = limiter?;
    let refused = limiter.check_key(&key.to_owned()).err()?;
    let after = refused.wait_time_from(MonotonicClock.now()).max(Duration::from_millis(10));
    Some(Wait { after, scope })
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    fn limits(sender: Option<u32>, homeserver: Option<u32>, network: Option<u32>) -> Limits {
        let limit = |burst: Option<u32>| burst.map(|burst| Limit { burst, per_minute: 1 });
        Limits::new(&Config {
            sender: limit(sender),
            homeserver: limit(homeserver),
            network: limit(network),
        })
    }

    #[test]
    fn whoever_speaks_too_fast_waits_and_others_do_not() {
        let limits = limits(Some(2), Some(3), None);
        let (a, b, c) = (user_id!("@a:one"), user_id!("@b:one"), user_id!("@c:two"));
        assert_eq!([limits.count(a), limits.count(a)], [None, None]);
        let wait = limits.count(a).unwrap();
        assert_eq!(wait.scope, RetryScope::Sender);
        assert!(wait.after > Duration::from_secs(30));
        assert_eq!(limits.count(b), None);
        assert!(limits.count(b).is_some(), "their server has spoken three times");
        assert_eq!(limits.count(c), None);
    }

    #[test]
    fn the_network_makes_everybody_wait() {
        let limits = limits(None, None, Some(1));
        assert_eq!(limits.count(user_id!("@a:one")), None);
        assert_eq!(limits.count(user_id!("@b:two")).unwrap().scope, RetryScope::Lane);
    }
}
