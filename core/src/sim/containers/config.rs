//! A scenario: the service, its load, its instances and what goes wrong.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::expect::Expect;
use super::load::Load;
use crate::autoscale::{
    Bounds, BoundsError, ManagedScaling, ManagedScalingError, ScalerConfig, ScalerConfigError,
};
use crate::cost::{FargatePrices, InstanceType};
use crate::placement::view::{Chain, ChainError};
use crate::service::{Scheduling, ServiceSpec, SpecError};
use crate::sim::Distribution;
use crate::time::Duration;

/// All that a simulation needs.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How long it lasts, at most [`Scenario::MAX_HORIZON`].
    pub horizon: Duration,
    /// What chance draws from.
    pub seed: u64,
    /// The services that share the instances: 1 to [`Scenario::MAX_SERVICES`], each
    /// with a name of its own.
    pub services: Vec<ServiceScenario>,
    /// The instances beneath them.
    pub group: InstanceGroup,
    /// Zones that are lost, in order of time.
    pub zone_losses: Vec<ZoneLoss>,
    /// What Fargate would cost, for the comparison.
    pub fargate: FargatePrices,
    /// What is expected to come of all services together.
    pub expect: Expect,
}

/// One service: its settings, its tasks, its load.
#[derive(Clone, Debug)]
pub struct ServiceScenario {
    /// The service; REPLICA, without a target group.
    pub service: ServiceSpec,
    /// Its placement strategies, each chained to the one before.
    pub strategies: Chain,
    /// Its tasks.
    pub task: TaskSettings,
    /// What it is asked to serve.
    pub load: Load,
    /// Its autoscaling. Metrics by name, of the running tasks: `cpu` and
    /// `memory` (percent of what they have, 100 at most), `requests_per_task`
    /// (per second). Its `running` is overwritten by the service's desired count.
    pub scaler: Option<ScalerConfig>,
    /// New revisions, in order of time.
    pub deploys: Vec<Deploy>,
    /// What is expected to come of it; `max_usd` is not looked at.
    pub expect: Expect,
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
    /// The share of its memory that it uses without load, percent; as it serves
    /// more it uses evenly more.
    pub memory_idle_percent: f64,
    /// And when it serves all that it can.
    pub memory_full_percent: f64,
    /// From placed to running: image and start.
    pub start: Distribution,
    /// From told to stop to stopped.
    pub stop: Duration,
}

impl TaskSettings {
    /// CPU and memory that a task uses at so many requests per second, percent
    /// of what it has.
    pub(super) fn used(&self, per_s: f64) -> (f64, f64) {
        let share = (per_s / self.capacity_per_s).min(1.0);
        let more = self.memory_full_percent - self.memory_idle_percent;
        (share * 100.0, self.memory_idle_percent + more * share)
    }
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

impl Scenario {
    /// 31 days.
    pub const MAX_HORIZON: Duration = Duration::from_secs(31 * 86_400);
    /// The most zones.
    pub const MAX_ZONES: u32 = 16;
    /// The most tasks that are desired: ECS's quota for a service.
    pub const MAX_TASKS: u32 = 5_000;
    /// The most instances.
    pub const MAX_INSTANCES: u32 = 10_000;

    /// The most services.
    pub const MAX_SERVICES: usize = 100;

    /// Checks the ranges that no part checks for itself.
    ///
    /// # Errors
    /// [`ScenarioError`] names the first that is out of range.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let group = &self.group;
        // By the key of a scenario file.
        let duration_s = self.horizon.as_secs_f64();
        let long = self.horizon > Duration::ZERO && self.horizon <= Self::MAX_HORIZON;
        within("duration_s", duration_s, long, "above 0 and at most 31 days")?;
        let zones = (1..=Self::MAX_ZONES).contains(&group.zones);
        within("zones", group.zones.into(), zones, "1 to 16")?;
        let few = group.max <= Self::MAX_INSTANCES;
        within("max", group.max.into(), few, "at most 10000 instances")?;
        let spot = group.spot_percent <= 100;
        within("spot_percent", group.spot_percent.into(), spot, "0 to 100")?;
        let rate = group.spot_interruptions_per_hour;
        let seldom = (0.0..=60.0).contains(&rate);
        within("spot_interruptions_per_hour", rate, seldom, "0 to 60")?;
        for loss in &self.zone_losses {
            within("zone", loss.zone.into(), loss.zone < group.zones, "one of the zones")?;
        }
        Bounds::new(group.min, group.max).map_err(ScenarioError::Bounds)?;
        if let Some(managed) = group.managed {
            managed.check().map_err(ScenarioError::Managed)?;
        }
        let services = u32::try_from(self.services.len()).unwrap_or(u32::MAX);
        let some = (1..=Self::MAX_SERVICES).contains(&self.services.len());
        within("services", services.into(), some, "1 to 100")?;
        for (at, of) in self.services.iter().enumerate() {
            let name = &of.service.name;
            if self.services[..at].iter().any(|other| other.service.name == *name) {
                let (what, given) = ("name of one service alone", name.clone());
                return Err(ScenarioError::Unknown { what, given });
            }
            of.check()?;
        }
        Ok(())
    }
}

impl ServiceScenario {
    fn check(&self) -> Result<(), ScenarioError> {
        let task = &self.task;
        within("cpu_units", task.cpu_units.into(), task.cpu_units > 0, "above 0")?;
        within("memory_mib", task.memory_mib.into(), task.memory_mib > 0, "above 0")?;
        let capacity = task.capacity_per_s;
        let serves = capacity > 0.0 && capacity.is_finite();
        within("capacity_per_s", capacity, serves, "a finite number above 0")?;
        for memory in [task.memory_idle_percent, task.memory_full_percent] {
            within("memory percent", memory, (0.0..=100.0).contains(&memory), "0 to 100")?;
        }
        within("load", 0.0, !self.load.points.is_empty(), "at least one point")?;
        for pair in self.load.points.windows(2) {
            let later = pair[0].at < pair[1].at;
            within("load", pair[1].at.as_secs_f64(), later, "in order of time")?;
        }
        for point in &self.load.points {
            let sound = point.per_s >= 0.0 && point.per_s.is_finite();
            within("load per_s", point.per_s, sound, "a finite number, at least 0")?;
        }
        let replica = matches!(self.service.scheduling, Scheduling::Replica { .. });
        if !replica || self.service.target_group.is_some() {
            let (what, given) = ("REPLICA service without a target group", &self.service.name);
            return Err(ScenarioError::Unknown { what, given: given.clone() });
        }
        self.service.check().map_err(ScenarioError::Service)
    }
}
