//! How long an idle instance is worth its memory: policies, one a file.
//!
//! A policy is pure bookkeeping. It sees the *levels* of each of its functions:
//! level k is busy while k or more instances are, and idle otherwise. A request
//! that makes the number of busy instances rise to k finds level k warm or
//! starts an instance for it; an instance that becomes idle leaves the highest
//! busy level, and the policy says in which [`Window`] of the coming idle time
//! that level shall be warm. So each level asks one question, again and again:
//! when will it be needed next, and is the memory until then worth it? Which of
//! the alike instances serves a level does not matter to it.
//!
//! The [`Keeper`](super::Keeper) asks the policies and turns their windows into
//! instances to stop and to start ahead.
//!
//! | policy | keeps | after |
//! |---|---|---|
//! | [`Fixed`] | every level for one time | AWS Lambda as measured, OpenWhisk |
//! | [`Histogram`] | from the 5th to the 99th percentile of the function's idle times | Shahrad et al., "Serverless in the Wild", ATC 2020 |
//! | [`GreedyDual`] | everything, until memory is short | Fuerst, Sharma, "FaasCache", ASPLOS 2021 |
//! | [`Lru`] | everything, until memory is short | the same page's baseline |
//! | [`Adaptive`] | while the chance of being needed pays for the memory | this project |
//!
//! RainbowCake (Yu et al., ASPLOS 2024) is not here: what it keeps longest are
//! layers that belong to no function (bare, language), and an instance here
//! belongs to one.

mod adaptive;
mod fixed;
mod gaps;
mod greedy_dual;
mod histogram;
mod lru;
mod plan;
mod policy;
#[cfg(all(test, not(loom)))]
mod tests;

use core::fmt;

pub use adaptive::Adaptive;
pub use fixed::Fixed;
pub use greedy_dual::GreedyDual;
pub use histogram::Histogram;
pub use lru::Lru;
pub use policy::{KeepAlivePolicy, ParsePolicyError};

use crate::time::{Duration, Instant};

/// What a policy is told of a function once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// Memory of one instance, in MiB.
    pub memory_mib: u32,
    /// How long a cold start is expected to take.
    pub cold_start: Duration,
}

impl Profile {
    /// Memory of one instance, in GB as AWS Lambda bills it (1,024 MiB).
    pub fn memory_gb(&self) -> f64 {
        f64::from(self.memory_mib) / 1024.0
    }
}

/// A level of one function that is idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The function's index in its region.
    pub function: u32,
    /// The level, counted from 1: so many busy instances would use it.
    pub level: u32,
    /// For how long it has been idle.
    pub idle_for: Duration,
}

/// A stretch of a level's idle time in which it shall be warm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When it opens, counted from the beginning of the idle time. Later than
    /// now: the instance is unloaded and one is started ahead then.
    pub from: Duration,
    /// When it closes; [`Duration::MAX`]: only lack of memory ends it.
    pub until: Duration,
}

impl Window {
    /// Warm from now on, until it has been idle for `until`.
    pub const fn for_the_first(until: Duration) -> Self {
        Self { from: Duration::ZERO, until }
    }

    /// Warm until memory is short.
    pub const ALWAYS: Self = Self::for_the_first(Duration::MAX);
}

/// A keep-alive policy of any number of functions.
///
/// Functions are named by their index. Calls come in order of time; the same
/// calls give the same answers on every target.
pub trait KeepAlive: fmt::Debug + Send {
    /// `function` is kept by this policy from now on, or its profile changed.
    fn adopt(&mut self, function: u32, profile: Profile);

    /// A level is needed. `gap` says how long it had been idle; `None` if it
    /// was never busy before.
    fn handle_rise(&mut self, now: Instant, function: u32, level: u32, gap: Option<Duration>);

    /// The next window of a level that is idle: asked when it becomes idle, and
    /// again when a window closes. It closes later than `gap.idle_for`; what
    /// closes before is taken for `None`. `None`: it stays cold until needed.
    fn window(&mut self, now: Instant, gap: Gap) -> Option<Window>;

    /// How much is lost if the instance of this level is stopped for want of
    /// memory; the least goes first. Comparable within one policy object. By
    /// default the level that was idle longest goes first.
    fn worth(&self, _now: Instant, gap: Gap) -> f64 {
        -gap.idle_for.as_secs_f64()
    }

    /// An instance of `worth` was stopped for want of memory; `last`: the
    /// function has no other.
    fn handle_eviction(&mut self, _function: u32, _worth: f64, _last: bool) {}
}

/// State by index, grown as needed.
#[derive(Debug)]
struct ByIndex<T>(alloc::vec::Vec<T>);

impl<T: Default> ByIndex<T> {
    const fn new() -> Self {
        Self(alloc::vec::Vec::new())
    }

    fn get(&self, index: u32) -> Option<&T> {
        self.0.get(index as usize)
    }

    fn entry(&mut self, index: u32) -> &mut T {
        let at = index as usize;
        if at >= self.0.len() {
            self.0.resize_with(at + 1, T::default);
        }
        &mut self.0[at]
    }
}
