//! What agents and the host report about tasks, and what follows from it.

use super::signals::{Action, Event, EventError};
use super::state::Cluster;
use super::task::{
    ContainerStatus, DesiredStatus, Health, OUT_OF_MEMORY, TaskContainer, TaskId, TaskStatus,
};
use crate::time::Instant;

impl Cluster {
    /// Takes in what happened. O(containers² + tasks that it lets go on).
    ///
    /// # Errors
    /// The event cannot be: it names nothing of this cluster, or something that is
    /// not where this could happen to it. Then nothing has changed.
    pub fn handle(&mut self, now: Instant, event: Event) -> Result<(), EventError> {
        let now = self.clock(now);
        match event {
            Event::AgentConnected { instance } => self.agent_connected(now, instance),
            Event::AgentDisconnected { instance } => self.agent_disconnected(instance),
            Event::TrunkAttached { instance } => self.trunk_attached(now, instance),
            Event::TrunkFailed { instance, reason } => self.trunk_failed(now, instance, reason),
            Event::TrunkDetached { instance } => self.trunk_detached(now, instance),
            Event::InstanceLost { instance, reason } => self.lose_instance(now, instance, &reason),
            Event::Provisioned { task } => self.provisioned(now, task),
            Event::ProvisionFailed { task, reason } => self.provision_failed(now, task, &reason),
            Event::Deprovisioned { task } => self.deprovisioned(now, task),
            Event::Activated { task } => self.activated(now, task),
            Event::Deactivated { task } => self.deactivated(now, task),
            Event::ContainerStarted { task, container } => self.started(now, task, container),
            Event::ContainerFailed { task, container, reason } => {
                self.ended(now, task, container, |one| one.reason = Some(reason))
            }
            Event::ContainerExited { task, container, exit_code } => {
                self.ended(now, task, container, |one| {
                    one.started = true;
                    one.exit_code = Some(exit_code);
                })
            }
            Event::ContainerHealth { task, container, health } => {
                self.health(now, task, container, health)
            }
            Event::MemoryUsed { task, container, memory_mib } => {
                self.memory_used(task, container, memory_mib)
            }
            Event::SpotInterruption { task } => self.spot_interruption(now, task),
        }
    }

    fn provisioned(&mut self, now: Instant, id: TaskId) -> Result<(), EventError> {
        let task = self.known_task(id)?;
        let status = task.last_status;
        if status != TaskStatus::Provisioning || !task.provisioned {
            return Err(EventError::TaskNotThere { task: id, status });
        }
        self.set_status(id, TaskStatus::Pending);
        self.enqueue(now, id);
        Ok(())
    }

    /// A task reaches its agent: it waits in the queue, unless it shall stop.
    pub(super) fn enqueue(&mut self, now: Instant, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        let stops = task.desired_status == DesiredStatus::Stopped;
        let at = task.instance;
        if let Some(at) = at.filter(|_| !stops) {
            if let Some(instance) = self.instances.get_mut(&at) {
                instance.queue.push_back(id);
            }
            self.pump(now, at);
        } else {
            self.advance(now, id);
        }
    }

    fn activated(&mut self, now: Instant, id: TaskId) -> Result<(), EventError> {
        let task = self.known_task(id)?;
        let status = task.last_status;
        if status != TaskStatus::Activating || !task.activation {
            return Err(EventError::TaskNotThere { task: id, status });
        }
        self.set_running(now, id);
        Ok(())
    }

    /// A container that was told to start, and has not stopped.
    fn live_container(&mut self, id: TaskId, at: usize) -> Result<&mut TaskContainer, EventError> {
        let task = self.tasks.get_mut(&id).ok_or(EventError::UnknownTask { task: id })?;
        let containers = task.containers.len();
        let unknown = EventError::UnknownContainer { task: id, container: at, containers };
        let container = task.containers.get_mut(at).ok_or(unknown)?;
        match container.status {
            ContainerStatus::Starting | ContainerStatus::Running | ContainerStatus::Stopping => {
                Ok(container)
            }
            _ => Err(EventError::ContainerNotThere { task: id, container: at }),
        }
    }

    fn started(&mut self, now: Instant, id: TaskId, at: usize) -> Result<(), EventError> {
        let container = self.live_container(id, at)?;
        if container.started {
            return Err(EventError::ContainerNotThere { task: id, container: at });
        }
        container.started = true;
        // It may have been told to stop while it started: then it still stops.
        if container.status == ContainerStatus::Starting {
            container.status = ContainerStatus::Running;
        }
        self.advance(now, id);
        Ok(())
    }

    fn ended(
        &mut self,
        now: Instant,
        id: TaskId,
        at: usize,
        how: impl FnOnce(&mut TaskContainer),
    ) -> Result<(), EventError> {
        let container = self.live_container(id, at)?;
        container.status = ContainerStatus::Stopped;
        how(container);
        if container.killed_for_memory {
            container.reason = Some(OUT_OF_MEMORY.into());
        }
        self.advance(now, id);
        Ok(())
    }

    fn health(
        &mut self,
        now: Instant,
        id: TaskId,
        at: usize,
        health: Health,
    ) -> Result<(), EventError> {
        self.live_container(id, at)?.health = health;
        if let Some(task) = self.tasks.get_mut(&id) {
            task.version += 1;
        }
        self.advance(now, id);
        Ok(())
    }

    /// Above the container's hard limit it is killed; above the task's, the container
    /// that uses the most of it (the first of them). The soft limit binds nothing.
    fn memory_used(&mut self, id: TaskId, at: usize, used: u32) -> Result<(), EventError> {
        self.live_container(id, at)?.memory_used_mib = used;
        let Some(task) = self.tasks.get(&id) else { return Ok(()) };
        let hard = task.definition.container_definitions[at].memory;
        let live = |one: &&TaskContainer| {
            !matches!(one.status, ContainerStatus::Pending | ContainerStatus::Stopped)
        };
        let total: u64 =
            task.containers.iter().filter(live).map(|one| u64::from(one.memory_used_mib)).sum();
        let above = |bound: Option<i64>, used: u64| {
            bound.is_some_and(|bound| u64::try_from(bound).is_ok_and(|bound| used > bound))
        };
        let victim = if above(hard, u64::from(used)) {
            at
        } else if above(task.definition.memory, total) {
            let order = |at: &usize| {
                let one = &task.containers[*at];
                (live(&one).then_some(one.memory_used_mib), core::cmp::Reverse(*at))
            };
            (0..task.containers.len()).max_by_key(order).unwrap_or(at)
        } else {
            return Ok(());
        };
        let Some(task) = self.tasks.get_mut(&id) else { return Ok(()) };
        if !core::mem::replace(&mut task.containers[victim].killed_for_memory, true) {
            self.act(Action::KillContainer { task: id, container: victim });
        }
        Ok(())
    }
}
