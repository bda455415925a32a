//! AWS Fargate: tasks by the second, for what they reserve.

use core::fmt;

use super::meter::rounded_up;
use super::prices::Architecture;
use crate::time::Duration;

/// What a provider charges for tasks without instances, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FargatePrices {
    /// Where the prices hold.
    pub region: &'static str,
    /// The day from which they hold, year-month-day.
    pub as_of: &'static str,
    /// Where they come from.
    pub source: &'static str,
    /// For a vCPU (1024 CPU units) and an hour on x86.
    pub usd_per_vcpu_hour_x86: f64,
    /// For a vCPU and an hour on Arm.
    pub usd_per_vcpu_hour_arm: f64,
    /// For a GB (1024 MiB) of memory and an hour on x86.
    pub usd_per_gb_hour_x86: f64,
    /// For a GB of memory and an hour on Arm.
    pub usd_per_gb_hour_arm: f64,
    /// For a GB of ephemeral storage beyond what is free, and an hour.
    pub usd_per_storage_gb_hour: f64,
    /// Ephemeral storage of a task that is free, GB.
    pub free_storage_gb: u32,
    /// What Spot costs, as a share of the CPU and memory prices.
    pub spot_share: f64,
    /// A task's time is rounded up to a multiple of this.
    pub granularity: Duration,
    /// And is at least this.
    pub minimum: Duration,
}

impl FargatePrices {
    /// Linux in us-east-1, on demand; Spot at the most that AWS promises ("up
    /// to 70 % off"): it moves, so set yours.
    pub const AWS_US_EAST_1: Self = Self {
        region: "us-east-1",
        as_of: "2021-11-23",
        source: "https://aws.amazon.com/fargate/pricing/ (as repeated by \
                 https://www.vantage.sh/blog/fargate-pricing)",
        usd_per_vcpu_hour_x86: 0.040_48,
        usd_per_vcpu_hour_arm: 0.032_38,
        usd_per_gb_hour_x86: 0.004_445,
        usd_per_gb_hour_arm: 0.003_56,
        usd_per_storage_gb_hour: 0.000_111,
        free_storage_gb: 20,
        spot_share: 0.3,
        granularity: Duration::from_secs(1),
        minimum: Duration::from_secs(60),
    };

    /// Checks a table of your own.
    ///
    /// # Errors
    /// [`BadPrice`] names the number that is negative or none.
    pub fn check(&self) -> Result<(), BadPrice> {
        check_all(&[
            ("usd_per_vcpu_hour_x86", self.usd_per_vcpu_hour_x86),
            ("usd_per_vcpu_hour_arm", self.usd_per_vcpu_hour_arm),
            ("usd_per_gb_hour_x86", self.usd_per_gb_hour_x86),
            ("usd_per_gb_hour_arm", self.usd_per_gb_hour_arm),
            ("usd_per_storage_gb_hour", self.usd_per_storage_gb_hour),
            ("spot_share", self.spot_share),
        ])
    }

    /// The time that is billed of a task that took `time`, from the start of
    /// its image's download until it has stopped.
    pub fn billed(&self, time: Duration) -> Duration {
        let nanos = rounded_up(time.max(self.minimum), self.granularity);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl Default for FargatePrices {
    /// [`FargatePrices::AWS_US_EAST_1`].
    fn default() -> Self {
        Self::AWS_US_EAST_1
    }
}

/// A price that is negative or no finite number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BadPrice {
    /// Which one.
    pub name: &'static str,
    /// What was given.
    pub value: f64,
}

impl fmt::Display for BadPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: must be a finite number, at least 0", self.name, self.value)
    }
}

impl core::error::Error for BadPrice {}

