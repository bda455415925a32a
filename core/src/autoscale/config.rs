//! A scaler as data: what the bindings read from JSON.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::bounds::{Bounds, BoundsError, Scalable};
use super::concurrency_based::{ConcurrencyBased, ConcurrencyError};
use super::policy::Policy;
use super::scaler::{Scaler, ScalerError, Suspended};
use super::schedule::{ScheduleError, UnixSeconds};
use super::scheduled::ScheduledAction;
use super::step::{StepError, StepScaling};
use super::target_tracking::{TargetTracking, TargetTrackingError};
use crate::time::Instant;

/// All that makes a [`Scaler`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ScalerConfig {
    /// The least capacity.
    pub min: u32,
    /// The largest capacity.
    pub max: u32,
    /// What runs at the start, and is desired.
    pub running: u32,
    /// Unix time at the host's origin, in seconds; for scheduled actions.
    #[cfg_attr(feature = "serde", serde(default))]
    pub unix_s_at_origin: UnixSeconds,
    /// What is suspended.
    #[cfg_attr(feature = "serde", serde(default))]
    pub suspended: Suspended,
    /// The policies.
    #[cfg_attr(feature = "serde", serde(default))]
    pub policies: Vec<PolicyConfig>,
    /// The scheduled actions.
    #[cfg_attr(feature = "serde", serde(default))]
    pub scheduled: Vec<ScheduledConfig>,
}

/// One policy of a [`ScalerConfig`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct PolicyConfig {
    /// Its name, for explanations.
    pub name: String,
    /// The metric that it reads.
    pub metric: String,
    /// Its rule.
    pub rule: PolicyRule,
}

/// The rule of a policy, with its settings.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PolicyRule {
    /// Target tracking.
    TargetTracking(TargetTracking),
    /// Step scaling.
    Step(StepScaling),
    /// Concurrency-based.
    ConcurrencyBased(ConcurrencyBased),
}

/// One scheduled action of a [`ScalerConfig`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ScheduledConfig {
    /// Its name, for explanations.
    pub name: String,
    /// `at(...)`, `rate(...)` or `cron(...)`.
    pub schedule: String,
    /// From when it counts, Unix time.
    #[cfg_attr(feature = "serde", serde(default))]
    pub start_unix_s: Option<UnixSeconds>,
    /// Until when, Unix time.
    #[cfg_attr(feature = "serde", serde(default))]
    pub end_unix_s: Option<UnixSeconds>,
    /// Its zone: seconds east of UTC.
    #[cfg_attr(feature = "serde", serde(default))]
    pub utc_offset_s: i32,
    /// The least capacity that it sets.
    #[cfg_attr(feature = "serde", serde(default))]
    pub min: Option<u32>,
    /// The largest capacity that it sets.
    #[cfg_attr(feature = "serde", serde(default))]
    pub max: Option<u32>,
}

/// A [`ScalerConfig`] that makes no scaler.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ScalerConfigError {
    /// Its bounds.
    Bounds(BoundsError),
    /// A policy's settings; with its name.
    TargetTracking(String, TargetTrackingError),
    /// A policy's settings; with its name.
    Step(String, StepError),
    /// A policy's settings; with its name.
    ConcurrencyBased(String, ConcurrencyError),
    /// A scheduled action's time; with its name.
    Schedule(String, ScheduleError),
    /// A policy or action that cannot be added; with its name.
    Add(String, ScalerError),
    /// The text is no JSON of this form.
    #[cfg(feature = "json")]
    Json(String),
}

impl fmt::Display for ScalerConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bounds(error) => error.fmt(f),
            Self::TargetTracking(name, error) => write!(f, "policy {name:?}: {error}"),
            Self::Step(name, error) => write!(f, "policy {name:?}: {error}"),
            Self::ConcurrencyBased(name, error) => write!(f, "policy {name:?}: {error}"),
            Self::Schedule(name, error) => write!(f, "scheduled action {name:?}: {error}"),
            Self::Add(name, error) => write!(f, "{name:?}: {error}"),
            #[cfg(feature = "json")]
            Self::Json(error) => f.write_str(error),
        }
    }
}

impl core::error::Error for ScalerConfigError {}

impl PolicyConfig {
    fn start(&self, now: Instant, running: u32) -> Result<Box<dyn Policy>, ScalerConfigError> {
        use ScalerConfigError as E;
        let name = || self.name.clone();
        Ok(match &self.rule {
            PolicyRule::TargetTracking(rule) => {
                Box::new(rule.start(now).map_err(|error| E::TargetTracking(name(), error))?)
            }
            PolicyRule::Step(rule) => {
                Box::new(rule.clone().start(now).map_err(|error| E::Step(name(), error))?)
            }
            PolicyRule::ConcurrencyBased(rule) => Box::new(
                rule.start(now, running).map_err(|error| E::ConcurrencyBased(name(), error))?,
            ),
        })
    }
}

impl ScalerConfig {
    /// The scaler, its first periods open at `now`. O(policies + actions).
    ///
    /// # Errors
    /// [`ScalerConfigError`] names the policy or action and its setting.
    pub fn start(&self, now: Instant) -> Result<Scaler, ScalerConfigError> {
        let bounds = Bounds::new(self.min, self.max).map_err(ScalerConfigError::Bounds)?;
        let scalable = Scalable::new(bounds, self.running);
        let mut scaler = Scaler::new(now, scalable).with_origin(self.unix_s_at_origin);
        for config in &self.policies {
            let policy = config.start(now, self.running)?;
            let added = scaler.add_policy(&config.name, &config.metric, policy);
            added.map_err(|error| ScalerConfigError::Add(config.name.clone(), error))?;
        }
        for config in &self.scheduled {
            let schedule = config.schedule.parse();
            let schedule = schedule
                .map_err(|error| ScalerConfigError::Schedule(config.name.clone(), error))?;
            let action = ScheduledAction {
                name: config.name.to_string(),
                schedule,
                start: config.start_unix_s,
                end: config.end_unix_s,
                utc_offset_s: config.utc_offset_s,
                min: config.min,
                max: config.max,
            };
            let added = scaler.add_scheduled_action(action);
            added.map_err(|error| ScalerConfigError::Add(config.name.clone(), error))?;
        }
        scaler.handle_suspended(now, self.suspended);
        Ok(scaler)
    }

    /// Reads one from JSON.
    ///
    /// # Errors
    /// [`ScalerConfigError::Json`] says where.
    #[cfg(feature = "json")]
    pub fn from_json(text: &str) -> Result<Self, ScalerConfigError> {
        serde_json::from_str(text).map_err(|error| ScalerConfigError::Json(error.to_string()))
    }
}
