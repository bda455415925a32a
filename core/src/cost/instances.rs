//! Instances: hours by type and by how they were bought.

use core::fmt;

use super::fargate::{BadPrice, check_all};
use super::meter::rounded_up;
use super::prices::Architecture;
use crate::time::Duration;

/// How an instance is paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Purchase {
    /// By the second, without a commitment.
    #[default]
    OnDemand,
    /// Committed to for a year or more: paid for whether it runs or not.
    Reserved,
    /// By the second at a price that moves; may be interrupted.
    Spot,
}

impl Purchase {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OnDemand, Self::Reserved, Self::Spot];
}

impl fmt::Display for Purchase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnDemand => "on demand",
            Self::Reserved => "reserved",
            Self::Spot => "Spot",
        })
    }
}

/// A type of instance and what an hour of it costs, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct InstanceType {
    /// Its name.
    pub name: &'static str,
    /// Its processor.
    pub architecture: Architecture,
    /// CPU units; 1024 are a vCPU.
    pub cpu_units: u32,
    /// Memory, MiB, as it is sold: the system keeps part of it from tasks.
    pub memory_mib: u32,
    /// An hour on demand.
    pub on_demand: f64,
    /// An hour reserved; `None` where no price is known.
    pub reserved: Option<f64>,
    /// An hour on Spot; `None` where no price is known.
    pub spot: Option<f64>,
}

/// Where the on-demand prices of [`INSTANCE_TYPES`] come from: list prices,
/// Linux, us-east-1, the same since the youngest of them was offered
/// ([`INSTANCE_PRICES_AS_OF`]). Yours may differ: each is a field. Reserved prices hang on term and payment and Spot prices move, so the table
/// has none: set yours, or derive them by [`InstanceType::discounted`].
pub const INSTANCE_PRICES_SOURCE: &str = "https://aws.amazon.com/ec2/pricing/on-demand/";

/// The day from which the prices of [`INSTANCE_TYPES`] hold, year-month-day.
pub const INSTANCE_PRICES_AS_OF: &str = "2023-02-13";

const fn instance(
    name: &'static str,
    architecture: Architecture,
    vcpus: u32,
    memory_gib: u32,
    on_demand: f64,
) -> InstanceType {
    let (cpu_units, memory_mib) = (vcpus * 1024, memory_gib * 1024);
    let (reserved, spot) = (None, None);
    InstanceType { name, architecture, cpu_units, memory_mib, on_demand, reserved, spot }
}

/// Some types of Amazon EC2; see [`INSTANCE_PRICES_SOURCE`].
pub const INSTANCE_TYPES: [InstanceType; 15] = [
    instance("m5.large", Architecture::X86, 2, 8, 0.096),
    instance("m5.xlarge", Architecture::X86, 4, 16, 0.192),
    instance("m5.2xlarge", Architecture::X86, 8, 32, 0.384),
    instance("m5.4xlarge", Architecture::X86, 16, 64, 0.768),
    instance("c5.large", Architecture::X86, 2, 4, 0.085),
    instance("c5.xlarge", Architecture::X86, 4, 8, 0.17),
    instance("c5.2xlarge", Architecture::X86, 8, 16, 0.34),
    instance("r5.large", Architecture::X86, 2, 16, 0.126),
    instance("r5.xlarge", Architecture::X86, 4, 32, 0.252),
    instance("m6g.large", Architecture::Arm, 2, 8, 0.077),
    instance("m6g.xlarge", Architecture::Arm, 4, 16, 0.154),
    instance("m6g.2xlarge", Architecture::Arm, 8, 32, 0.308),
    instance("c6g.large", Architecture::Arm, 2, 4, 0.068),
    instance("c6g.xlarge", Architecture::Arm, 4, 8, 0.136),
    instance("m7g.large", Architecture::Arm, 2, 8, 0.0816),
];

impl InstanceType {
    /// The type of that name in [`INSTANCE_TYPES`].
    pub fn named(name: &str) -> Option<Self> {
        INSTANCE_TYPES.into_iter().find(|known| known.name == name)
    }

    /// With reserved and Spot prices as shares of the one on demand: 0.6 is
    /// 40 % off.
    #[must_use]
    pub const fn discounted(self, reserved: f64, spot: f64) -> Self {
        let (reserved, spot) = (self.on_demand * reserved, self.on_demand * spot);
        Self { reserved: Some(reserved), spot: Some(spot), ..self }
    }

    /// What an hour costs so bought; `None` where no price is known.
    pub const fn usd_per_hour(&self, purchase: Purchase) -> Option<f64> {
        match purchase {
            Purchase::OnDemand => Some(self.on_demand),
            Purchase::Reserved => self.reserved,
            Purchase::Spot => self.spot,
        }
    }

    /// Checks a type of your own.
    ///
    /// # Errors
    /// [`BadPrice`] names the price that is negative or none.
    pub fn check(&self) -> Result<(), BadPrice> {
        check_all(&[
            ("on_demand", self.on_demand),
            ("reserved", self.reserved.unwrap_or(0.0)),
            ("spot", self.spot.unwrap_or(0.0)),
        ])
    }
}

/// The hours of instances of one type, by how they were bought. Exact sums.
///
/// Linux instances are billed by the second, a minute at least (Amazon EC2
/// pricing); reserved ones for all the time they are reserved.
///
/// ```
/// use warmstow_core::cost::{InstanceMeter, InstanceType, Purchase};
/// use warmstow_core::time::Duration;
///
/// let large = InstanceType::named("m5.large").expect("it is in the table");
/// let mut meter = InstanceMeter::default();
/// meter.instance(Purchase::OnDemand, Duration::from_secs(5_400));
/// meter.instance(Purchase::OnDemand, Duration::from_secs(10)); // billed a minute
/// assert_eq!(meter.hours(Purchase::OnDemand), 1.5 + 1.0 / 60.0);
/// assert!((meter.cost(&large)? - 0.1456).abs() < 1e-9);
/// # Ok::<(), warmstow_core::cost::NoPrice>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstanceMeter {
    /// By [`Purchase::ALL`].
    nanos: [u128; 3],
}

