//! Which policy, as plain data and as text.

use alloc::boxed::Box;
use core::fmt;
use core::str::FromStr;

use super::{Adaptive, Fixed, GreedyDual, Histogram, KeepAlive, Lru};
use crate::time::Duration;

/// A keep-alive policy and its settings.
///
/// As text `fixed:600s`, `histogram`, `greedy-dual`, `lru`, `lru:600s`,
/// `adaptive` or `adaptive:100`; times in `ms`, `s`, `m` or `h`.
///
/// ```
/// use warmstow_core::function::keep_alive::KeepAlivePolicy;
/// use warmstow_core::time::Duration;
///
/// let policy: KeepAlivePolicy = "fixed:10m".parse()?;
/// assert_eq!(policy, KeepAlivePolicy::Fixed { keep_alive: Duration::from_secs(600) });
/// assert_eq!(policy.to_string(), "fixed:600s");
/// # Ok::<(), warmstow_core::function::keep_alive::ParsePolicyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum KeepAlivePolicy {
    /// See [`Fixed`].
    Fixed {
        /// How long an instance stays idle.
        keep_alive: Duration,
    },
    /// See [`Histogram`].
    Histogram,
    /// See [`GreedyDual`].
    GreedyDual,
    /// See [`Lru`].
    Lru {
        /// How long an instance stays idle at most.
        keep_alive: Duration,
    },
    /// See [`Adaptive`].
    Adaptive {
        /// What a cold start avoided is worth, in GB-seconds of idle memory;
        /// above 0, at most [`KeepAlivePolicy::MAX_GB_SECONDS`].
        gb_seconds: f64,
    },
}

impl KeepAlivePolicy {
    /// What AWS Lambda was measured to do in 2019.
    pub const DEFAULT_FIXED: Self = Self::Fixed { keep_alive: Duration::from_secs(600) };
    /// What a cold start is worth to [`Adaptive`] where nothing is said.
    pub const DEFAULT_GB_SECONDS: f64 = 100.0;
    /// The most that a cold start may be worth.
    pub const MAX_GB_SECONDS: f64 = 1e9;

    /// The policy as an object without functions. A value of
    /// [`Self::Adaptive`] that is out of range is brought into it.
    pub(in crate::function) fn build(self) -> Box<dyn KeepAlive> {
        match self {
            Self::Fixed { keep_alive } => Box::new(Fixed::new(keep_alive)),
            Self::Histogram => Box::new(Histogram::new()),
            Self::GreedyDual => Box::new(GreedyDual::new()),
            Self::Lru { keep_alive } => Box::new(Lru::new(keep_alive)),
            Self::Adaptive { gb_seconds } => Box::new(Adaptive::new(gb_seconds)),
        }
    }
}

impl fmt::Display for KeepAlivePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed { keep_alive } => write!(f, "fixed:{}s", keep_alive.as_secs_f64()),
            Self::Histogram => f.write_str("histogram"),
            Self::GreedyDual => f.write_str("greedy-dual"),
            Self::Lru { keep_alive: Duration::MAX } => f.write_str("lru"),
            Self::Lru { keep_alive } => write!(f, "lru:{}s", keep_alive.as_secs_f64()),
            Self::Adaptive { gb_seconds } => write!(f, "adaptive:{gb_seconds}"),
        }
    }
}

impl FromStr for KeepAlivePolicy {
    type Err = ParsePolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = match text.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        match (name, value) {
            ("fixed", None) => Ok(Self::DEFAULT_FIXED),
            ("fixed", Some(value)) => Ok(Self::Fixed { keep_alive: time(value)? }),
            ("histogram", None) => Ok(Self::Histogram),
            ("greedy-dual", None) => Ok(Self::GreedyDual),
            ("lru", None) => Ok(Self::Lru { keep_alive: Duration::MAX }),
            ("lru", Some(value)) => Ok(Self::Lru { keep_alive: time(value)? }),
            ("adaptive", None) => Ok(Self::Adaptive { gb_seconds: Self::DEFAULT_GB_SECONDS }),
            ("adaptive", Some(value)) => Ok(Self::Adaptive { gb_seconds: gb_seconds(value)? }),
            ("histogram" | "greedy-dual", Some(_)) => Err(ParsePolicyError::NoValue),
            _ => Err(ParsePolicyError::Name),
        }
    }
}

/// Longest time: as long as any of a replay, some 31 years.
const MAX_SECONDS: f64 = 1e9;

fn time(text: &str) -> Result<Duration, ParsePolicyError> {
    let units = [("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let mut found = units.iter().filter_map(|(unit, s)| Some((text.strip_suffix(unit)?, s)));
    let (number, scale) = found.next().ok_or(ParsePolicyError::Time)?;
    let seconds = number.parse::<f64>().map_err(|_| ParsePolicyError::Time)? * scale;
    // Not-a-number is in no range.
    if !(0.0..=MAX_SECONDS).contains(&seconds) {
        return Err(ParsePolicyError::Time);
    }
    Ok(Duration::from_secs_f64(seconds))
}

fn gb_seconds(text: &str) -> Result<f64, ParsePolicyError> {
    let value = text.parse::<f64>().map_err(|_| ParsePolicyError::GbSeconds)?;
    let fits = value > 0.0 && value <= KeepAlivePolicy::MAX_GB_SECONDS;
    if fits { Ok(value) } else { Err(ParsePolicyError::GbSeconds) }
}

/// Why a text is no keep-alive policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParsePolicyError {
    /// No policy has that name.
    Name,
    /// This policy takes no value.
    NoValue,
    /// The time is none, or out of range.
    Time,
    /// The worth of a cold start is no number, or out of range.
    GbSeconds,
}

impl fmt::Display for ParsePolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str(
                "needs fixed:TIME, histogram, greedy-dual, lru, lru:TIME, adaptive or \
                 adaptive:GB_SECONDS",
            ),
            Self::NoValue => f.write_str("this policy takes no value"),
            Self::Time => write!(
                f,
                "needs a time such as 600s, in ms, s, m or h, of at most {MAX_SECONDS} seconds"
            ),
            Self::GbSeconds => write!(
                f,
                "needs the GB-seconds that a cold start is worth, above 0 and at most {}",
                KeepAlivePolicy::MAX_GB_SECONDS
            ),
        }
    }
}

impl core::error::Error for ParsePolicyError {}
