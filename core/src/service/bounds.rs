//! How many tasks a service may have at once, and how few healthy ones.
//!
//! Amazon ECS API Reference, `DeploymentConfiguration`: the maximum percent
//! bounds the tasks in `RUNNING` or `PENDING` from above, rounded down; the
//! minimum healthy percent bounds the healthy ones from below, rounded up.

use core::fmt;

/// The two percentages of a deployment, of the desired count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Percents {
    /// How many healthy tasks must stay, in percent of the desired count.
    pub min_healthy_percent: u32,
    /// How many tasks there may be at once, in percent of the desired count.
    pub max_percent: u32,
}

impl Percents {
    /// What a REPLICA service has unless told otherwise: 100 and 200.
    pub const REPLICA: Self = Self { min_healthy_percent: 100, max_percent: 200 };
    /// What a DAEMON service has unless told otherwise: 0 and 100.
    pub const DAEMON: Self = Self { min_healthy_percent: 0, max_percent: 100 };
    /// The most of either: the console's limit, which the API leaves open.
    pub const MAX: u32 = 1_000_000;

    /// Checks the two numbers beside each other.
    ///
    /// # Errors
    ///
    /// [`PercentsError`] where the least is above 100, where the most is above
    /// [`Percents::MAX`] or below 100 for no gain: a service whose ceiling is
    /// below its desired count could never have that many tasks.
    pub const fn check(self) -> Result<Self, PercentsError> {
        if self.min_healthy_percent > 100 {
            return Err(PercentsError::MinHealthy { value: self.min_healthy_percent });
        }
        if self.max_percent < 100 || self.max_percent > Self::MAX {
            return Err(PercentsError::Max { value: self.max_percent });
        }
        Ok(self)
    }

    /// The bounds for `desired` tasks.
    pub const fn bounds(self, desired: u32) -> Bounds {
        let floor = (desired as u64 * self.min_healthy_percent as u64).div_ceil(100);
        let ceiling = desired as u64 * self.max_percent as u64 / 100;
        Bounds { desired, floor: narrow(floor), ceiling: narrow(ceiling) }
    }
}

/// Saturates: a ceiling above 2^32 tasks bounds nothing.
#[expect(clippy::cast_possible_truncation, reason = "compared with the limit just before")]
const fn narrow(value: u64) -> u32 {
    if value > u32::MAX as u64 { u32::MAX } else { value as u32 }
}

/// What [`Percents::bounds`] makes of a desired count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many tasks the service is to have.
    pub desired: u32,
    /// The fewest healthy tasks that our own stops may leave:
    /// ceil(desired * minimum healthy percent / 100).
    pub floor: u32,
    /// The most tasks in `RUNNING` or before it that our own starts may reach:
    /// floor(desired * maximum percent / 100).
    pub ceiling: u32,
}

/// Why two percentages cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PercentsError {
    /// The minimum healthy percent is above 100.
    MinHealthy {
        /// The value.
        value: u32,
    },
    /// The maximum percent is below 100, or above [`Percents::MAX`].
    Max {
        /// The value.
        value: u32,
    },
    /// A DAEMON service has one task an instance, so its maximum percent is 100.
    DaemonMax {
        /// The value.
        value: u32,
    },
}

impl fmt::Display for PercentsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MinHealthy { value } => {
                write!(f, "minimumHealthyPercent is {value}: it must be 0 to 100")
            }
            Self::Max { value } => {
                write!(f, "maximumPercent is {value}: it must be 100 to {}", Percents::MAX)
            }
            Self::DaemonMax { value } => {
                write!(f, "maximumPercent is {value}: a DAEMON service's is 100")
            }
        }
    }
}

impl core::error::Error for PercentsError {}
