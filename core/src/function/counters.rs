//! What a function has done, counted.

use crate::concurrency::ThrottleReason;
use crate::resources::Resource;
use crate::sync::{AtomicU64, Ordering};

/// Counts since a function was added; each only rises, but for those of
/// instances and requests at this moment.
///
/// A moment's view: while other threads work, counts taken from different
/// words can be one call apart; at rest they are exact. Starts and completions
/// cost the hot path nothing: they are sums over the pool's own words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Counters {
    /// Invocations that an idle instance took.
    pub warm_starts: u64,
    /// Invocations that started an instance.
    pub cold_starts: u64,
    /// Instances started ahead of requests.
    pub prestarts: u64,
    /// Invocations that found the provisioned concurrency of their version used
    /// up and ran on demand.
    pub spillovers: u64,
    /// Invocations completed.
    pub completions: u64,
    /// Invocations failed (crash, timeout, failed start).
    pub failures: u64,
    /// Invocations throttled, by [`ThrottleReason::index`].
    pub throttles: [u64; ThrottleReason::ALL.len()],
    /// Invocations refused because the function had as many instances as it
    /// may have, all busy.
    pub instance_limits: u64,
    /// Invocations refused because instances were being started too fast.
    pub scaling_rates: u64,
    /// Invocations refused because most nodes were short of CPU.
    pub no_cpu: u64,
    /// Invocations refused because most nodes were short of memory.
    pub no_memory: u64,
    /// Requests in flight now.
    pub in_flight: u64,
    /// Instances now, from starting to stopping.
    pub instances: u32,
    /// Started instances without a request now.
    pub idle_instances: u32,
    /// Completions whose time was before an earlier one's of the same
    /// instance; see [`Tally`](crate::pool::Tally::clock_regressions).
    pub clock_regressions: u64,
}

impl Counters {
    /// Invocations admitted, as AWS counts `Invocations`: throttled ones are
    /// not among them.
    pub const fn invocations(&self) -> u64 {
        self.warm_starts + self.cold_starts
    }

    /// Invocations refused, for whatever reason.
    pub fn refusals(&self) -> u64 {
        let throttles: u64 = self.throttles.iter().sum();
        let short = self.instance_limits + self.scaling_rates;
        throttles + short + self.no_cpu + self.no_memory
    }
}

/// The counts that no other word holds: of refusals and failures.
#[derive(Debug)]
pub(super) struct Tallies {
    throttles: [AtomicU64; ThrottleReason::ALL.len()],
    instance_limits: AtomicU64,
    scaling_rates: AtomicU64,
    no_cpu: AtomicU64,
    no_memory: AtomicU64,
    failures: AtomicU64,
    prestarts: AtomicU64,
    prepared: AtomicU64,
    #[cfg(feature = "alloc")]
    spillovers: AtomicU64,
}

impl Tallies {
    pub(super) fn new() -> Self {
        Self {
            throttles: core::array::from_fn(|_| AtomicU64::new(0)),
            instance_limits: AtomicU64::new(0),
            scaling_rates: AtomicU64::new(0),
            no_cpu: AtomicU64::new(0),
            no_memory: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            prestarts: AtomicU64::new(0),
            prepared: AtomicU64::new(0),
            #[cfg(feature = "alloc")]
            spillovers: AtomicU64::new(0),
        }
    }

    pub(super) fn throttled(&self, reason: ThrottleReason) {
        count(&self.throttles[reason.index()]);
    }

    pub(super) fn instance_limit(&self) {
        count(&self.instance_limits);
    }

    pub(super) fn scaling_rate(&self) {
        count(&self.scaling_rates);
    }

    pub(super) fn no_capacity(&self, resource: Resource) {
        count(match resource {
            Resource::Cpu => &self.no_cpu,
            Resource::Memory => &self.no_memory,
        });
    }

    pub(super) fn failed(&self) {
        count(&self.failures);
    }

    pub(super) fn prestarted(&self) {
        count(&self.prestarts);
    }

    /// A prestart is over, well or not.
    pub(super) fn prepared(&self) {
        count(&self.prepared);
    }

    /// Prestarts, and how many of them are not over.
    pub(super) fn prestarts(&self) -> (u64, u64) {
        let prestarts = get(&self.prestarts);
        (prestarts, prestarts.saturating_sub(get(&self.prepared)))
    }

    #[cfg(feature = "alloc")]
    pub(super) fn spilled(&self) {
        count(&self.spillovers);
    }

    /// Writes its counts into `counters`.
    pub(super) fn read(&self, counters: &mut Counters) {
        counters.throttles = core::array::from_fn(|reason| get(&self.throttles[reason]));
        counters.instance_limits = get(&self.instance_limits);
        counters.scaling_rates = get(&self.scaling_rates);
        counters.no_cpu = get(&self.no_cpu);
        counters.no_memory = get(&self.no_memory);
        counters.failures = get(&self.failures);
        #[cfg(feature = "alloc")]
        {
            counters.spillovers = get(&self.spillovers);
        }
    }
}

fn count(counter: &AtomicU64) {
    // ORDERING: Relaxed: statistic only, no data published.
    counter.fetch_add(1, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    // ORDERING: Relaxed: statistic only.
    counter.load(Ordering::Relaxed)
}
