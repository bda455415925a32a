//! What a function is: its size, its limits and how long its instances stay.

use core::fmt;

use crate::pool::{Pick, PoolConfig, PoolConfigError};
use crate::resources::{Resource, Resources};
use crate::time::Duration;

/// The settings of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FunctionSpec {
    /// What one instance takes of a node. Both at least 1, at most
    /// [`Resources::MAX`].
    pub resources: Resources,
    /// The most instances at a time; one more is refused as an instance limit.
    pub max_instances: u32,
    /// The most requests at a time in one instance, 1 to 1,600; AWS Lambda's
    /// standard functions have 1.
    pub instance_concurrency: u32,
    /// Reserved concurrency: what the function can always reach and never
    /// exceed; 0 stops it. `None`: it shares the account's unreserved pool.
    pub reserved_concurrency: Option<u32>,
    /// How long an instance stays idle before it is reaped. AWS does not
    /// document its own; 600 s were measured in 2019
    /// (mikhail.io, "When does a cold start happen on AWS Lambda?").
    pub keep_alive: Duration,
    /// Which idle instance a warm start takes.
    pub pick: Pick,
}

impl FunctionSpec {
    /// AWS Lambda's default limit of an account in a region, taken as the most
    /// instances of one function.
    pub const DEFAULT_MAX_INSTANCES: u32 = 1_000;
    /// The keep-alive where none is given.
    pub const DEFAULT_KEEP_ALIVE: Duration = Duration::from_secs(600);

    /// A function of `memory_mib` with AWS Lambda's share of CPU, no
    /// reservation, one request an instance, and 600 s of keep-alive.
    pub const fn of_memory(memory_mib: u32) -> Self {
        Self {
            resources: Resources::of_lambda_memory(memory_mib),
            max_instances: Self::DEFAULT_MAX_INSTANCES,
            instance_concurrency: 1,
            reserved_concurrency: None,
            keep_alive: Self::DEFAULT_KEEP_ALIVE,
            pick: Pick::Packed,
        }
    }

    /// The shape of the function's pool, for one lane.
    pub const fn pool(&self) -> PoolConfig {
        PoolConfig {
            max_instances: self.max_instances,
            instance_concurrency: self.instance_concurrency,
            pick: self.pick,
            lanes: 1,
        }
    }

    /// Checks the resources; the pool checks the rest.
    pub(super) fn validate(&self) -> Result<(), SpecError> {
        // Memory first: CPU is often derived from it.
        for resource in [Resource::Memory, Resource::Cpu] {
            let value = self.resources.get(resource);
            if value == 0 || value > Resources::MAX {
                return Err(SpecError::Resources { resource, value });
            }
        }
        Ok(())
    }
}

/// Why a [`FunctionSpec`] is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecError {
    /// An instance needs none of a resource, or more than can be counted.
    Resources {
        /// The resource.
        resource: Resource,
        /// What the specification says.
        value: u32,
    },
    /// The shape of its pool.
    Pool(PoolConfigError),
}

impl From<PoolConfigError> for SpecError {
    fn from(error: PoolConfigError) -> Self {
        Self::Pool(error)
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Resources { resource, value } => {
                write!(f, "{resource} is {value}: an instance needs 1 to {}", Resources::MAX)
            }
            Self::Pool(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SpecError {}
