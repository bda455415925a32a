//! The deployment circuit breaker: when a deployment has failed.
//!
//! Amazon ECS Developer Guide, "How the Amazon ECS deployment circuit breaker
//! detects failures", and API Reference, `DeploymentCircuitBreaker` and
//! `ThresholdConfiguration`.
//!
//! ```text
//!              a task runs: count = 0            the deployment completes
//! ReachRunning -----------------------> PassChecks ----------------------> Done
//!      | never ran, `threshold` in a row     | failed its checks, `threshold`
//!      +--------------> Tripped <------------+ without a healthy one between
//! ```
//!
//! Where AWS is silent: a task that ends by itself after `RUNNING` but before
//! it ever was healthy has failed its checks; one that had been healthy has
//! not (AWS re:Post says of it that the breaker "might not activate").
//! A start that finds no room is no failure: room may come.

use core::fmt;

/// How many failures trip the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Threshold {
    /// That many.
    Count(u32),
    /// That share of the desired count, rounded up, at least 3 and at most 200.
    BoundedPercent(u32),
    /// That share of the desired count, rounded up.
    UnboundedPercent(u32),
}

impl Threshold {
    /// The fewest failures of a bounded share.
    pub const LEAST: u32 = 3;
    /// The most failures of a bounded share.
    pub const MOST: u32 = 200;

    /// The failures at which a deployment of `desired` tasks has failed, never
    /// 0: clamp(ceil(desired * percent / 100), 3, 200) where bounded.
    pub const fn failures(self, desired: u32) -> u32 {
        match self {
            Self::Count(count) => at_least(count, 1),
            Self::BoundedPercent(percent) => {
                let share = at_least(share(desired, percent), Self::LEAST);
                if share > Self::MOST { Self::MOST } else { share }
            }
            Self::UnboundedPercent(percent) => at_least(share(desired, percent), 1),
        }
    }

    /// # Errors
    ///
    /// [`ThresholdError`] for a threshold of 0, which would fail every
    /// deployment before it starts.
    pub const fn check(self) -> Result<Self, ThresholdError> {
        match self {
            Self::Count(0) | Self::BoundedPercent(0) | Self::UnboundedPercent(0) => {
                Err(ThresholdError)
            }
            _ => Ok(self),
        }
    }
}

impl Default for Threshold {
    /// Half of the desired count, bounded.
    fn default() -> Self {
        Self::BoundedPercent(50)
    }
}

const fn at_least(value: u32, least: u32) -> u32 {
    if value < least { least } else { value }
}

#[expect(clippy::cast_possible_truncation, reason = "compared with the limit just before")]
const fn share(desired: u32, percent: u32) -> u32 {
    let share = (desired as u64 * percent as u64).div_ceil(100);
    if share > u32::MAX as u64 { u32::MAX } else { share as u32 }
}

/// A threshold of 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThresholdError;

impl fmt::Display for ThresholdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the circuit breaker's threshold is 0: it must be 1 or more")
    }
}

impl core::error::Error for ThresholdError {}

/// What a service is told to do about failing deployments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BreakerConfig {
    /// Whether failures count at all.
    pub enable: bool,
    /// Whether a failed deployment gives way to the last completed one.
    pub rollback: bool,
    /// How many failures are too many.
    pub threshold: Threshold,
    /// Whether a task that becomes healthy sets the count back to 0.
    pub reset_on_healthy_task: bool,
}

impl BreakerConfig {
    /// Off; with AWS's defaults for the rest.
    pub const OFF: Self = Self {
        enable: false,
        rollback: false,
        threshold: Threshold::BoundedPercent(50),
        reset_on_healthy_task: true,
    };
}

/// What the breaker watches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Watch {
    /// That a task reaches `RUNNING`.
    ReachRunning,
    /// That tasks pass their health checks.
    PassChecks,
    /// Nothing more: the deployment completed.
    Done,
    /// Nothing more: the deployment failed.
    Tripped,
}

/// The breaker of one deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    watch: Watch,
    failures: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

impl Breaker {
    /// The breaker of a deployment that begins.
    pub const fn new() -> Self {
        Self { watch: Watch::ReachRunning, failures: 0 }
    }

    /// What it watches for.
    pub const fn watch(&self) -> Watch {
        self.watch
    }

    /// The failures counted so far: `failedTasks`.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// A task reached `RUNNING`.
    pub const fn ran(&mut self) {
        if matches!(self.watch, Watch::ReachRunning) {
            self.watch = Watch::PassChecks;
            self.failures = 0;
        }
    }

    /// A task became healthy.
    pub const fn healthy(&mut self, config: &BreakerConfig) {
        if matches!(self.watch, Watch::PassChecks) && config.reset_on_healthy_task {
            self.failures = 0;
        }
    }

    /// A task stopped by itself without having run. True where that trips it.
    #[must_use]
    pub const fn never_ran(&mut self, config: &BreakerConfig, desired: u32) -> bool {
        matches!(self.watch, Watch::ReachRunning) && self.count(config, desired)
    }

    /// A task that ran failed its health checks. True where that trips it.
    #[must_use]
    pub const fn failed_checks(&mut self, config: &BreakerConfig, desired: u32) -> bool {
        matches!(self.watch, Watch::PassChecks) && self.count(config, desired)
    }

    /// The deployment completed.
    pub const fn completed(&mut self) {
        self.watch = Watch::Done;
    }

    const fn count(&mut self, config: &BreakerConfig, desired: u32) -> bool {
        self.failures = self.failures.saturating_add(1);
        if config.enable && self.failures >= config.threshold.failures(desired) {
            self.watch = Watch::Tripped;
            return true;
        }
        false
    }
}
