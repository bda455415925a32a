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
    /// Of requests on provisioned concurrency.
    provisioned_run_mib_nanos: u128,
    /// Of provisioned concurrency, used or not.
    provisioned_mib_nanos: u128,
}

/// A sum of money by what it is for, in US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Cost {
    /// For requests.
    pub requests: f64,
    /// For their duration, initialisation included where it is billed.
    pub duration: f64,
    /// For provisioned concurrency, used or not.
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
        self.requests = self.requests.saturating_add(1);
        let billed = mib_nanos(memory_mib, 1, rounded_up(time, prices.granularity));
        self.mib_nanos = self.mib_nanos.saturating_add(billed);
    }

    /// Adds a served request on provisioned concurrency: its own rate, and no
    /// initialisation, which is part of what is provisioned. A request that
    /// spills over is one on demand: [`Meter::request`]. O(1).
    pub const fn provisioned_request(
        &mut self,
        prices: &PriceTable,
        memory_mib: u32,
        run: Duration,
    ) {
        self.requests = self.requests.saturating_add(1);
        let billed = mib_nanos(memory_mib, 1, rounded_up(run, prices.granularity));
        self.provisioned_run_mib_nanos = self.provisioned_run_mib_nanos.saturating_add(billed);
    }

    /// Adds provisioned concurrency of `instances` that was enabled for `held`,
    /// rounded up to the table's granularity (five minutes). O(1). Where the
    /// amount changes meanwhile, see [`Provisioned`](super::Provisioned).
    pub const fn provisioned(
        &mut self,
        prices: &PriceTable,
        memory_mib: u32,
        instances: u32,
        held: Duration,
    ) {
        self.held(memory_mib, instances, rounded_up(held, prices.provisioned_granularity));
    }

    /// Adds provisioned concurrency for exactly `nanos`.
    pub(super) const fn held(&mut self, memory_mib: u32, instances: u32, nanos: u128) {
        let billed = mib_nanos(memory_mib, instances, nanos);
        self.provisioned_mib_nanos = self.provisioned_mib_nanos.saturating_add(billed);
    }

    /// Adds what `other` has counted.
    pub const fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.mib_nanos = self.mib_nanos.saturating_add(other.mib_nanos);
        self.provisioned_run_mib_nanos =
            self.provisioned_run_mib_nanos.saturating_add(other.provisioned_run_mib_nanos);
        self.provisioned_mib_nanos =
            self.provisioned_mib_nanos.saturating_add(other.provisioned_mib_nanos);
    }

    /// Requests counted.
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// Billed GB-seconds of requests on demand: 1,024 MiB for a second each.
    pub const fn gb_seconds(&self) -> f64 {
        gb_seconds(self.mib_nanos)
    }

    /// Billed GB-seconds of requests on provisioned concurrency.
    pub const fn provisioned_run_gb_seconds(&self) -> f64 {
        gb_seconds(self.provisioned_run_mib_nanos)
    }

    /// Billed GB-seconds of provisioned concurrency, used or not.
    pub const fn provisioned_gb_seconds(&self) -> f64 {
        gb_seconds(self.provisioned_mib_nanos)
    }

    /// What it costs by `prices` on `architecture`.
    pub const fn cost(&self, prices: &PriceTable, architecture: Architecture) -> Cost {
        let requests = self.requests as f64 * prices.usd_per_million_requests / 1e6;
        let on_demand = self.gb_seconds() * prices.usd_per_gb_second(architecture);
        let on_provisioned = self.provisioned_run_gb_seconds()
            * prices.usd_per_provisioned_run_gb_second(architecture);
        let duration = on_demand + on_provisioned;
        let provisioned =
            self.provisioned_gb_seconds() * prices.usd_per_provisioned_gb_second(architecture);
        Cost { requests, duration, provisioned, total: requests + duration + provisioned }
    }
}

const fn gb_seconds(mib_nanos: u128) -> f64 {
    mib_nanos as f64 / 1024.0 / 1e9
}

/// `time` rounded up to a multiple of `unit`, in nanoseconds. A unit of zero
/// (an unchecked table) leaves it exact.
pub(super) const fn rounded_up(time: Duration, unit: Duration) -> u128 {
    let unit = unit.as_nanos();
    let unit = if unit == 0 { 1 } else { unit };
    time.as_nanos().div_ceil(unit) as u128 * unit as u128
}

const fn mib_nanos(memory_mib: u32, instances: u32, nanos: u128) -> u128 {
    nanos.saturating_mul(memory_mib as u128 * instances as u128)
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
    fn the_pricing_pages_example_of_provisioned_concurrency_comes_out() {
        // 1,024 MB, 1,000 provisioned for two hours, 1.2 million requests of a
        // second: 30.00 + 11.67 + 0.24 USD.
        let prices = PriceTable::AWS_US_EAST_1;
        let mut each = Meter::default();
        each.provisioned_request(&prices, 1024, Duration::from_secs(1));
        let mut meter = Meter::default();
        for _ in 0..1_200_000 {
            meter.merge(&each);
        }
        meter.provisioned(&prices, 1024, 1_000, Duration::from_secs(7_200));
        assert_eq!(meter.provisioned_gb_seconds(), 7_200_000.0);
        assert_eq!((meter.gb_seconds(), meter.provisioned_run_gb_seconds()), (0.0, 1_200_000.0));
        let cost = meter.cost(&prices, Architecture::X86);
        let close = |value: f64, wanted: f64| (value - wanted).abs() < 0.005;
        assert!(close(cost.provisioned, 30.0), "{cost:?}");
        assert!(close(cost.duration, 11.67) && close(cost.requests, 0.24), "{cost:?}");
        assert!(close(cost.total, 41.91), "{cost:?}");
        let arm = meter.cost(&prices, Architecture::Arm);
        assert!(close(arm.provisioned, 24.0) && close(arm.duration, 9.333), "{arm:?}");
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
