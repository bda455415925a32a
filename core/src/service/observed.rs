//! What a service is told of its tasks and of the instances they run on.
//!
//! Keys are the host's own numbers; the control loop only compares them, and
//! breaks ties by the lowest.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::resources::Resources;
use crate::time::Instant;

macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

key! {
    /// A task, by the host's number; later tasks have higher ones.
    TaskKey, u64
}
key! {
    /// A container instance, by the host's number.
    InstanceKey, u64
}
key! {
    /// An availability zone, by the host's number.
    ZoneKey, u32
}
key! {
    /// A deployment of a service, counted from 1.
    DeploymentKey, u32
}
key! {
    /// A start that was asked for and is not yet answered, counted from 1.
    OrderKey, u64
}

/// `lastStatus` of a task, in the order of its life (Amazon ECS Developer
/// Guide, "Task lifecycle").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TaskStatus {
    /// Waits for a network interface or for capacity.
    Provisioning,
    /// Waits for its instance's agent.
    Pending,
    /// Runs, but for a last step such as service discovery.
    Activating,
    /// Runs.
    Running,
    /// Leaves its load balancer.
    Deactivating,
    /// Its containers were told to stop.
    Stopping,
    /// Gives its network interface back.
    Deprovisioning,
    /// Is over.
    Stopped,
}

impl TaskStatus {
    /// Whether the task counts to the ceiling: `RUNNING`, or on its way there.
    /// A task that was told to stop counts until it has left `RUNNING`.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Provisioning | Self::Pending | Self::Activating | Self::Running)
    }

    /// Whether the task is on its way to `RUNNING`.
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Provisioning | Self::Pending | Self::Activating)
    }
}

/// What a health check says of a task or target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Health {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It passes.
    Healthy,
    /// It fails.
    Unhealthy,
}

/// A task of a service, as the host sees it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ObservedTask {
    /// The task.
    pub task: TaskKey,
    /// The deployment that asked for it.
    pub deployment: DeploymentKey,
    /// Where it is; `None` while it waits for capacity.
    pub instance: Option<InstanceKey>,
    /// Its zone, for a task that is on no instance, as on Fargate. Where its instance is
    /// known, that one's zone counts.
    pub zone: Option<ZoneKey>,
    /// Its last status.
    pub status: TaskStatus,
    /// What the health checks of its containers say.
    pub health: Health,
    /// When it was asked for.
    pub created: Instant,
    /// When it reached `RUNNING`, if it did.
    pub running_since: Option<Instant>,
    /// What it gives back when it stops.
    pub size: Resources,
    /// Where it stops without having been told to: whether by its own fault.
    /// A user's stop, an interrupted Spot instance and a lost instance are none
    /// of it, and count as no failure.
    pub own_fault: bool,
}

impl ObservedTask {
    /// A task that was just placed.
    pub const fn placed(
        task: TaskKey,
        deployment: DeploymentKey,
        instance: InstanceKey,
        created: Instant,
        size: Resources,
    ) -> Self {
        Self {
            task,
            deployment,
            instance: Some(instance),
            zone: None,
            status: TaskStatus::Pending,
            health: Health::Unknown,
            created,
            running_since: None,
            size,
            own_fault: true,
        }
    }
}

/// Whether an instance takes tasks (Amazon ECS API Reference,
/// `ContainerInstance`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum InstanceStatus {
    /// It does, while its agent is connected.
    Active,
    /// It takes no more tasks, and those of services are replaced.
    Draining,
}

/// A container instance, as one service sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ObservedInstance {
    /// The instance.
    pub instance: InstanceKey,
    /// Its zone; `None` where it has told of none.
    pub zone: Option<ZoneKey>,
    /// Whether it takes tasks.
    pub status: InstanceStatus,
    /// Whether its agent is connected. A disconnected one takes no task.
    pub agent_connected: bool,
    /// Whether it meets the placement constraints of the service's tasks.
    pub matches: bool,
    /// What is left of it.
    pub remaining: Resources,
    /// How many tasks run there that are no daemon's: the last of them leaves
    /// before a daemon does.
    pub other_tasks: u32,
    /// Its attributes, for strategies that spread by one.
    pub attributes: Vec<(String, String)>,
}

impl ObservedInstance {
    /// An active, connected, matching instance with no attributes and no tasks.
    pub const fn new(instance: InstanceKey, zone: ZoneKey, remaining: Resources) -> Self {
        Self {
            instance,
            zone: Some(zone),
            status: InstanceStatus::Active,
            agent_connected: true,
            matches: true,
            remaining,
            other_tasks: 0,
            attributes: Vec::new(),
        }
    }

    /// Whether a task of the service may be started there, room aside.
    pub const fn accepts(&self) -> bool {
        self.agent_connected && self.wants_daemon()
    }

    /// Whether a daemon belongs there: one task for each active instance that
    /// matches. Where the agent is disconnected the daemon stays, but none can
    /// be started.
    pub const fn wants_daemon(&self) -> bool {
        matches!(self.status, InstanceStatus::Active) && self.matches
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}
