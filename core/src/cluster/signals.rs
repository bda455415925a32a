//! What a cluster is told, and what it asks its host to do.

use alloc::string::String;
use core::fmt;

use super::instance::{ContainerInstanceId, InstanceStatus};
use super::task::{Health, TaskId, TaskStatus};

/// What happened outside, as agents and the host report it.
///
/// A container is named by its position in the task definition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The agent is reached (again).
    AgentConnected {
        /// Its instance.
        instance: ContainerInstanceId,
    },
    /// The agent is not reached; its tasks go on.
    AgentDisconnected {
        /// Its instance.
        instance: ContainerInstanceId,
    },
    /// Answers [`Action::AttachTrunk`].
    TrunkAttached {
        /// The instance.
        instance: ContainerInstanceId,
    },
    /// Answers [`Action::AttachTrunk`].
    TrunkFailed {
        /// The instance.
        instance: ContainerInstanceId,
        /// Why.
        reason: String,
    },
    /// Answers [`Action::DetachTrunk`].
    TrunkDetached {
        /// The instance.
        instance: ContainerInstanceId,
    },
    /// The server was terminated, or is lost for good, with all that ran on it.
    InstanceLost {
        /// The instance.
        instance: ContainerInstanceId,
        /// Why.
        reason: String,
    },
    /// Answers [`Action::Provision`].
    Provisioned {
        /// The task.
        task: TaskId,
    },
    /// Answers [`Action::Provision`].
    ProvisionFailed {
        /// The task.
        task: TaskId,
        /// Why.
        reason: String,
    },
    /// Answers [`Action::Deprovision`].
    Deprovisioned {
        /// The task.
        task: TaskId,
    },
    /// Answers [`Action::Activate`].
    Activated {
        /// The task.
        task: TaskId,
    },
    /// Answers [`Action::Deactivate`].
    Deactivated {
        /// The task.
        task: TaskId,
    },
    /// Answers [`Action::StartContainer`].
    ContainerStarted {
        /// The task.
        task: TaskId,
        /// The container.
        container: usize,
    },
    /// Answers [`Action::StartContainer`]: the image could not be pulled, the
    /// container not be made.
    ContainerFailed {
        /// The task.
        task: TaskId,
        /// The container.
        container: usize,
        /// Such as `CannotPullContainerError: ...`.
        reason: String,
    },
    /// It exited, by itself or because it was told to.
    ContainerExited {
        /// The task.
        task: TaskId,
        /// The container.
        container: usize,
        /// 137 after SIGKILL.
        exit_code: i32,
    },
    /// Its health check said something new.
    ContainerHealth {
        /// The task.
        task: TaskId,
        /// The container.
        container: usize,
        /// What.
        health: Health,
    },
    /// How much memory it uses; above a hard limit it is killed.
    MemoryUsed {
        /// The task.
        task: TaskId,
        /// The container.
        container: usize,
        /// MiB.
        memory_mib: u32,
    },
    /// Fargate Spot takes the capacity back in two minutes.
    SpotInterruption {
        /// The task.
        task: TaskId,
    },
}

/// What the host shall do, or may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Attach the trunk interface of an instance; answer `TrunkAttached` or
    /// `TrunkFailed`.
    AttachTrunk {
        /// The instance.
        instance: ContainerInstanceId,
    },
    /// Detach it; answer `TrunkDetached`.
    DetachTrunk {
        /// The instance.
        instance: ContainerInstanceId,
    },
    /// Prepare a network interface, or for Fargate a server; answer `Provisioned`
    /// or `ProvisionFailed`.
    Provision {
        /// The task.
        task: TaskId,
        /// Its instance; `None` on Fargate.
        instance: Option<ContainerInstanceId>,
    },
    /// Give that back; answer `Deprovisioned`.
    Deprovision {
        /// The task.
        task: TaskId,
    },
    /// Tell the load balancer and the like that a task runs; answer `Activated`.
    Activate {
        /// The task.
        task: TaskId,
    },
    /// Tell them that it will stop; answer `Deactivated`.
    Deactivate {
        /// The task.
        task: TaskId,
    },
    /// Pull the image, make and start the container; answer `ContainerStarted`,
    /// `ContainerFailed` or `ContainerExited`.
    StartContainer {
        /// The task.
        task: TaskId,
        /// The container.
        container: usize,
    },
    /// Send SIGTERM, or abandon the start; answer `ContainerExited` or
    /// `ContainerFailed` when it has ended.
    StopContainer {
        /// The task.
        task: TaskId,
        /// The container.
        container: usize,
    },
    /// Send SIGKILL; answer `ContainerExited` when it has ended.
    KillContainer {
        /// The task.
        task: TaskId,
        /// The container.
        container: usize,
    },
    /// News: a task moved on. Nothing to do.
    TaskChanged {
        /// The task.
        task: TaskId,
        /// From here; the same as `to` for a new task.
        from: TaskStatus,
        /// To here.
        to: TaskStatus,
    },
    /// News: an instance moved on. Nothing to do.
    InstanceChanged {
        /// The instance.
        instance: ContainerInstanceId,
        /// To here.
        to: InstanceStatus,
    },
}

/// Why an event is refused; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventError {
    /// The task is none of this cluster's, or was forgotten.
    UnknownTask {
        /// The task.
        task: TaskId,
    },
    /// The instance is none of this cluster's, or was forgotten.
    UnknownInstance {
        /// The instance.
        instance: ContainerInstanceId,
    },
    /// The task has no container at that position.
    UnknownContainer {
        /// The task.
        task: TaskId,
        /// The position.
        container: usize,
        /// How many it has.
        containers: usize,
    },
    /// The task is not where this could happen; also an answer given twice.
    TaskNotThere {
        /// The task.
        task: TaskId,
        /// Where it is.
        status: TaskStatus,
    },
    /// The instance is not where this could happen; also an answer given twice.
    InstanceNotThere {
        /// The instance.
        instance: ContainerInstanceId,
        /// Where it is.
        status: InstanceStatus,
    },
    /// The container was not told to start, or has stopped.
    ContainerNotThere {
        /// The task.
        task: TaskId,
        /// The position.
        container: usize,
    },
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTask { task } => write!(f, "{task} is none of the cluster's"),
            Self::UnknownInstance { instance } => {
                write!(f, "{instance} is none of the cluster's")
            }
            Self::UnknownContainer { task, container, containers } => {
                write!(f, "{task} has {containers} containers, none at position {container}")
            }
            Self::TaskNotThere { task, status } => {
                write!(f, "{task} is {status}: this cannot happen to it")
            }
            Self::InstanceNotThere { instance, status } => {
                write!(f, "{instance} is {status}: this cannot happen to it")
            }
            Self::ContainerNotThere { task, container } => {
                write!(f, "container {container} of {task} was not told to start, or has stopped")
            }
        }
    }
}

impl core::error::Error for EventError {}
