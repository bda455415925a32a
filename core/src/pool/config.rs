//! What a pool is asked to be, how many words of storage that takes, and why
//! a configuration is refused.

use core::fmt;

use super::claim_set::{hint_words, leaf_words};

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
    /// for pools of many thousands, where it is one load per 2,048 seats.
    #[default]
    Packed,
    /// The one used most recently; ties to the lowest number. O(instances).
    MostRecent,
    /// The one used least recently; ties to the lowest number. O(instances).
    LeastRecent,
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
}

impl PoolConfig {
    /// The most requests at a time in one instance.
    pub const MAX_INSTANCE_CONCURRENCY: u32 = 1_600;
    /// The most seats in a pool, where an instance takes its concurrency
    /// rounded up to a power of two.
    pub const MAX_SEATS: u32 = 1 << 24;

    /// `max_instances` instances of one request each, packed.
    pub const fn new(max_instances: u32) -> Self {
        Self { max_instances, instance_concurrency: 1, pick: Pick::Packed }
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
    pub(super) const fn validate(&self) -> Result<(), PoolConfigError> {
        if self.max_instances == 0 {
            return Err(PoolConfigError::NoInstances);
        }
        let concurrency = self.instance_concurrency;
        if concurrency == 0 || concurrency > Self::MAX_INSTANCE_CONCURRENCY {
            return Err(PoolConfigError::InstanceConcurrency { value: concurrency });
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

/// Where each array of a pool begins, in words.
///
/// An instance's words stand together, and each set begins on a cache line of
/// its own where the storage does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) idle_leaves: usize,
    pub(super) vacant_hints: usize,
    pub(super) vacant_leaves: usize,
    pub(super) records: usize,
    pub(super) words: usize,
    /// Words of one instance: slot word, last use, then one for each seat.
    pub(super) record: usize,
}

/// Words in a cache line of 64 bytes; loom has none and pays for each word.
const LINE: usize = if cfg!(all(test, loom)) { 1 } else { 8 };

impl Layout {
    pub(super) const fn new(config: &PoolConfig) -> Self {
        let instances = config.max_instances as usize;
        let seats = instances << stride_shift(config.instance_concurrency);
        let record = 2 + config.instance_concurrency as usize;
        let idle_leaves = hint_words(seats).next_multiple_of(LINE);
        let vacant_hints = idle_leaves + leaf_words(seats).next_multiple_of(LINE);
        let vacant_leaves = vacant_hints + hint_words(instances).next_multiple_of(LINE);
        let records = vacant_leaves + leaf_words(instances).next_multiple_of(LINE);
        let words = records + instances * record;
        Self { idle_leaves, vacant_hints, vacant_leaves, records, words, record }
    }
}

/// An instance takes 2 to this power indices of the idle set: its concurrency
/// rounded up to a power of two. So one of up to 32 seats never straddles two
/// leaves and one compare-exchange claims it whole; and the way from an index
/// to its instance is a shift.
pub(super) const fn stride_shift(instance_concurrency: u32) -> u32 {
    instance_concurrency.next_power_of_two().trailing_zeros()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_idle_instance_of_one_request_takes_under_26_bytes() {
        let words = PoolConfig::new(1_000_000).words();
        assert!(words * 8 < 26_000_000, "{words} words");
    }

    #[test]
    fn an_instance_takes_a_power_of_two_of_indices() {
        let stride = |concurrency| 1 << stride_shift(concurrency);
        assert_eq!([1, 2, 3, 32, 33, 1_600].map(stride), [1, 2, 4, 32, 64, 2_048]);
    }

    #[test]
    fn a_refusal_names_the_value_and_its_limit() {
        let text = |config: PoolConfig| std::format!("{}", config.validate().unwrap_err());
        assert_eq!(text(PoolConfig::new(0)), "max_instances is 0: it must be at least 1");
        let wide = PoolConfig { instance_concurrency: 1_601, ..PoolConfig::new(1) };
        assert_eq!(text(wide), "instance_concurrency is 1601: it must be 1 to 1600");
        let beyond = PoolConfig { instance_concurrency: u32::MAX, ..PoolConfig::new(u32::MAX) };
        assert_eq!(text(beyond), "instance_concurrency is 4294967295: it must be 1 to 1600");
        assert_eq!(beyond.words(), 0);
        let huge = PoolConfig { instance_concurrency: 1_600, ..PoolConfig::new(u32::MAX) };
        assert_eq!(huge.words(), 0);
        assert!(text(huge).ends_with("the most is 16777216"));
    }
}