pub(super) fn check_all(prices: &[(&'static str, f64)]) -> Result<(), BadPrice> {
    let bad = prices.iter().find(|(_, value)| !(*value >= 0.0 && value.is_finite()));
    bad.map_or(Ok(()), |&(name, value)| Err(BadPrice { name, value }))
}

/// What a task reserves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TaskSize {
    /// CPU units; 1024 are a vCPU.
    pub cpu_units: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
    /// Ephemeral storage, GB, the free part included.
    pub storage_gb: u32,
}

/// What is billed of the tasks so far. Exact sums.
///
/// ```
/// use warmstow_core::cost::{Architecture, FargateMeter, FargatePrices, TaskSize};
/// use warmstow_core::time::Duration;
///
/// let prices = FargatePrices::AWS_US_EAST_1;
/// let task = TaskSize { cpu_units: 1024, memory_mib: 2048, storage_gb: 20 };
/// let mut meter = FargateMeter::default();
/// meter.task(&prices, task, Duration::from_secs(5)); // billed a minute
/// assert_eq!(meter.vcpu_hours() * 60.0, 1.0);
/// assert!(meter.cost(&prices, Architecture::X86, false).total > 0.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FargateMeter {
    tasks: u64,
    cpu_unit_nanos: u128,
    mib_nanos: u128,
    storage_gb_nanos: u128,
}

/// What tasks cost, in US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FargateCost {
    /// For CPU.
    pub cpu: f64,
    /// For memory.
    pub memory: f64,
    /// For storage beyond what is free.
    pub storage: f64,
    /// All of it.
    pub total: f64,
}

const HOUR: f64 = 3_600e9;

#[expect(clippy::cast_precision_loss, reason = "hours to 53 bits")]
fn hours(nanos: u128, unit: f64) -> f64 {
    nanos as f64 / unit / HOUR
}

impl FargateMeter {
    /// Adds a task that took `time`. O(1).
    pub fn task(&mut self, prices: &FargatePrices, size: TaskSize, time: Duration) {
        let nanos = u128::from(prices.billed(time).as_nanos());
        let of = |amount: u32| nanos.saturating_mul(u128::from(amount));
        self.tasks = self.tasks.saturating_add(1);
        self.cpu_unit_nanos = self.cpu_unit_nanos.saturating_add(of(size.cpu_units));
        self.mib_nanos = self.mib_nanos.saturating_add(of(size.memory_mib));
        let storage = size.storage_gb.saturating_sub(prices.free_storage_gb);
        self.storage_gb_nanos = self.storage_gb_nanos.saturating_add(of(storage));
    }

    /// Adds what `other` has counted.
    pub const fn merge(&mut self, other: &Self) {
        self.tasks = self.tasks.saturating_add(other.tasks);
        self.cpu_unit_nanos = self.cpu_unit_nanos.saturating_add(other.cpu_unit_nanos);
        self.mib_nanos = self.mib_nanos.saturating_add(other.mib_nanos);
        self.storage_gb_nanos = self.storage_gb_nanos.saturating_add(other.storage_gb_nanos);
    }

    /// What `count` times as many tasks would be billed.
    #[cfg(feature = "alloc")]
    pub(super) const fn times(&self, count: u32) -> Self {
        Self {
            tasks: self.tasks.saturating_mul(count as u64),
            cpu_unit_nanos: self.cpu_unit_nanos.saturating_mul(count as u128),
            mib_nanos: self.mib_nanos.saturating_mul(count as u128),
            storage_gb_nanos: self.storage_gb_nanos.saturating_mul(count as u128),
        }
    }

    /// Tasks counted.
    pub const fn tasks(&self) -> u64 {
        self.tasks
    }

    /// Billed vCPU-hours.
    pub fn vcpu_hours(&self) -> f64 {
        hours(self.cpu_unit_nanos, 1024.0)
    }

    /// Billed GB-hours of memory.
    pub fn gb_hours(&self) -> f64 {
        hours(self.mib_nanos, 1024.0)
    }

    /// Billed GB-hours of storage.
    pub fn storage_gb_hours(&self) -> f64 {
        hours(self.storage_gb_nanos, 1.0)
    }

