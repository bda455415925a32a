//! Price tables: dated, sourced, replaceable.

use core::fmt;
use core::str::FromStr;

use crate::time::Duration;

/// The processor that functions run on; its price differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Architecture {
    /// x86-64.
    #[default]
    X86,
    /// 64-bit Arm.
    Arm,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86 => "x86",
            Self::Arm => "arm",
        })
    }
}

/// The text names no [`Architecture`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownArchitecture;

impl fmt::Display for UnknownArchitecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the architecture is neither x86 nor arm")
    }
}

impl core::error::Error for UnknownArchitecture {}

impl FromStr for Architecture {
    type Err = UnknownArchitecture;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "x86" => Ok(Self::X86),
            "arm" => Ok(Self::Arm),
            _ => Err(UnknownArchitecture),
        }
    }
}

/// What a provider charges for functions, in US dollars.
///
/// ```
/// use warmstow_core::cost::PriceTable;
///
/// let half = PriceTable { usd_per_million_requests: 0.10, ..PriceTable::AWS_US_EAST_1 };
/// assert_eq!(half.check(), Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PriceTable {
    /// Where the prices hold.
    pub region: &'static str,
    /// The day from which they hold, year-month-day.
    pub as_of: &'static str,
    /// Where they come from.
    pub source: &'static str,
    /// For a million requests that were served. Throttled ones are free.
    pub usd_per_million_requests: f64,
    /// For a GB-second (1,024 MiB for a second) on x86.
    pub usd_per_gb_second_x86: f64,
    /// For a GB-second on Arm.
    pub usd_per_gb_second_arm: f64,
    /// For a GB-second of provisioned concurrency on x86, used or not.
    pub usd_per_provisioned_gb_second_x86: f64,
    /// For a GB-second of provisioned concurrency on Arm.
    pub usd_per_provisioned_gb_second_arm: f64,
    /// For a GB-second of requests on provisioned concurrency on x86, in place
    /// of the rate on demand.
    pub usd_per_provisioned_run_gb_second_x86: f64,
    /// For a GB-second of requests on provisioned concurrency on Arm.
    pub usd_per_provisioned_run_gb_second_arm: f64,
    /// The time from enabling provisioned concurrency to disabling it is
    /// rounded up to a multiple of this.
    pub provisioned_granularity: Duration,
    /// A request's time is rounded up to a multiple of this.
    pub granularity: Duration,
    /// Whether the initialisation before a cold request is billed with it.
    pub bills_init: bool,
}

impl PriceTable {
    /// AWS Lambda in us-east-1, first tier, without the free tier, since
    /// initialisation is billed for every function.
    pub const AWS_US_EAST_1: Self = Self {
        region: "us-east-1",
        as_of: "2025-08-01",
        source: "https://aws.amazon.com/lambda/pricing/",
        usd_per_million_requests: 0.20,
        usd_per_gb_second_x86: 0.000_016_666_7,
        usd_per_gb_second_arm: 0.000_013_333_4,
        usd_per_provisioned_gb_second_x86: 0.000_004_166_7,
        usd_per_provisioned_gb_second_arm: 0.000_003_333_4,
        usd_per_provisioned_run_gb_second_x86: 0.000_009_722_2,
        usd_per_provisioned_run_gb_second_arm: 0.000_007_777_8,
        provisioned_granularity: Duration::from_secs(300),
        granularity: Duration::from_millis(1),
        bills_init: true,
    };

    /// The same before 2025-08-01, when the initialisation of functions in
    /// zip form on managed runtimes was free; since Arm was offered.
    pub const AWS_US_EAST_1_FREE_INIT: Self =
        Self { as_of: "2021-09-29", bills_init: false, ..Self::AWS_US_EAST_1 };

    /// The price of a GB-second on `architecture`.
    pub const fn usd_per_gb_second(&self, architecture: Architecture) -> f64 {
        match architecture {
            Architecture::X86 => self.usd_per_gb_second_x86,
            Architecture::Arm => self.usd_per_gb_second_arm,
        }
    }

    /// The price of a GB-second of provisioned concurrency on `architecture`.
    pub const fn usd_per_provisioned_gb_second(&self, architecture: Architecture) -> f64 {
        match architecture {
            Architecture::X86 => self.usd_per_provisioned_gb_second_x86,
            Architecture::Arm => self.usd_per_provisioned_gb_second_arm,
        }
    }

    /// The price of a GB-second of requests on it on `architecture`.
    pub const fn usd_per_provisioned_run_gb_second(&self, architecture: Architecture) -> f64 {
        match architecture {
            Architecture::X86 => self.usd_per_provisioned_run_gb_second_x86,
            Architecture::Arm => self.usd_per_provisioned_run_gb_second_arm,
        }
    }

