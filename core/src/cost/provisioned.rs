//! Provisioned concurrency over time: from enabling it to disabling it.

use super::meter::{Meter, rounded_up};
use super::prices::PriceTable;
use crate::time::{Duration, Instant};

/// The provisioned concurrency of one version or alias, as it changes.
///
/// It is billed from when it is enabled until it is disabled, and that time is
/// rounded up to the table's granularity (AWS Lambda pricing: five minutes).
/// Where the amount changes meanwhile AWS does not say how it is billed;
/// chosen: each amount for its own time, and the rest of the last five minutes
/// at the last amount.
///
/// ```
/// use warmstow_core::cost::{Meter, PriceTable, Provisioned};
/// use warmstow_core::time::Instant;
///
/// let (prices, mut meter) = (PriceTable::AWS_US_EAST_1, Meter::default());
/// let mut provisioned = Provisioned::new(1024);
/// provisioned.set(Instant::ZERO, 10, &prices, &mut meter);
/// provisioned.set(Instant::from_secs(301), 0, &prices, &mut meter);
/// assert_eq!(meter.provisioned_gb_seconds(), 6_000.0); // ten minutes of ten
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provisioned {
    memory_mib: u32,
    instances: u32,
    enabled: Instant,
    billed_to: Instant,
}

impl Provisioned {
    /// Disabled, for a function of `memory_mib`.
    pub const fn new(memory_mib: u32) -> Self {
        let start = Instant::ZERO;
        Self { memory_mib, instances: 0, enabled: start, billed_to: start }
    }

    /// The amount now.
    pub const fn instances(&self) -> u32 {
        self.instances
    }

    /// The amount is `instances` from `now` on; 0 disables. Adds to the meter
    /// what is owed until now. A time before an earlier one adds nothing. O(1).
    pub fn set(&mut self, now: Instant, instances: u32, prices: &PriceTable, meter: &mut Meter) {
        let now = now.max(self.billed_to);
        if self.instances == 0 {
            self.enabled = now;
        } else {
            let span = now.since(self.billed_to).as_nanos();
            meter.held(self.memory_mib, self.instances, u128::from(span));
            if instances == 0 {
                let total = now.since(self.enabled);
                let rest = rounded_up(total, prices.provisioned_granularity);
                let rest = rest - u128::from(total.as_nanos());
                meter.held(self.memory_mib, self.instances, rest);
            }
        }
        self.instances = instances;
        self.billed_to = now;
    }

    /// How long it has been enabled by `now`; zero where it is disabled.
    pub fn held(&self, now: Instant) -> Duration {
        if self.instances == 0 { Duration::ZERO } else { now.since(self.enabled) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const PRICES: PriceTable = PriceTable::AWS_US_EAST_1;

    /// GB-seconds of 1 GiB instances set at these minutes.
    fn billed(changes: &[(u64, u32)]) -> f64 {
        let (mut provisioned, mut meter) = (Provisioned::new(1024), Meter::default());
        for &(minute, instances) in changes {
            provisioned.set(Instant::from_secs(60 * minute), instances, &PRICES, &mut meter);
        }
        meter.provisioned_gb_seconds()
    }

    #[test]
    fn a_started_five_minutes_is_billed() {
        assert_eq!(billed(&[(0, 2), (5, 0)]), 600.0);
        assert_eq!(billed(&[(0, 2), (6, 0)]), 1_200.0);
        assert_eq!(billed(&[(3, 2), (4, 0), (9, 2), (10, 0)]), 1_200.0, "each time anew");
    }

    #[test]
    fn each_amount_is_billed_for_its_time_and_the_rest_at_the_last() {
        // 10 for 3 minutes, 20 for 4, and 3 more minutes of 20.
        assert_eq!(billed(&[(0, 10), (3, 20), (7, 0)]), 60.0 * (30.0 + 80.0 + 60.0));
    }

    #[test]
    fn what_is_still_enabled_is_billed_as_far_as_it_was_set() {
        assert_eq!(billed(&[(0, 10), (3, 10)]), 1_800.0);
        assert_eq!(billed(&[(5, 10), (2, 0)]), 0.0, "no time has passed");
    }
}
