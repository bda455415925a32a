//! What a simulation of containers found.

use alloc::string::String;
use alloc::vec::Vec;

use crate::cost::LaunchOption;
use crate::service::Rollout;
use crate::time::Instant;

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ContainersReport {
    /// All services together, minute by minute.
    pub minutes: Vec<Minute>,
    /// Tasks that run at the end of each minute, by zone.
    pub running_by_zone: Vec<Vec<u32>>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Each service, in the scenario's order.
    pub services: Vec<ServiceReport>,
    /// Sums over all services.
    pub totals: Totals,
    /// What it costs.
    pub bill: Bill,
    /// What was expected and did not come: a sentence each.
    pub unmet: Vec<String>,
}

impl ContainersReport {
    /// The services' names, in the scenario's order, divided by commas.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.services.iter().map(|of| of.name.as_str()).collect();
        names.join(", ")
    }
}

/// What came of one service.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ServiceReport {
    /// Its name.
    pub name: String,
    /// Minute by minute.
    pub minutes: Vec<ServiceMinute>,
    /// Its deployments, in order.
    pub deployments: Vec<DeploymentOutcome>,
    /// Sums.
    pub totals: ServiceTotals,
}

/// A service at the end of a minute; or all services together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ServiceMinute {
    /// Requests per second asked for.
    pub load_per_s: f64,
    /// Requests asked for since the minute before, by looks every 10 s.
    pub requests: f64,
    /// Of these, requests that no running task could serve.
    pub unserved: f64,
    /// CPU that the running tasks use of what they have, percent.
    pub cpu_percent: f64,
    /// And memory.
    pub memory_percent: f64,
    /// Requests per second that the running tasks can serve.
    pub capacity_per_s: f64,
    /// Tasks desired.
    pub desired: u32,
    /// Tasks that run.
    pub running: u32,
    /// Tasks on their way.
    pub pending: u32,
    /// Of these, tasks that wait for an instance.
    pub waiting: u32,
}

/// The cluster at the end of a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Minute {
    /// Its end, seconds.
    pub at_s: f64,
    /// All services together.
    pub all: ServiceMinute,
    /// What the instances have cost until then, US dollars; `None` where the
    /// type has no price for Spot.
    pub instances_usd: Option<f64>,
    /// Instances that take tasks.
    pub instances: u32,
    /// Instances on their way.
    pub booting: u32,
    /// `CapacityProviderReservation`, percent.
    pub reservation: f64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Event {
    /// When.
    pub at: Instant,
    /// Whose: `service`, `scaler`, `group`, `zone`, `spot`, `deploy`.
    pub of: &'static str,
    /// Which of the scenario's services it is about, if one.
    pub service: Option<usize>,
    /// What.
    pub text: String,
}

/// How a deployment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DeploymentOutcome {
    /// Its revision.
    pub revision: u64,
    /// When it began.
    pub created: Instant,
    /// How far it came.
    pub rollout: Rollout,
}

/// Sums of one service over the whole time, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ServiceTotals {
    /// Requests asked for.
    pub requests: f64,
    /// Requests that no running task could serve.
    pub unserved: f64,
    /// Tasks that were placed.
    pub tasks_started: u64,
    /// Tasks that ended by their own fault.
    pub tasks_failed: u64,
    /// Tasks that ended with their instance.
    pub tasks_lost: u64,
    /// Hours of running tasks.
    pub task_hours: f64,
    /// Steps of the scaler that were taken.
    pub scaled: u64,
    /// The most tasks that ran at a time.
    pub peak_running: u32,
}

/// Sums over the whole time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Totals {
    /// All services together.
    pub all: ServiceTotals,
    /// Instances that were launched.
    pub instances_launched: u64,
    /// Spot interruptions.
    pub interruptions: u64,
}

/// What it costs, US dollars.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Bill {
    /// On-demand instance hours.
    pub on_demand_hours: f64,
    /// Spot instance hours.
    pub spot_hours: f64,
    /// The instances' cost; `None` where the type has no price for Spot.
    pub instances_usd: Option<f64>,
    /// The running tasks, minute by minute, on each launch type: the least that
    /// each would cost, each service by itself, so `tasks_each` is that of the
    /// largest tasks, and `most` the sum of what each needs at most.
    pub compared: Vec<LaunchOption>,
}
