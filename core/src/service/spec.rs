//! What a service is asked to be, what may be changed later, and why not.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::backoff::Backoff;
use super::bounds::{Percents, PercentsError};
use super::breaker::{BreakerConfig, ThresholdError};
use super::scale_in::StopRule;
use super::target_group::{DelayError, TargetGroup};
use crate::time::Duration;

/// How many tasks a service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Scheduling {
    /// So many, wherever they fit.
    Replica {
        /// The desired count.
        desired: u32,
    },
    /// One on each active instance that meets the constraints.
    Daemon,
}

/// A task definition with what else makes a deployment, as the host numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Revision {
    /// The host's number.
    pub number: u64,
    /// Whether an essential container has a health check.
    pub container_check: bool,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ServiceSpec {
    /// Up to 255 letters, digits, `_` and `-`.
    pub name: String,
    /// What its tasks run.
    pub revision: Revision,
    /// How many.
    pub scheduling: Scheduling,
    /// Floor and ceiling of deployments.
    pub percents: Percents,
    /// When a deployment has failed.
    pub breaker: BreakerConfig,
    /// How long after a task's start failing checks are ignored.
    pub grace: Duration,
    /// The deregistration delay of its target group, if it has one.
    pub target_group: Option<Duration>,
    /// Which task goes first: one rule for each placement strategy.
    pub stop_rules: Vec<StopRule>,
    /// Whether tasks move to balance zones. ECS: on for new services.
    pub rebalance: bool,
    /// Whether it is behind a Classic Load Balancer, which forbids that.
    pub classic_load_balancer: bool,
    /// Whether a placement constraint names the zone, which forbids that too.
    pub zone_constraint: bool,
    /// The longest wait between tries to start tasks that never run.
    pub max_backoff: Duration,
    /// What random choices draw from.
    pub seed: u64,
}

impl ServiceSpec {
    /// The longest name.
    pub const MAX_NAME: usize = 255;
    /// The most tasks. ECS's own quota is 5,000 a service and can be raised.
    pub const MAX_DESIRED: u32 = 100_000;
    /// The most placement strategies.
    pub const MAX_RULES: usize = 5;

    /// A REPLICA service with ECS's defaults: 100 and 200 percent, no breaker,
    /// no load balancer, no strategies, zones rebalanced.
    pub fn replica(name: &str, revision: Revision, desired: u32) -> Self {
        Self {
            name: name.into(),
            revision,
            scheduling: Scheduling::Replica { desired },
            percents: Percents::REPLICA,
            breaker: BreakerConfig::OFF,
            grace: Duration::ZERO,
            target_group: None,
            stop_rules: Vec::new(),
            rebalance: true,
            classic_load_balancer: false,
            zone_constraint: false,
            max_backoff: Backoff::MAX,
            seed: 0,
        }
    }

    /// A DAEMON service with ECS's defaults: 0 and 100 percent.
    pub fn daemon(name: &str, revision: Revision) -> Self {
        Self {
            scheduling: Scheduling::Daemon,
            percents: Percents::DAEMON,
            rebalance: false,
            ..Self::replica(name, revision, 0)
        }
    }

    /// # Errors
    ///
    /// [`SpecError`], which names what is out of its range.
    pub fn check(&self) -> Result<(), SpecError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if self.name.is_empty()
            || self.name.len() > Self::MAX_NAME
            || !self.name.chars().all(allowed)
        {
            return Err(SpecError::Name { name: self.name.clone() });
        }
        self.percents.check()?;
        match self.scheduling {
            Scheduling::Replica { desired } if desired > Self::MAX_DESIRED => {
                return Err(SpecError::Desired { value: desired });
            }
            Scheduling::Daemon if self.percents.max_percent != 100 => {
                return Err(PercentsError::DaemonMax { value: self.percents.max_percent }.into());
            }
            _ => {}
        }
        self.breaker.threshold.check()?;
        if let Some(delay) = self.target_group {
            TargetGroup::new(delay)?;
        }
        if self.stop_rules.len() > Self::MAX_RULES {
            return Err(SpecError::Strategies { count: self.stop_rules.len() });
        }
        Ok(())
    }
}

/// What [`Service::update`](super::Service::update) changes; `None` leaves it.
///
/// A revision that differs, or `force_new_deployment`, begins a deployment; the
/// rest does not (Amazon ECS API Reference, `UpdateService`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceUpdate {
    /// The desired count of a REPLICA service.
    pub desired: Option<u32>,
    /// What its tasks run.
    pub revision: Option<Revision>,
    /// A new deployment even of the same revision.
    pub force_new_deployment: bool,
    /// Floor and ceiling of deployments.
    pub percents: Option<Percents>,
    /// When a deployment has failed.
    pub breaker: Option<BreakerConfig>,
    /// How long after a task's start failing checks are ignored.
    pub grace: Option<Duration>,
    /// Which task goes first.
    pub stop_rules: Option<Vec<StopRule>>,
    /// Whether tasks move to balance zones.
    pub rebalance: Option<bool>,
}

/// Why a service cannot be as asked. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecError {
    /// The name is empty, too long, or has other characters.
    Name {
        /// The name.
        name: String,
    },
    /// More tasks than [`ServiceSpec::MAX_DESIRED`].
    Desired {
        /// The value.
        value: u32,
    },
    /// A desired count for a DAEMON service.
    DaemonDesired {
        /// The value.
        value: u32,
    },
    /// More than [`ServiceSpec::MAX_RULES`] strategies.
    Strategies {
        /// How many.
        count: usize,
    },
    /// The percentages.
    Percents(PercentsError),
    /// The circuit breaker's threshold.
    Threshold(ThresholdError),
    /// The deregistration delay.
    Delay(DelayError),
    /// The service was deleted.
    NotActive,
}

impl From<PercentsError> for SpecError {
    fn from(error: PercentsError) -> Self {
        Self::Percents(error)
    }
}

impl From<ThresholdError> for SpecError {
    fn from(error: ThresholdError) -> Self {
        Self::Threshold(error)
    }
}

impl From<DelayError> for SpecError {
    fn from(error: DelayError) -> Self {
        Self::Delay(error)
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(
                f,
                "serviceName is {name:?}: it must be 1 to {} letters, digits, `_` or `-`",
                ServiceSpec::MAX_NAME
            ),
            Self::Desired { value } => {
                write!(f, "desiredCount is {value}: at most {}", ServiceSpec::MAX_DESIRED)
            }
            Self::DaemonDesired { value } => {
                write!(f, "desiredCount is {value}: a DAEMON service has one task on each instance")
            }
            Self::Strategies { count } => {
                write!(f, "{count} placement strategies: at most {}", ServiceSpec::MAX_RULES)
            }
            Self::Percents(error) => error.fmt(f),
            Self::Threshold(error) => error.fmt(f),
            Self::Delay(error) => error.fmt(f),
            Self::NotActive => f.write_str("the service is not active: it was deleted"),
        }
    }
}

impl core::error::Error for SpecError {}
