//! When a task of a service is healthy, and when it is to be replaced.
//!
//! Amazon ECS API Reference, `DeploymentConfiguration` and
//! `healthCheckGracePeriodSeconds`: a task without any health check counts as
//! healthy 40 s after it reached `RUNNING`; one with container or load-balancer
//! checks once all of them pass. During the grace period after its start a
//! failing check is ignored.

use super::observed::{Health, ObservedTask, TaskStatus};
use crate::time::{Duration, Instant};

/// Which checks the tasks of a service have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HealthRule {
    /// An essential container has a health check.
    pub container_check: bool,
    /// How long after the start failing checks are ignored; 0 by default.
    pub grace: Duration,
}

impl HealthRule {
    /// How long a task without checks runs before it counts as healthy: 40 s.
    pub const SETTLE: Duration = Duration::from_secs(40);
    /// No checks.
    pub const NONE: Self = Self { container_check: false, grace: Duration::ZERO };
}

/// Where a task stands between its start and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not yet `RUNNING`.
    Pending,
    /// `RUNNING`, not yet judged; time alone changes that at `until`, if ever.
    Warming {
        /// When to judge again.
        until: Option<Instant>,
    },
    /// Counts to the floor.
    Healthy,
    /// To be replaced.
    Unhealthy,
    /// No longer `RUNNING`: counts to nothing.
    Leaving,
}

/// Where `task` stands. `target` is what the load balancer says of it, `None`
/// without one. O(1).
pub const fn stage(
    now: Instant,
    rule: HealthRule,
    task: &ObservedTask,
    target: Option<Health>,
) -> Stage {
    if task.status.is_pending() {
        return Stage::Pending;
    }
    if !matches!(task.status, TaskStatus::Running) {
        return Stage::Leaving;
    }
    let since = match task.running_since {
        Some(since) => since,
        None => task.created,
    };
    if !rule.container_check && target.is_none() {
        let until = since.after(HealthRule::SETTLE);
        return if now.as_nanos() < until.as_nanos() {
            Stage::Warming { until: Some(until) }
        } else {
            Stage::Healthy
        };
    }
    let container = if rule.container_check { task.health } else { Health::Healthy };
    let target = match target {
        Some(health) => health,
        None => Health::Healthy,
    };
    match (container, target) {
        (Health::Healthy, Health::Healthy) => Stage::Healthy,
        (Health::Unhealthy, _) | (_, Health::Unhealthy) => {
            let until = since.after(rule.grace);
            if now.as_nanos() < until.as_nanos() {
                Stage::Warming { until: Some(until) }
            } else {
                Stage::Unhealthy
            }
        }
        _ => Stage::Warming { until: None },
    }
}