/// There were hours so bought and the type has no price for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPrice {
    /// The type.
    pub name: &'static str,
    /// How they were bought.
    pub purchase: Purchase,
}

impl core::fmt::Display for NoPrice {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let purchase = match self.purchase {
            Purchase::OnDemand => "on-demand",
            Purchase::Reserved => "reserved",
            Purchase::Spot => "Spot",
        };
        write!(f, "{} has no {purchase} price: set one", self.name)
    }
}

impl core::error::Error for NoPrice {}

impl InstanceMeter {
    /// Adds an instance that was there for `time`. O(1).
    pub fn instance(&mut self, purchase: Purchase, time: Duration) {
        let billed = time.max(Duration::from_secs(60));
        let nanos = rounded_up(billed, Duration::from_secs(1));
        let sum = &mut self.nanos[purchase as usize];
        *sum = sum.saturating_add(nanos);
    }

    /// Adds so many instances at a time, span after span; each stays while it
    /// is needed, so only the whole of its time is rounded. As on demand.
    #[cfg(feature = "alloc")]
    pub(super) fn add_spans(&mut self, spans: impl IntoIterator<Item = (u32, Duration)>) {
        // (how many, since when), the longest there first.
        let mut open: alloc::vec::Vec<(u32, u64)> = alloc::vec::Vec::new();
        let mut now = 0_u64;
        let mut there = 0_u32;
        let spans = spans.into_iter().chain([(0, Duration::ZERO)]);
        for (count, time) in spans {
            if count > there {
                open.push((count - there, now));
            }
            let mut gone = there.saturating_sub(count);
            // The youngest go first.
            while let Some((several, since)) = open.last_mut().filter(|_| gone > 0) {
                let ended = gone.min(*several);
                let mut one = Self::default();
                one.instance(Purchase::OnDemand, Duration::from_nanos(now - *since));
                let sum = &mut self.nanos[0];
                *sum = sum.saturating_add(one.nanos[0].saturating_mul(u128::from(ended)));
                *several -= ended;
                gone -= ended;
                if *several == 0 {
                    open.pop();
                }
            }
            there = count;
            now = now.saturating_add(time.as_nanos());
        }
    }

    /// Adds what `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        for (sum, more) in self.nanos.iter_mut().zip(other.nanos) {
            *sum = sum.saturating_add(more);
        }
    }

    /// Billed hours so bought.
    #[expect(clippy::cast_precision_loss, reason = "hours to 53 bits")]
    pub fn hours(&self, purchase: Purchase) -> f64 {
        self.nanos[purchase as usize] as f64 / 3_600e9
    }

    /// What it costs in US dollars, all of it of one type.
    ///
    /// # Errors
    /// [`NoPrice`] where the type has no price for hours that were counted.
    pub fn cost(&self, of: &InstanceType) -> Result<f64, NoPrice> {
        let mut total = 0.0;
        for purchase in Purchase::ALL {
            let hours = self.hours(purchase);
            if hours > 0.0 {
                let name = of.name;
                let price = of.usd_per_hour(purchase).ok_or(NoPrice { name, purchase })?;
                total += hours * price;
            }
        }
        Ok(total)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    extern crate alloc;

    use super::*;
    use alloc::string::ToString;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn hours_count_by_how_they_were_bought() {
        let large = InstanceType::named("m5.large").unwrap().discounted(0.6, 0.4);
        let mut meter = InstanceMeter::default();
        for purchase in [Purchase::OnDemand, Purchase::Reserved, Purchase::Reserved, Purchase::Spot]
        {
            meter.instance(purchase, HOUR);
        }
        assert_eq!(Purchase::ALL.map(|purchase| meter.hours(purchase)), [1.0, 2.0, 1.0]);
        // 0.096 x (1 + 2 x 0.6 + 0.4)
        assert!((meter.cost(&large).unwrap() - 0.249_6).abs() < 1e-12);
        let twice = meter;
        meter.merge(&twice);
        assert_eq!(meter.hours(Purchase::Reserved), 4.0);
    }

    #[test]
    fn a_price_that_is_not_known_is_asked_for() {
        let large = InstanceType::named("c6g.large").unwrap();
        let mut meter = InstanceMeter::default();
        meter.instance(Purchase::OnDemand, HOUR);
        assert_eq!(meter.cost(&large), Ok(0.068));
        meter.instance(Purchase::Spot, HOUR);
        let error = meter.cost(&large).unwrap_err();
        assert_eq!(error.to_string(), "c6g.large has no Spot price: set one");
        assert_eq!(InstanceType::named("m5.tiny"), None);
        let bad = InstanceType { spot: Some(-1.0), ..large };
        assert_eq!(bad.check(), Err(BadPrice { name: "spot", value: -1.0 }));
        assert!(INSTANCE_TYPES.iter().all(|known| known.check().is_ok()));
    }

    #[test]
    fn within_a_family_the_price_goes_with_the_size() {
        for a in INSTANCE_TYPES {
            for b in INSTANCE_TYPES {
                let family = |of: &InstanceType| of.name.split('.').next().unwrap().to_string();
                if family(&a) == family(&b) {
                    let (a_size, b_size) = (f64::from(a.cpu_units), f64::from(b.cpu_units));
                    let off = a.on_demand * b_size - b.on_demand * a_size;
                    assert!(off.abs() < 1e-9, "{} and {}", a.name, b.name);
                }
            }
        }
    }
}
