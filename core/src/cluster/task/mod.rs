//! Tasks: where each stands, what it holds, and why it stopped.
//!
//! ```text
//!  PROVISIONING ─1─► PENDING ─2─► ACTIVATING ─3─► RUNNING ─4─► DEACTIVATING ─5─► STOPPING
//!       │               │              │             │                              │ 6
//!       └───────────────┴──────────────┴─────────────┘ stop                         ▼
//!                                                       STOPPED ◄─7─ DEPROVISIONING
//! ```
//!
//! 1. `Event::Provisioned`; tasks without an interface of their own begin at PENDING.
//! 2. Every container runs, or has exited without being essential.
//! 3. At once, or with `Event::Activated` for tasks that asked for it.
//! 4. An essential container exited, or someone asked (`stop_task`, a drain, Spot).
//! 5. At once, or with `Event::Deactivated`. SIGTERM, then SIGKILL after `stopTimeout`.
//! 6. Every container has exited.
//! 7. `Event::Deprovisioned`. Only now is everything that the task held free.

mod container;
mod status;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

pub use container::{DEFAULT_STOP_TIMEOUT, OUT_OF_MEMORY, TaskContainer};
pub use status::{ContainerStatus, DesiredStatus, Health, LaunchType, StopCode, TaskStatus};

use super::instance::ContainerInstanceId;
use super::overrides::Overrides;
use super::run::RunRequest;
use super::task_definition::{Registered, Requirements, TaskDefinition};
use crate::id::HoldId;
use crate::time::Instant;

/// A task of one cluster, by the order of creation. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TaskId(pub u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.0)
    }
}

/// A task at one moment.
#[derive(Clone, Debug)]
pub struct Task {
    pub(super) id: TaskId,
    pub(super) registered: Arc<Registered>,
    /// The definition with the overrides of the call.
    pub(super) definition: Arc<TaskDefinition>,
    pub(super) overrides: Overrides,
    pub(super) requirements: Requirements,
    pub(super) group: String,
    pub(super) started_by: Option<String>,
    pub(super) launch: LaunchType,
    pub(super) capacity_provider: Option<String>,
    pub(super) instance: Option<ContainerInstanceId>,
    pub(super) availability_zone: Option<String>,
    pub(super) last_status: TaskStatus,
    pub(super) desired_status: DesiredStatus,
    pub(super) stop_code: Option<StopCode>,
    pub(super) stopped_reason: Option<String>,
    pub(super) containers: Vec<TaskContainer>,
    pub(super) created_at: Instant,
    pub(super) started_at: Option<Instant>,
    pub(super) stopping_at: Option<Instant>,
    pub(super) stopped_at: Option<Instant>,
    /// Whether RUNNING waits for `Event::Activated`.
    pub(super) activation: bool,
    /// Whether an interface or server was asked for and not yet given back.
    pub(super) provisioned: bool,
    /// Whether the scheduler's account has it.
    pub(super) counted: bool,
    /// What it holds in placement's view.
    pub(super) hold: Option<HoldId>,
    /// The GPUs in the scheduler's account.
    pub(super) counted_gpus: u64,
    /// Whether the agent's account has it.
    pub(super) admitted: bool,
    /// The GPUs in the agent's account: those that the containers get.
    pub(super) gpus: u64,
    /// The call, as long as the task waits for capacity.
    pub(super) request: Option<Box<RunRequest>>,
    pub(super) version: u64,
}

impl Task {
    /// Its number.
    pub const fn id(&self) -> TaskId {
        self.id
    }

    /// The revision that it runs.
    pub const fn registered(&self) -> &Arc<Registered> {
        &self.registered
    }

    /// The definition with the overrides of the call.
    pub fn definition(&self) -> &TaskDefinition {
        &self.definition
    }

    /// What the call changed of the definition.
    pub const fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    /// What it takes of its instance.
    pub const fn requirements(&self) -> &Requirements {
        &self.requirements
    }

    /// `service:NAME`, `family:NAME`, or what the call said.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Who started it: a deployment's id for a service's task.
    pub fn started_by(&self) -> Option<&str> {
        self.started_by.as_deref()
    }

    /// Whether a service started it.
    pub fn is_of_a_service(&self) -> bool {
        self.group.starts_with(super::SERVICE_GROUP)
    }

    /// On what it runs.
    pub const fn launch_type(&self) -> LaunchType {
        self.launch
    }

    /// The capacity provider that it was charged to.
    pub fn capacity_provider(&self) -> Option<&str> {
        self.capacity_provider.as_deref()
    }

    /// Its instance; `None` on Fargate and while it waits for capacity.
    pub const fn instance(&self) -> Option<ContainerInstanceId> {
        self.instance
    }

    /// Its availability zone, where that is known.
    pub fn availability_zone(&self) -> Option<&str> {
        self.availability_zone.as_deref()
    }

    /// Where it was last known to stand.
    pub const fn last_status(&self) -> TaskStatus {
        self.last_status
    }

    /// Where it shall be.
    pub const fn desired_status(&self) -> DesiredStatus {
        self.desired_status
    }

    /// Why it stops or stopped.
    pub const fn stop_code(&self) -> Option<StopCode> {
        self.stop_code
    }

    /// The same in words.
    pub fn stopped_reason(&self) -> Option<&str> {
        self.stopped_reason.as_deref()
    }

    /// Its containers, in the order of the definition.
    pub fn containers(&self) -> &[TaskContainer] {
        &self.containers
    }

    /// When it was created.
    pub const fn created_at(&self) -> Instant {
        self.created_at
    }

    /// When it came to RUNNING.
    pub const fn started_at(&self) -> Option<Instant> {
        self.started_at
    }

    /// When it was asked to stop.
    pub const fn stopping_at(&self) -> Option<Instant> {
        self.stopping_at
    }

    /// When it had stopped.
    pub const fn stopped_at(&self) -> Option<Instant> {
        self.stopped_at
    }

    /// How often it was changed; AWS's `version`.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The GPUs of its instance that it holds, one bit each.
    pub const fn gpus(&self) -> u64 {
        self.gpus
    }

    /// Whether its agent has given it what it needs; from then until it has STOPPED.
    pub const fn is_admitted(&self) -> bool {
        self.admitted
    }

    /// Whether it waits for the capacity of a provider.
    pub fn waits_for_capacity(&self) -> bool {
        let placed = self.instance.is_some() || self.launch == LaunchType::Fargate;
        !placed && self.last_status == TaskStatus::Provisioning
    }

    /// What the health checks of its essential containers say together: unhealthy if
    /// one is, healthy if all that have a check are, else unknown.
    pub fn health(&self) -> Health {
        let pairs = self.definition.container_definitions.iter().zip(&self.containers);
        let checked = pairs.filter(|(of, _)| of.is_essential() && of.health_check.is_some());
        let mut all = None;
        for (_, container) in checked {
            match container.health {
                Health::Unhealthy => return Health::Unhealthy,
                Health::Unknown => all = Some(Health::Unknown),
                Health::Healthy => all = all.or(Some(Health::Healthy)),
            }
        }
        all.unwrap_or(Health::Unknown)
    }

    /// What it waits for and for which it holds nothing, if it does: it is in its
    /// agent's queue.
    pub fn waits_at_agent(&self) -> bool {
        self.last_status == TaskStatus::Pending && !self.admitted && self.instance.is_some()
    }
}
