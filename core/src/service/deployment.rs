//! One deployment of a service: a revision on its way to all tasks.
//!
//! ```text
//!                 all tasks healthy, no older ones
//! InProgress ------------------------------------> Completed
//!   ^   |                                             |
//!   |   +-- the breaker trips --> Failed              |
//!   +--------- a later deployment failed -------------+
//! ```

use super::breaker::Breaker;
use super::observed::DeploymentKey;
use super::spec::Revision;
use crate::time::Instant;

/// `rolloutState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Rollout {
    /// On its way.
    InProgress,
    /// It reached a steady state.
    Completed,
    /// The circuit breaker tripped: it launches nothing more.
    Failed,
}

impl Rollout {
    /// ECS's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// A deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The deployment.
    pub key: DeploymentKey,
    /// What its tasks run.
    pub revision: Revision,
    /// When it was asked for.
    pub created: Instant,
    /// How far it is.
    pub rollout: Rollout,
    /// Its circuit breaker.
    pub breaker: Breaker,
}

impl Deployment {
    pub(super) const fn new(key: DeploymentKey, revision: Revision, created: Instant) -> Self {
        Self { key, revision, created, rollout: Rollout::InProgress, breaker: Breaker::new() }
    }
}
