//! A scenario: the service, its load, its instances and what goes wrong.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::autoscale::{
    Bounds, BoundsError, ManagedScaling, ManagedScalingError, ScalerConfig, ScalerConfigError,
};
use crate::cost::{FargatePrices, InstanceType};
use crate::placement::view::{Chain, ChainError};
use crate::service::{Scheduling, ServiceSpec, SpecError};
use crate::sim::Distribution;
use crate::time::{Duration, Instant};

/// All that a simulation needs.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How long it lasts, at most [`Scenario::MAX_HORIZON`].
    pub horizon: Duration,
    /// What chance draws from.
    pub seed: u64,
    /// The service; REPLICA, without a target group.
    pub service: ServiceSpec,
    /// Its placement strategies, each chained to the one before.
    pub strategies: Chain,
    /// Its tasks.
    pub task: TaskSettings,
    /// What it is asked to serve.
    pub load: Load,
    /// Its autoscaling. Metrics by name: `cpu` (percent of what the running
    /// tasks have, 100 at most), `requests_per_task` (per second). Its
    /// `running` is overwritten by the service's desired count.
    pub scaler: Option<ScalerConfig>,
    /// The instances beneath it.
    pub group: InstanceGroup,
    /// New revisions, in order of time.
    pub deploys: Vec<Deploy>,
    /// Zones that are lost, in order of time.
    pub zone_losses: Vec<ZoneLoss>,
    /// What Fargate would cost, for the comparison.
    pub fargate: FargatePrices,
}

/// What a task takes, and what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskSettings {
    /// CPU units.
    pub cpu_units: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
    /// Requests per second that it serves at most.
    pub capacity_per_s: f64,
    /// From placed to running: image and start.
    pub start: Distribution,
    /// From told to stop to stopped.
    pub stop: Duration,
}

/// Requests per second over time: straight lines between points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// In order of time, at least one.
    pub points: Vec<LoadPoint>,
    /// Begins again every so often; `None`: the last point holds for ever.
    pub repeat: Option<Duration>,
}

/// Load at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadPoint {
    /// When.
    pub at: Duration,
    /// Requests per second.
    pub per_s: f64,
}

/// The instances.
#[derive(Clone, Debug)]
pub struct InstanceGroup {
    /// Their type: what they have and what they cost.
    pub instance_type: InstanceType,
    /// Memory that the system keeps from tasks, MiB.
    pub system_memory_mib: u32,
    /// Zones they are spread over, 1 to [`Scenario::MAX_ZONES`].
    pub zones: u32,
    /// The fewest.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// There at the start, ready.
    pub initial: u32,
    /// From launched to registered.
    pub boot: Distribution,
    /// Managed scaling; `None`: as many as at the start.
    pub managed: Option<ManagedScaling>,
    /// The share that is Spot, percent, 0 to 100.
    pub spot_percent: u32,
    /// Interruptions of a Spot instance, per hour.
    pub spot_interruptions_per_hour: f64,
}

/// A new revision of the task definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// When.
    pub at: Duration,
    /// Its number; a new one.
    pub revision: u64,
    /// Whether its tasks fail before they run.
    pub fails: bool,
}

/// A zone that is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneLoss {
    /// When.
    pub at: Duration,
    /// Which, from 0.
    pub zone: u32,
    /// For how long nothing can be launched there.
    pub lasts: Duration,
}

/// A scenario that cannot be played.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ScenarioError {
    /// A number out of its range.
    Range {
        /// Which one.
        setting: &'static str,
        /// What was given.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// The service's settings.
    Service(SpecError),
    /// The scaler's configuration.
    Scaler(ScalerConfigError),
    /// The group's bounds.
    Bounds(BoundsError),
    /// Managed scaling.
    Managed(ManagedScalingError),
    /// The strategies.
    Strategies(ChainError),
    /// A name that is none.
    Unknown {
        /// What it should name.
        what: &'static str,
        /// What was given.
        given: String,
    },
    /// The text is no scenario.
    Text(String),
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range { setting, value, must } => {
                write!(f, "{setting} is {value}: must be {must}")
            }
            Self::Service(error) => write!(f, "service: {error}"),
            Self::Scaler(error) => write!(f, "scaler: {error}"),
            Self::Bounds(error) => write!(f, "group: {error}"),
            Self::Managed(error) => write!(f, "group: {error}"),
            Self::Strategies(error) => write!(f, "strategies: {error}"),
            Self::Unknown { what, given } => write!(f, "{given:?} is no {what}"),
            Self::Text(error) => f.write_str(error),
        }
    }
}

