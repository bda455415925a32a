//! Container instances come, drain, lose their agent, and go.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::instance::{
    ContainerInstance, ContainerInstanceId, InstanceStatus, Registration, RegistrationError,
};
use super::signals::{Action, EventError};
use super::state::{Cluster, Due};
use super::task::{StopCode, TaskId, TaskStatus};
use crate::time::Instant;

/// Why an instance's state is not changed; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberError {
    /// The cluster has no such instance.
    Unknown {
        /// The instance.
        instance: ContainerInstanceId,
    },
    /// It has left the cluster, or is leaving.
    NotThere {
        /// The instance.
        instance: ContainerInstanceId,
        /// Where it is.
        status: InstanceStatus,
    },
    /// Tasks run on it, and the call does not say `force`.
    HasTasks {
        /// The instance.
        instance: ContainerInstanceId,
        /// How many have not stopped.
        tasks: usize,
    },
}

impl fmt::Display for MemberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { instance } => write!(f, "{instance} is none of the cluster's"),
            Self::NotThere { instance, status } => write!(f, "{instance} is {status}"),
            Self::HasTasks { instance, tasks } => write!(
                f,
                "Found running tasks on the instance. {instance} has {tasks} that have not \
                 stopped; use force to deregister it all the same"
            ),
        }
    }
}

impl core::error::Error for MemberError {}

impl Cluster {
    /// Takes an instance in. Without trunking it is ACTIVE at once; with trunking it
    /// is REGISTERING until `TrunkAttached`. Tasks that wait for capacity may be
    /// placed on it. O(instances).
    ///
    /// # Errors
    /// The registration breaks a rule, or the server is a member already.
    pub fn register_instance(
        &mut self,
        now: Instant,
        registration: Registration,
    ) -> Result<ContainerInstanceId, RegistrationError> {
        registration.check()?;
        let server = &registration.ec2_instance_id;
        if self.member_of_server(server).is_some() {
            let (ec2_instance_id, cluster) = (server.clone(), self.name.clone());
            return Err(RegistrationError::AlreadyRegistered { ec2_instance_id, cluster });
        }
        let now = self.clock(now);
        let id = self.new_instance_id();
        let instance = ContainerInstance::new(now, id, registration);
        let status = instance.status;
        self.instances.insert(id, instance);
        self.show_placement(id);
        self.act(Action::InstanceChanged { instance: id, to: status });
        if status == InstanceStatus::Registering {
            self.act(Action::AttachTrunk { instance: id });
        } else {
            self.place_waiting(now);
        }
        Ok(id)
    }

    /// The member that a server is, if it is one. O(instances).
    pub fn member_of_server(&self, ec2_instance_id: &str) -> Option<&ContainerInstance> {
        let is_it = |one: &&ContainerInstance| {
            one.status.is_member() && one.registration.ec2_instance_id == ec2_instance_id
        };
        self.instances.values().find(is_it)
    }

    /// Sets an instance to DRAINING: it gets no new tasks, and service tasks on it
    /// that are still PROVISIONING or PENDING are stopped at once. Its service
    /// replaces the RUNNING ones as its percentages allow; standalone tasks go on
    /// (Amazon ECS Developer Guide, "Draining Amazon ECS container instances").
    /// O(its tasks).
    ///
    /// # Errors
    /// It is unknown, or neither ACTIVE nor DRAINING.
    pub fn drain_instance(
        &mut self,
        now: Instant,
        id: ContainerInstanceId,
    ) -> Result<(), MemberError> {
        let now = self.drainable(now, id)?;
        if self.instances.get(&id).is_some_and(|one| one.status == InstanceStatus::Draining) {
            return Ok(());
        }
        self.set_instance_status(id, InstanceStatus::Draining);
        for task in self.tasks_on(id) {
            let stops = self.tasks.get(&task).is_some_and(|task| {
                task.is_of_a_service() && task.last_status <= TaskStatus::Pending
            });
            if stops {
                let reason = "Task was PENDING on a container instance that is DRAINING";
                self.begin_stop(now, task, StopCode::ServiceSchedulerInitiated, reason);
            }
        }
        Ok(())
    }

    /// Sets a DRAINING instance back to ACTIVE.
    ///
    /// # Errors
    /// It is unknown, or neither ACTIVE nor DRAINING.
    pub fn activate_instance(
        &mut self,
        now: Instant,
        id: ContainerInstanceId,
    ) -> Result<(), MemberError> {
        let now = self.drainable(now, id)?;
        if self.instances.get(&id).is_some_and(|one| one.status == InstanceStatus::Draining) {
            self.set_instance_status(id, InstanceStatus::Active);
            self.place_waiting(now);
        }
        Ok(())
    }

    fn drainable(&mut self, now: Instant, id: ContainerInstanceId) -> Result<Instant, MemberError> {
        let instance = self.instances.get(&id).ok_or(MemberError::Unknown { instance: id })?;
        match instance.status {
            InstanceStatus::Active | InstanceStatus::Draining => Ok(self.clock(now)),
            status => Err(MemberError::NotThere { instance: id, status }),
        }
    }