    /// What it costs by `prices` on `architecture`, on Spot or on demand.
    pub fn cost(
        &self,
        prices: &FargatePrices,
        architecture: Architecture,
        spot: bool,
    ) -> FargateCost {
        let (vcpu, gb) = match architecture {
            Architecture::X86 => (prices.usd_per_vcpu_hour_x86, prices.usd_per_gb_hour_x86),
            Architecture::Arm => (prices.usd_per_vcpu_hour_arm, prices.usd_per_gb_hour_arm),
        };
        let share = if spot { prices.spot_share } else { 1.0 };
        let cpu = self.vcpu_hours() * vcpu * share;
        let memory = self.gb_hours() * gb * share;
        let storage = self.storage_gb_hours() * prices.usd_per_storage_gb_hour;
        FargateCost { cpu, memory, storage, total: cpu + memory + storage }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    // Without the feature `alloc` the crate does not name it.
    extern crate alloc;

    use super::*;
    use alloc::string::ToString;

    const PRICES: FargatePrices = FargatePrices::AWS_US_EAST_1;

    fn close(value: f64, wanted: f64) -> bool {
        (value - wanted).abs() < 1e-9
    }

    #[test]
    fn a_worked_bill_comes_out() {
        // The example of the pricing page: 5 tasks of 1 vCPU and 2 GB, 10
        // minutes a day for 30 days: 25 vCPU-hours and 50 GB-hours.
        let size = TaskSize { cpu_units: 1024, memory_mib: 2048, storage_gb: 20 };
        let mut meter = FargateMeter::default();
        for _ in 0..150 {
            meter.task(&PRICES, size, Duration::from_secs(600));
        }
        assert!(close(meter.vcpu_hours(), 25.0) && close(meter.gb_hours(), 50.0), "{meter:?}");
        let x86 = meter.cost(&PRICES, Architecture::X86, false);
        assert!(close(x86.cpu, 1.012) && close(x86.memory, 0.222_25), "{x86:?}");
        assert_eq!(x86.storage, 0.0);
        let arm = meter.cost(&PRICES, Architecture::Arm, false);
        assert!(close(arm.total, 25.0 * 0.032_38 + 50.0 * 0.003_56), "{arm:?}");
        let spot = meter.cost(&PRICES, Architecture::X86, true);
        assert!(close(spot.total, 0.3 * x86.total), "{spot:?}");
    }

    #[test]
    fn storage_costs_beyond_twenty_gigabytes() {
        let size = TaskSize { cpu_units: 256, memory_mib: 512, storage_gb: 100 };
        let mut meter = FargateMeter::default();
        meter.task(&PRICES, size, Duration::from_secs(3_600));
        let cost = meter.cost(&PRICES, Architecture::X86, false);
        assert!(close(cost.storage, 80.0 * 0.000_111), "{cost:?}");
        let spot = meter.cost(&PRICES, Architecture::X86, true);
        assert_eq!(spot.storage, cost.storage, "no discount on storage");
    }

    #[test]
    fn time_is_a_minute_at_least_and_whole_seconds() {
        let billed = |nanos| PRICES.billed(Duration::from_nanos(nanos)).as_secs_f64();
        assert_eq!(billed(0), 60.0);
        assert_eq!(billed(60_000_000_000), 60.0);
        assert_eq!(billed(60_000_000_001), 61.0);
    }

    #[test]
    fn a_bad_price_is_named_and_no_sum_overflows() {
        assert_eq!(PRICES.check(), Ok(()));
        let bad = FargatePrices { spot_share: f64::NAN, ..PRICES };
        let wanted = "spot_share NaN: must be a finite number, at least 0";
        assert_eq!(bad.check().unwrap_err().to_string(), wanted);
        let all = u32::MAX;
        let size = TaskSize { cpu_units: all, memory_mib: all, storage_gb: all };
        let mut meter = FargateMeter::default();
        meter.task(&PRICES, size, Duration::MAX);
        let once = meter;
        meter.merge(&once);
        assert_eq!(meter.tasks(), 2);
        assert!(meter.cost(&PRICES, Architecture::X86, false).total.is_finite());
    }
}