impl core::error::Error for ScenarioError {}

fn within(
    setting: &'static str,
    value: f64,
    holds: bool,
    must: &'static str,
) -> Result<(), ScenarioError> {
    if holds { Ok(()) } else { Err(ScenarioError::Range { setting, value, must }) }
}

impl Load {
    /// Requests per second at `now`. O(points).
    pub fn at(&self, now: Instant) -> f64 {
        let mut at = now.as_nanos();
        if let Some(repeat) = self.repeat {
            at %= repeat.as_nanos().max(1);
        }
        let at = Duration::from_nanos(at);
        let after = self.points.iter().position(|point| point.at > at);
        let (before, next) = match after {
            Some(0) => return self.points[0].per_s,
            Some(next) => (self.points[next - 1], self.points[next]),
            None => return self.points.last().map_or(0.0, |point| point.per_s),
        };
        let span = next.at.as_secs_f64() - before.at.as_secs_f64();
        let share = (at.as_secs_f64() - before.at.as_secs_f64()) / span;
        before.per_s + (next.per_s - before.per_s) * share
    }
}

impl Scenario {
    /// 31 days.
    pub const MAX_HORIZON: Duration = Duration::from_secs(31 * 86_400);
    /// The most zones.
    pub const MAX_ZONES: u32 = 16;
    /// The most instances.
    pub const MAX_INSTANCES: u32 = 10_000;

    /// Checks the ranges that no part checks for itself.
    ///
    /// # Errors
    /// [`ScenarioError`] names the first that is out of range.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let (group, task) = (&self.group, &self.task);
        let horizon_s = self.horizon.as_secs_f64();
        let long = self.horizon > Duration::ZERO && self.horizon <= Self::MAX_HORIZON;
        within("horizon_s", horizon_s, long, "above 0 and at most 31 days")?;
        within("cpu_units", task.cpu_units.into(), task.cpu_units > 0, "above 0")?;
        within("memory_mib", task.memory_mib.into(), task.memory_mib > 0, "above 0")?;
        let capacity = task.capacity_per_s;
        let serves = capacity > 0.0 && capacity.is_finite();
        within("capacity_per_s", capacity, serves, "a finite number above 0")?;
        let zones = (1..=Self::MAX_ZONES).contains(&group.zones);
        within("zones", group.zones.into(), zones, "1 to 16")?;
        let few = group.max <= Self::MAX_INSTANCES;
        within("max", group.max.into(), few, "at most 10000 instances")?;
        let spot = group.spot_percent <= 100;
        within("spot_percent", group.spot_percent.into(), spot, "0 to 100")?;
        let rate = group.spot_interruptions_per_hour;
        let seldom = (0.0..=60.0).contains(&rate);
        within("spot_interruptions_per_hour", rate, seldom, "0 to 60")?;
        within("load", 0.0, !self.load.points.is_empty(), "at least one point")?;
        for pair in self.load.points.windows(2) {
            let later = pair[0].at < pair[1].at;
            within("load", pair[1].at.as_secs_f64(), later, "in order of time")?;
        }
        for point in &self.load.points {
            let sound = point.per_s >= 0.0 && point.per_s.is_finite();
            within("load per_s", point.per_s, sound, "a finite number, at least 0")?;
        }
        for loss in &self.zone_losses {
            within("zone", loss.zone.into(), loss.zone < group.zones, "one of the zones")?;
        }
        Bounds::new(group.min, group.max).map_err(ScenarioError::Bounds)?;
        if let Some(managed) = group.managed {
            managed.check().map_err(ScenarioError::Managed)?;
        }
        let replica = matches!(self.service.scheduling, Scheduling::Replica { .. });
        if !replica || self.service.target_group.is_some() {
            let (what, given) = ("REPLICA service without a target group", &self.service.name);
            return Err(ScenarioError::Unknown { what, given: given.clone() });
        }
        self.service.check().map_err(ScenarioError::Service)
    }
}