    /// Takes an instance out of the cluster. With `force` its tasks are given up:
    /// they count as STOPPED, whatever goes on running there. With trunking it is
    /// DEREGISTERING until `TrunkDetached`. O(its tasks).
    ///
    /// # Errors
    /// It is unknown, is leaving or has left, or has tasks and `force` is not given.
    pub fn deregister_instance(
        &mut self,
        now: Instant,
        id: ContainerInstanceId,
        force: bool,
    ) -> Result<(), MemberError> {
        let instance = self.instances.get(&id).ok_or(MemberError::Unknown { instance: id })?;
        let status = instance.status;
        if matches!(status, InstanceStatus::Inactive | InstanceStatus::Deregistering) {
            return Err(MemberError::NotThere { instance: id, status });
        }
        let tasks = instance.tasks.len();
        if tasks > 0 && !force {
            return Err(MemberError::HasTasks { instance: id, tasks });
        }
        let trunk = instance.registration.trunking
            && matches!(status, InstanceStatus::Active | InstanceStatus::Draining);
        let now = self.clock(now);
        if trunk {
            self.set_instance_status(id, InstanceStatus::Deregistering);
            self.act(Action::DetachTrunk { instance: id });
        }
        self.give_up_tasks(now, id, "Container instance deregistration forced by user");
        if !trunk {
            self.leave(now, id);
        }
        Ok(())
    }

    /// The instance has left.
    pub(super) fn leave(&mut self, now: Instant, id: ContainerInstanceId) {
        self.set_instance_status(id, InstanceStatus::Inactive);
        if let Some(instance) = self.instances.get_mut(&id) {
            instance.agent_connected = false;
            instance.gone_at = Some(now);
        }
        self.later(now.after(self.settings.retention), Due::ForgetInstance(id));
    }

    /// The server is gone with all that ran on it.
    pub(super) fn lose_instance(
        &mut self,
        now: Instant,
        id: ContainerInstanceId,
        reason: &str,
    ) -> Result<(), EventError> {
        let instance = self.known_instance(id)?;
        let status = instance.status;
        if status == InstanceStatus::Inactive {
            return Err(EventError::InstanceNotThere { instance: id, status });
        }
        let server = instance.registration.ec2_instance_id.clone();
        if let Some(instance) = self.instances.get_mut(&id) {
            instance.status_reason = Some(reason.into());
        }
        let reason = format!("Host EC2 (instance {server}) terminated. {reason}");
        self.give_up_tasks(now, id, reason.trim_end());
        self.leave(now, id);
        Ok(())
    }

    /// Nothing is placed or started there any more, and what was there has stopped.
    fn give_up_tasks(&mut self, now: Instant, id: ContainerInstanceId, reason: &str) {
        self.set_connected(id, false);
        for task in self.tasks_on(id) {
            self.abandon(now, task, StopCode::TerminationNotice, reason);
        }
    }

    /// The tasks on an instance that have not stopped, oldest first.
    pub(super) fn tasks_on(&self, id: ContainerInstanceId) -> Vec<TaskId> {
        self.instances.get(&id).map(|one| one.tasks.iter().copied().collect()).unwrap_or_default()
    }

    pub(super) fn trunk_attached(
        &mut self,
        now: Instant,
        id: ContainerInstanceId,
    ) -> Result<(), EventError> {
        self.expect_instance(id, InstanceStatus::Registering)?;
        self.set_instance_status(id, InstanceStatus::Active);
        self.place_waiting(now);
        Ok(())
    }

    pub(super) fn trunk_failed(
        &mut self,
        now: Instant,
        id: ContainerInstanceId,
        reason: String,
    ) -> Result<(), EventError> {
        self.expect_instance(id, InstanceStatus::Registering)?;
        if let Some(instance) = self.instances.get_mut(&id) {
            instance.status_reason = Some(reason);
            instance.gone_at = Some(now);
        }
        self.set_instance_status(id, InstanceStatus::RegistrationFailed);
        Ok(())
    }

    pub(super) fn trunk_detached(
        &mut self,
        now: Instant,
        id: ContainerInstanceId,
    ) -> Result<(), EventError> {
        self.expect_instance(id, InstanceStatus::Deregistering)?;
        self.leave(now, id);
        Ok(())
    }

    fn expect_instance(
        &self,
        id: ContainerInstanceId,
        wanted: InstanceStatus,
    ) -> Result<(), EventError> {
        let status = self.known_instance(id)?.status;
        if status == wanted {
            return Ok(());
        }
        Err(EventError::InstanceNotThere { instance: id, status })
    }

    /// The agent is reached again: what waited for it goes on.
    pub(super) fn agent_connected(
        &mut self,
        now: Instant,
        id: ContainerInstanceId,
    ) -> Result<(), EventError> {
        let instance = self.known_instance(id)?;
        let status = instance.status;
        if !status.is_member() {
            return Err(EventError::InstanceNotThere { instance: id, status });
        }
        if instance.agent_connected {
            return Ok(());
        }
        self.set_connected(id, true);
        for task in self.tasks_on(id) {
            self.resume_stop(now, task);
        }
        self.pump(now, id);
        for task in self.tasks_on(id) {
            self.advance(now, task);
        }
        self.place_waiting(now);
        Ok(())
    }

    /// The agent is not reached: nothing new happens there.
    pub(super) fn agent_disconnected(&mut self, id: ContainerInstanceId) -> Result<(), EventError> {
        let status = self.known_instance(id)?.status;
        if !status.is_member() {
            return Err(EventError::InstanceNotThere { instance: id, status });
        }
        self.set_connected(id, false);
        Ok(())
    }

    fn set_connected(&mut self, id: ContainerInstanceId, connected: bool) {
        if let Some(instance) = self.instances.get_mut(&id) {
            instance.agent_connected = connected;
            instance.version += 1;
        }
        self.show_placement(id);
    }

    /// Whether the agent of a task can be told something: that of its instance is
    /// connected, or it is Fargate's.
    pub(super) fn reaches_agent(&self, id: TaskId) -> bool {
        let instance = self.tasks.get(&id).and_then(|task| task.instance);
        instance.is_none_or(|id| self.instances.get(&id).is_some_and(|one| one.agent_connected))
    }
}
