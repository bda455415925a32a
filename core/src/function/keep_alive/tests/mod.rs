//! The policies' rules, on idle times made by hand.

mod adaptive;
mod caches;
mod histogram;
mod policy;

use super::{Gap, KeepAlive, Profile, Window};
use crate::time::{Duration, Instant};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn minutes(minutes: u64) -> Duration {
    seconds(60 * minutes)
}

const FUNCTION: u32 = 3;
const PROFILE: Profile = Profile { memory_mib: 1024, cold_start: Duration::from_secs(1) };

/// A function whose first level has had these idle times.
fn after(mut rules: impl KeepAlive, gaps: impl IntoIterator<Item = Duration>) -> impl KeepAlive {
    let now = Instant::ZERO;
    rules.adopt(FUNCTION, PROFILE);
    rules.handle_rise(now, FUNCTION, 1, None);
    for gap in gaps {
        let _ = rules.window(now, fresh(1));
        rules.handle_rise(now, FUNCTION, 1, Some(gap));
    }
    rules
}

/// A level of the function that has become idle.
const fn fresh(level: u32) -> Gap {
    Gap { function: FUNCTION, level, idle_for: Duration::ZERO }
}

/// The windows that the policy gives a level, one after the other.
fn windows(rules: &mut impl KeepAlive, level: u32) -> Vec<Window> {
    let mut found = vec![];
    let mut idle_for = Duration::ZERO;
    while let Some(window) = rules.window(Instant::ZERO, Gap { idle_for, ..fresh(level) }) {
        assert!(window.until > idle_for && window.from < window.until, "{window:?}");
        found.push(window);
        idle_for = window.until;
    }
    found
}