    /// Checks a table of your own.
    ///
    /// # Errors
    /// [`PriceError`] names the number that is negative or none, or the
    /// granularity if it is zero.
    pub const fn check(&self) -> Result<(), PriceError> {
        let rates = [
            (Rate::Requests, self.usd_per_million_requests),
            (Rate::GbSecondX86, self.usd_per_gb_second_x86),
            (Rate::GbSecondArm, self.usd_per_gb_second_arm),
            (Rate::ProvisionedGbSecondX86, self.usd_per_provisioned_gb_second_x86),
            (Rate::ProvisionedGbSecondArm, self.usd_per_provisioned_gb_second_arm),
            (Rate::ProvisionedRunGbSecondX86, self.usd_per_provisioned_run_gb_second_x86),
            (Rate::ProvisionedRunGbSecondArm, self.usd_per_provisioned_run_gb_second_arm),
        ];
        let mut at = 0;
        while at < rates.len() {
            let (rate, value) = rates[at];
            // Written so that not-a-number fails.
            if !(value >= 0.0 && value < f64::INFINITY) {
                return Err(PriceError::Rate { rate, value });
            }
            at += 1;
        }
        if self.granularity.as_nanos() == 0 || self.provisioned_granularity.as_nanos() == 0 {
            return Err(PriceError::ZeroGranularity);
        }
        Ok(())
    }
}

impl Default for PriceTable {
    /// [`PriceTable::AWS_US_EAST_1`].
    fn default() -> Self {
        Self::AWS_US_EAST_1
    }
}

/// A price of a [`PriceTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rate {
    /// For a million requests.
    Requests,
    /// For a GB-second on x86.
    GbSecondX86,
    /// For a GB-second on Arm.
    GbSecondArm,
    /// For a GB-second of provisioned concurrency on x86.
    ProvisionedGbSecondX86,
    /// For a GB-second of provisioned concurrency on Arm.
    ProvisionedGbSecondArm,
    /// For a GB-second of requests on provisioned concurrency on x86.
    ProvisionedRunGbSecondX86,
    /// For a GB-second of requests on provisioned concurrency on Arm.
    ProvisionedRunGbSecondArm,
}

/// A [`PriceTable`] cannot be used.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PriceError {
    /// A price is negative or no finite number.
    Rate {
        /// Which one.
        rate: Rate,
        /// What was given, in US dollars.
        value: f64,
    },
    /// Time cannot be rounded up to a multiple of nothing.
    ZeroGranularity,
}

impl fmt::Display for PriceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate { rate, value } => {
                let name = match rate {
                    Rate::Requests => "usd_per_million_requests",
                    Rate::GbSecondX86 => "usd_per_gb_second_x86",
                    Rate::GbSecondArm => "usd_per_gb_second_arm",
                    Rate::ProvisionedGbSecondX86 => "usd_per_provisioned_gb_second_x86",
                    Rate::ProvisionedGbSecondArm => "usd_per_provisioned_gb_second_arm",
                    Rate::ProvisionedRunGbSecondX86 => "usd_per_provisioned_run_gb_second_x86",
                    Rate::ProvisionedRunGbSecondArm => "usd_per_provisioned_run_gb_second_arm",
                };
                write!(f, "{name} {value}: must be a finite number, at least 0")
            }
            Self::ZeroGranularity => f.write_str("granularity 0 s: must be over 0"),
        }
    }
}

impl core::error::Error for PriceError {}

#[cfg(all(test, not(loom)))]
mod tests {
    // Without the feature `alloc` the crate does not name it.
    extern crate alloc;

    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_bad_price_is_named() {
        let negative = PriceTable { usd_per_gb_second_arm: -1.0, ..PriceTable::AWS_US_EAST_1 };
        assert_eq!(
            negative.check().unwrap_err().to_string(),
            "usd_per_gb_second_arm -1: must be a finite number, at least 0"
        );
        let none = PriceTable { usd_per_million_requests: f64::NAN, ..PriceTable::default() };
        assert!(none.check().is_err());
        let zero = PriceTable { granularity: Duration::ZERO, ..PriceTable::default() };
        assert_eq!(zero.check(), Err(PriceError::ZeroGranularity));
        let zero = PriceTable { provisioned_granularity: Duration::ZERO, ..PriceTable::default() };
        assert_eq!(zero.check(), Err(PriceError::ZeroGranularity));
        let run = PriceTable {
            usd_per_provisioned_run_gb_second_x86: f64::INFINITY,
            ..PriceTable::default()
        };
        assert_eq!(
            run.check().unwrap_err().to_string(),
            "usd_per_provisioned_run_gb_second_x86 inf: must be a finite number, at least 0"
        );
    }

    #[test]
    fn architectures_read_as_they_print() {
        for architecture in [Architecture::X86, Architecture::Arm] {
            assert_eq!(architecture.to_string().parse(), Ok(architecture));
        }
        assert_eq!("mips".parse::<Architecture>(), Err(UnknownArchitecture));
    }
}
