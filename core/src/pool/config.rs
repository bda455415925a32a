//! What a pool is asked to be, how many words of storage that takes, and why
//! a configuration is refused.

use core::fmt;

use super::shape::{Layout, stride_shift};

/// Which idle instance a warm start takes.
///
/// An instance of which no request has ended yet, with seats to spare, counts
/// as used least recently of all.
///
/// The order decides how many instances stay warm. At 0.9 requests a second of
/// 2 s with a keep-alive of 600 s, `Packed` and `MostRecent` hold 7.7
/// instances. `LeastRecent` touches each in turn, so that nearly none expires:
/// it holds 11 to 14, the record of what was ever needed at once
/// (`core/tests/sim_theory.rs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Pick {
    /// The lowest-numbered one: the load packs onto few instances. O(1) but
    /// for pools of many thousands, where it is one load per 1,024 seats.
    #[default]
    Packed,
    /// The one used most recently; ties to the lowest number. O(instances).
    MostRecent,
    /// The one used least recently; ties to the lowest number. O(instances).
    LeastRecent,
}

impl Pick {
    /// Its name in settings: `packed`, `mru` or `lru`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packed => "packed",
            Self::MostRecent => "mru",
            Self::LeastRecent => "lru",
        }
    }
}

/// The shape of a [`Pool`](super::Pool).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PoolConfig {
    /// The most instances at a time, 1 or more.
    pub max_instances: u32,
    /// The most requests at a time in one instance, 1 to 1,600
    /// (the range of AWS Lambda's `PerExecutionEnvironmentMaxConcurrency`).
    pub instance_concurrency: u32,
    /// Which idle instance a warm start takes.
    pub pick: Pick,
    /// For so many [lanes](crate::id::Lane) the idle instances are laid out in
    /// cache lines of their own, 1 to 256; rounded up to a power of two.
    pub lanes: u32,
}

impl PoolConfig {
    /// The most requests at a time in one instance.
    pub const MAX_INSTANCE_CONCURRENCY: u32 = 1_600;
    /// The most seats in a pool, where an instance takes its concurrency
    /// rounded up to a power of two.
    pub const MAX_SEATS: u32 = 1 << 24;
    /// The most lanes of a pool.
    pub const MAX_LANES: u32 = 256;

    /// `max_instances` instances of one request each, packed, for one lane.
    pub const fn new(max_instances: u32) -> Self {
        Self { max_instances, instance_concurrency: 1, pick: Pick::Packed, lanes: 1 }
    }

    /// How many words of storage such a pool takes: about 3 an instance and 1
    /// more for each further request in it.
    ///
    /// It is a constant function, so it can size a fixed-capacity pool:
    /// `FixedPool<{ PoolConfig::new(64).words() }>`. For a configuration that
    /// [`Pool::new_in`](super::Pool::new_in) refuses it is 0.
    pub const fn words(&self) -> usize {
        match self.validate() {
            Ok(()) => Layout::new(self).words,
            Err(_) => 0,
        }
    }

    /// Checks the ranges.
    pub(crate) const fn validate(&self) -> Result<(), PoolConfigError> {
        if self.max_instances == 0 {
            return Err(PoolConfigError::NoInstances);
        }
        let concurrency = self.instance_concurrency;
        if concurrency == 0 || concurrency > Self::MAX_INSTANCE_CONCURRENCY {
            return Err(PoolConfigError::InstanceConcurrency { value: concurrency });
        }
        if self.lanes == 0 || self.lanes > Self::MAX_LANES {
            return Err(PoolConfigError::Lanes { value: self.lanes });
        }
        let seats = (self.max_instances as u64) << stride_shift(concurrency);
        if seats > Self::MAX_SEATS as u64 {
            return Err(PoolConfigError::TooManySeats { seats });
        }
        Ok(())
    }
}

/// Why a pool cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolConfigError {
    /// `max_instances` is 0.
    NoInstances,
    /// `instance_concurrency` is outside 1 to 1,600.
    InstanceConcurrency {
        /// The value.
        value: u32,
    },
    /// `lanes` is outside 1 to [`PoolConfig::MAX_LANES`].
    Lanes {
        /// The value.
        value: u32,
    },
    /// `max_instances` times the rounded concurrency is above
    /// [`PoolConfig::MAX_SEATS`].
    TooManySeats {
        /// The product.
        seats: u64,
    },
    /// The storage has too few words.
    Storage {
        /// What it has.
        words: usize,
        /// What [`PoolConfig::words`] says.
        needed: usize,
    },
}

impl fmt::Display for PoolConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoInstances => f.write_str("max_instances is 0: it must be at least 1"),
            Self::InstanceConcurrency { value } => write!(
                f,
                "instance_concurrency is {value}: it must be 1 to {}",
                PoolConfig::MAX_INSTANCE_CONCURRENCY
            ),
            Self::Lanes { value } => {
                write!(f, "lanes is {value}: it must be 1 to {}", PoolConfig::MAX_LANES)
            }
            Self::TooManySeats { seats } => write!(
                f,
                "max_instances times instance_concurrency is {seats} seats: the most is {}",
                PoolConfig::MAX_SEATS
            ),
            Self::Storage { words, needed } => {
                write!(f, "the storage has {words} words: the pool needs {needed}")
            }
        }
    }
}

impl core::error::Error for PoolConfigError {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_value_and_its_limit() {
        let text = |config: PoolConfig| std::format!("{}", config.validate().unwrap_err());
        assert_eq!(text(PoolConfig::new(0)), "max_instances is 0: it must be at least 1");
        let wide = PoolConfig { instance_concurrency: 1_601, ..PoolConfig::new(1) };
        assert_eq!(text(wide), "instance_concurrency is 1601: it must be 1 to 1600");
        let laneless = PoolConfig { lanes: 0, ..PoolConfig::new(1) };
        assert_eq!(text(laneless), "lanes is 0: it must be 1 to 256");
        let beyond = PoolConfig { instance_concurrency: u32::MAX, ..PoolConfig::new(u32::MAX) };
        assert_eq!(text(beyond), "instance_concurrency is 4294967295: it must be 1 to 1600");
        assert_eq!(beyond.words(), 0);
        let huge = PoolConfig { instance_concurrency: 1_600, ..PoolConfig::new(u32::MAX) };
        assert_eq!(huge.words(), 0);
        assert!(text(huge).ends_with("the most is 16777216"));
    }
}
