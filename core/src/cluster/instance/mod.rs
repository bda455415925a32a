//! Container instances: what an agent registers, and what is left of it.
//!
//! ```text
//!                 register                    trunk attached
//!   (none) ───────────────────► REGISTERING ─────────────────► ACTIVE ◄──► DRAINING
//!      │  (with trunking)            │ failed                    ▲  │         │
//!      │                             ▼                           │  │ deregister
//!      │                    REGISTRATION_FAILED ──► INACTIVE     │  ▼         ▼
//!      └────────────────────────────────────────────────────────┘ DEREGISTERING ──► INACTIVE
//!            register (without trunking)                           (with trunking)
//! ```
//!
//! Beside the status stands whether the agent is connected; only an ACTIVE
//! instance whose agent is connected accepts tasks (Amazon ECS Developer Guide,
//! "Container instance lifecycle").
//!
//! Two accounts are kept of each instance. The *scheduler's* is what placement
//! sees (`remainingResources`). The *agent's* is what tasks really hold: a task
//! takes its share when it leaves the agent's queue and gives it back when it has
//! STOPPED. By default both agree that a task which was asked to stop still holds
//! what it had; see [`StoppingTasks`](super::StoppingTasks).

mod eni;
mod registration;
mod room;

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use core::fmt;

pub use eni::{EniError, EniLimits};
pub(super) use registration::PROVIDER_ATTRIBUTE;
pub use registration::{MAX_GPUS, PRE_RESERVED_PORTS, Registration, RegistrationError};
pub use room::{Room, Shortage};

use super::task::TaskId;
use crate::id::NodeId;
use crate::time::Instant;

/// A container instance of one cluster, by the order of registration. Numbers are
/// never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ContainerInstanceId(pub u64);

impl fmt::Display for ContainerInstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "container instance {}", self.0)
    }
}

/// Where an instance stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceStatus {
    /// Its trunk interface is being attached.
    Registering,
    /// That failed.
    RegistrationFailed,
    /// It accepts tasks while its agent is connected.
    Active,
    /// It accepts none; service tasks move away.
    Draining,
    /// Its trunk interface is being detached.
    Deregistering,
    /// It has left the cluster.
    Inactive,
}

impl InstanceStatus {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registering => "REGISTERING",
            Self::RegistrationFailed => "REGISTRATION_FAILED",
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Deregistering => "DEREGISTERING",
            Self::Inactive => "INACTIVE",
        }
    }

    /// Whether the instance is still part of its cluster.
    pub const fn is_member(self) -> bool {
        !matches!(self, Self::Inactive | Self::RegistrationFailed)
    }
}

impl fmt::Display for InstanceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A container instance at one moment.
#[derive(Clone, Debug)]
pub struct ContainerInstance {
    pub(super) id: ContainerInstanceId,
    pub(super) registration: Registration,
    pub(super) status: InstanceStatus,
    pub(super) status_reason: Option<String>,
    pub(super) agent_connected: bool,
    pub(super) registered_at: Instant,
    /// What the scheduler may still give away.
    pub(super) remaining: Room,
    /// What no task holds.
    pub(super) free: Room,
    /// Every task on it that has not stopped.
    pub(super) tasks: BTreeSet<TaskId>,
    /// Tasks that wait for what they need, first in, first out.
    pub(super) queue: VecDeque<TaskId>,
    /// Itself in placement's view, from ACTIVE until it leaves.
    pub(super) node: Option<NodeId>,
    pub(super) gone_at: Option<Instant>,
    pub(super) version: u64,
}

impl ContainerInstance {
    pub(super) fn new(now: Instant, id: ContainerInstanceId, registration: Registration) -> Self {
        let room = registration.room();
        let trunk = registration.trunking;
        Self {
            id,
            status: if trunk { InstanceStatus::Registering } else { InstanceStatus::Active },
            status_reason: None,
            agent_connected: true,
            registered_at: now,
            remaining: room.clone(),
            free: room,
            tasks: BTreeSet::new(),
            queue: VecDeque::new(),
            node: None,
            gone_at: None,
            version: 1,
            registration,
        }
    }

    /// Its number.
    pub const fn id(&self) -> ContainerInstanceId {
        self.id
    }

    /// What its agent registered.
    pub const fn registration(&self) -> &Registration {
        &self.registration
    }

    /// Where it stands in its life.
    pub const fn status(&self) -> InstanceStatus {
        self.status
    }

    /// Why it has that status, where there is a reason.
    pub fn status_reason(&self) -> Option<&str> {
        self.status_reason.as_deref()
    }

    /// Whether the scheduler reaches its agent.
    pub const fn agent_connected(&self) -> bool {
        self.agent_connected
    }

    /// When it was registered.
    pub const fn registered_at(&self) -> Instant {
        self.registered_at
    }

    /// What the scheduler may still give away: AWS's `remainingResources`.
    pub const fn remaining(&self) -> &Room {
        &self.remaining
    }

    /// What no task on it holds, as its agent counts.
    pub const fn free(&self) -> &Room {
        &self.free
    }

    /// The tasks on it that have not stopped, oldest first.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = TaskId> {
        self.tasks.iter().copied()
    }

    /// The tasks that wait at its agent for what they need, the next one first.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = TaskId> {
        self.queue.iter().copied()
    }

    /// The availability zone, from the attribute `ecs.availability-zone`.
    pub fn availability_zone(&self) -> Option<&str> {
        self.registration.attribute("ecs.availability-zone")
    }

    /// Whether placement may give it a task.
    pub fn accepts_tasks(&self) -> bool {
        self.status == InstanceStatus::Active && self.agent_connected
    }

    /// How often it was changed; AWS's `version`.
    pub const fn version(&self) -> u64 {
        self.version
    }
}
