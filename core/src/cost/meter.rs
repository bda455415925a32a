//! The meter: what was served, in billed units, and what it costs.

use super::prices::{Architecture, PriceTable};
use crate::time::Duration;

/// What is billed of the requests served so far.
///
/// ```
/// use warmstow_core::cost::{Architecture, Meter, PriceTable};
/// use warmstow_core::time::Duration;
///
/// let prices = PriceTable::AWS_US_EAST_1;
/// let mut meter = Meter::default();
/// meter.request(&prices, 1024, Duration::ZERO, Duration::from_nanos(1)); // billed 1 ms
/// assert_eq!(meter.gb_seconds(), 0.001);
/// assert!(meter.cost(&prices, Architecture::X86).total > 0.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    requests: u64,
    mib_nanos: u128,
}

/// A sum of money by what it is for, in US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Cost {
    /// For requests.
    pub requests: f64,
    /// For their duration, initialisation included where it is billed.
    pub duration: f64,
    /// For provisioned concurrency: 0, nothing is provisioned.
    pub provisioned: f64,
    /// All of it.
    pub total: f64,
}

impl Meter {
    /// Adds a served request of a function with `memory_mib`: `init` is the
    /// cold start it caused, `run` how long it ran. Both are billed as one
    /// length of time, rounded up to the granularity. A throttled request is
    /// free: do not add it. O(1).
    #[inline]
    pub const fn request(
        &mut self,
        prices: &PriceTable,
        memory_mib: u32,
        init: Duration,
        run: Duration,
    ) {
        let time = if prices.bills_init { init.plus(run) } else { run };
        let unit = prices.granularity.as_nanos();
        // A zero granularity (an unchecked table) bills exact time.
        let unit = if unit == 0 { 1 } else { unit };
        let billed = time.as_nanos().div_ceil(unit) as u128 * unit as u128;
        self.requests = self.requests.saturating_add(1);
        self.mib_nanos = self.mib_nanos.saturating_add(billed.saturating_mul(memory_mib as u128));
    }

    /// Adds what `other` has counted.
    pub const fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.mib_nanos = self.mib_nanos.saturating_add(other.mib_nanos);
    }

    /// Requests counted.
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// Billed GB-seconds: 1,024 MiB for a second each.
    pub const fn gb_seconds(&self) -> f64 {
        self.mib_nanos as f64 / 1024.0 / 1e9
    }

    /// What it costs by `prices` on `architecture`.
    pub const fn cost(&self, prices: &PriceTable, architecture: Architecture) -> Cost {
        let requests = self.requests as f64 * prices.usd_per_million_requests / 1e6;
        let duration = self.gb_seconds() * prices.usd_per_gb_second(architecture);
        let provisioned = 0.0;
        Cost { requests, duration, provisioned, total: requests + duration + provisioned }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn one(prices: &PriceTable, memory_mib: u32, init: Duration, run: Duration) -> Meter {
        let mut meter = Meter::default();
        meter.request(prices, memory_mib, init, run);
        meter
    }

    #[test]
    fn a_worked_bill_comes_out() {
        // 3 million requests of 120 ms at 1,536 MB: the compute example of the
        // pricing page, before the free tier: 540,000 GB-s, 9.00 + 0.60 USD.
        let prices = PriceTable::AWS_US_EAST_1;
        let each = one(&prices, 1536, Duration::ZERO, Duration::from_millis(120));
        let mut meter = Meter::default();
        for _ in 0..3_000_000 {
            meter.merge(&each);
        }
        assert_eq!((meter.requests(), meter.gb_seconds()), (3_000_000, 540_000.0));
        let cost = meter.cost(&prices, Architecture::X86);
        assert!((cost.requests - 0.60).abs() < 1e-9, "{cost:?}");
        assert!((cost.duration - 9.000_018).abs() < 1e-9, "{cost:?}");
        assert_eq!(cost.total, cost.requests + cost.duration);
        let arm = meter.cost(&prices, Architecture::Arm);
        assert!((arm.duration - 7.200_036).abs() < 1e-9, "{arm:?}");
    }

    #[test]
    fn initialisation_and_run_are_rounded_up_together() {
        let half = Duration::from_nanos(500_000);
        let with = one(&PriceTable::AWS_US_EAST_1, 1024, half, half);
        let without = one(&PriceTable::AWS_US_EAST_1_FREE_INIT, 1024, MS, half);
        assert_eq!(with, one(&PriceTable::AWS_US_EAST_1, 1024, Duration::ZERO, MS));
        assert_eq!(with, without);
        let more = one(&PriceTable::AWS_US_EAST_1, 1024, half, MS);
        assert_eq!(more.gb_seconds(), 0.002);
    }

    #[test]
    fn nothing_served_costs_nothing_and_no_sum_overflows() {
        let prices = PriceTable::AWS_US_EAST_1;
        assert_eq!(Meter::default().cost(&prices, Architecture::X86), Cost::default());
        let mut meter = one(&prices, u32::MAX, Duration::MAX, Duration::MAX);
        meter.merge(&one(&prices, 1, MS, MS));
        assert!(meter.gb_seconds() > 0.0);
    }
}
