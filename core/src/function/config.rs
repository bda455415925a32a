//! What a region is asked to be, and why a setting is refused.

use alloc::string::String;
use core::fmt;
use core::num::NonZeroU32;

use super::{ScalingRate, SpecError, UnknownFunction};
use crate::concurrency::{LimitError, RateError};
use crate::id::FunctionId;
use crate::placement::{FitError, FleetError, Strategy};
use crate::pool::PoolConfig;
use crate::resources::Resource;

/// The settings of a [`Region`](super::Region).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionConfig {
    /// The most requests in flight over all functions. AWS: 1,000 by default.
    pub account_limit: u32,
    /// What reservations must leave of it to the functions without one. AWS:
    /// 100, always.
    pub unreserved_minimum: u32,
    /// Requests a second for each unit of concurrency: so many times the
    /// account limit for all functions, and so many times its reservation for
    /// one that has one. AWS: 10. 0: no such limit.
    pub requests_per_concurrency: u32,
    /// How fast requests may start instances.
    pub scaling_rate: ScalingRate,
    /// How many functions can be added.
    pub max_functions: u32,
    /// How many aliases of versions there can be in the region's life, deleted ones
    /// among them: their handles stay stale. Up to 2^24.
    pub max_aliases: u32,
    /// How many nodes can be added; 0: no fleet, instances take no room.
    pub max_nodes: u32,
    /// Which node a new instance goes to.
    pub strategy: Strategy,
    /// What [`Strategy::Random`] draws from.
    pub seed: u64,
    /// For so many [lanes](crate::id::Lane), about the threads that invoke at
    /// the same time, the idle instances of each function are laid out in cache
    /// lines of their own, 1 to 256: 8 bytes an instance more in pools that are
    /// small beside it.
    pub lanes: u32,
    /// Part of every handle that the region gives out. Regions of different
    /// generations refuse each other's handles.
    pub generation: NonZeroU32,
}

impl RegionConfig {
    /// The most functions of a region: 2^24.
    pub const MAX_FUNCTIONS: u32 = 1 << 24;
    /// Requests a second that AWS Lambda admits for each unit of concurrency.
    pub const LAMBDA_REQUESTS_PER_CONCURRENCY: u32 = 10;

    /// AWS Lambda's limits of a new account in full: 1,000 and 100 as by
    /// default, its scaling rate, and 10 requests a second for each unit of
    /// concurrency.
    pub fn lambda() -> Self {
        Self {
            requests_per_concurrency: Self::LAMBDA_REQUESTS_PER_CONCURRENCY,
            scaling_rate: ScalingRate::LAMBDA,
            ..Self::default()
        }
    }
}

impl Default for RegionConfig {
    /// AWS's account limit and unreserved minimum, no rates (see
    /// [`RegionConfig::lambda`]), room for 1,024 functions, no aliases, no fleet,
    /// binpack by memory, seed 0, 16 lanes, generation 1.
    fn default() -> Self {
        Self {
            account_limit: 1_000,
            unreserved_minimum: 100,
            requests_per_concurrency: 0,
            scaling_rate: ScalingRate::Unlimited,
            max_functions: 1_024,
            max_aliases: 0,
            max_nodes: 0,
            strategy: Strategy::Binpack(Resource::Memory),
            seed: 0,
            lanes: 16,
            generation: NonZeroU32::MIN,
        }
    }
}

/// Why a region cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// `max_functions` is 0 or above [`RegionConfig::MAX_FUNCTIONS`].
    MaxFunctions {
        /// The value.
        value: u32,
    },
    /// `max_aliases` is above [`RegionConfig::MAX_FUNCTIONS`].
    MaxAliases {
        /// The value.
        value: u32,
    },
    /// `lanes` is 0 or above [`PoolConfig::MAX_LANES`].
    Lanes {
        /// The value.
        value: u32,
    },
    /// The scaling rate.
    Rate(RateError),
    /// The fleet.
    Fleet(FleetError),
}

impl From<RateError> for ConfigError {
    fn from(error: RateError) -> Self {
        Self::Rate(error)
    }
}

impl From<FleetError> for ConfigError {
    fn from(error: FleetError) -> Self {
        Self::Fleet(error)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MaxFunctions { value } => write!(
                f,
                "max_functions is {value}: it must be 1 to {}",
                RegionConfig::MAX_FUNCTIONS
            ),
            Self::MaxAliases { value } => {
                write!(f, "max_aliases is {value}: it must be 0 to {}", RegionConfig::MAX_FUNCTIONS)
            }
            Self::Lanes { value } => {
                write!(f, "lanes is {value}: it must be 1 to {}", PoolConfig::MAX_LANES)
            }
            Self::Rate(error) => write!(f, "scaling_rate: {error}"),
            Self::Fleet(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ConfigError {}

/// Why a function cannot be added. The region is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FunctionError {
    /// The name is empty.
    NoName,
    /// The region has a function of that name.
    NameTaken {
        /// The name.
        name: String,
    },
    /// The region has as many functions as it was built for.
    Full {
        /// [`RegionConfig::max_functions`].
        max_functions: u32,
    },
    /// An instance is larger than any node of the fleet, so none could ever
    /// start. Nodes are added before functions.
    Fit(FitError),
    /// The specification.
    Spec(SpecError),
    /// The reservation.
    Limit(LimitError),
    /// A rate.
    Rate(RateError),
}

impl From<SpecError> for FunctionError {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl From<FitError> for FunctionError {
    fn from(error: FitError) -> Self {
        Self::Fit(error)
    }
}

impl From<LimitError> for FunctionError {
    fn from(error: LimitError) -> Self {
        Self::Limit(error)
    }
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str("a function's name is empty"),
            Self::NameTaken { name } => write!(f, "the region has a function named {name:?}"),
            Self::Full { max_functions } => {
                write!(f, "one function more than the {max_functions} the region was built for")
            }
            Self::Fit(error) => error.fmt(f),
            Self::Spec(error) => error.fmt(f),
            Self::Limit(error) => error.fmt(f),
            Self::Rate(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for FunctionError {}

/// Why a setting of a function was not changed. The region is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingError {
    /// A foreign handle.
    UnknownFunction(UnknownFunction),
    /// A pool of a [`VersionedFunction`](super::VersionedFunction): what is
    /// reserved is of all its versions together, and set there.
    Versioned {
        /// The handle.
        function: FunctionId,
    },
    /// The reservation.
    Limit(LimitError),
}

impl From<UnknownFunction> for SettingError {
    fn from(error: UnknownFunction) -> Self {
        Self::UnknownFunction(error)
    }
}

impl From<LimitError> for SettingError {
    fn from(error: LimitError) -> Self {
        Self::Limit(error)
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFunction(error) => error.fmt(f),
            Self::Versioned { function } => write!(
                f,
                "{function} is of a function with versions: reserve for all of them together"
            ),
            Self::Limit(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SettingError {}
