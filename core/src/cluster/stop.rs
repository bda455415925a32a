//! A task stops: who asked, in which order its containers end, when what it held is free.

use alloc::string::{String, ToString};
use core::fmt;

use super::signals::{Action, EventError};
use super::state::{Cluster, Due, StoppingTasks};
use super::task::{ContainerStatus, DesiredStatus, LaunchType, StopCode, TaskId, TaskStatus};
use crate::time::{Duration, Instant};

/// The longest time that Fargate gives between SIGTERM and SIGKILL.
const FARGATE_MAX_STOP: Duration = Duration::from_secs(120);

/// Why a task is not stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopError {
    /// The cluster has no such task, or forgot it.
    Unknown {
        /// The task.
        task: TaskId,
    },
}

impl fmt::Display for StopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Unknown { task } = self;
        write!(f, "The referenced task was not found: {task}")
    }
}

impl core::error::Error for StopError {}

impl Cluster {
    /// Asks a task to stop: SIGTERM to its containers, each after those that wait
    /// for it, and SIGKILL after their `stopTimeout`. A task that has been asked
    /// before, or has stopped, is left as it is. What it holds is free when it has
    /// STOPPED, not now. O(containers²).
    ///
    /// # Errors
    /// There is no such task.
    pub fn stop_task(
        &mut self,
        now: Instant,
        task: TaskId,
        code: StopCode,
        reason: &str,
    ) -> Result<(), StopError> {
        if !self.tasks.contains_key(&task) {
            return Err(StopError::Unknown { task });
        }
        let now = self.clock(now);
        self.begin_stop(now, task, code, reason);
        Ok(())
    }

    /// Sets the desired status; the first reason stays.
    pub(super) fn begin_stop(&mut self, now: Instant, id: TaskId, code: StopCode, reason: &str) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if task.desired_status == DesiredStatus::Stopped {
            return;
        }
        task.desired_status = DesiredStatus::Stopped;
        task.stop_code = Some(code);
        task.stopped_reason = Some(reason.into());
        task.stopping_at = Some(now);
        task.version += 1;
        if self.settings.stopping_tasks == StoppingTasks::Free {
            self.uncount(id);
            self.place_waiting(now);
        }
        self.resume_stop(now, id);
    }

    /// The next step of a task that shall stop, if it can be taken now.
    pub(super) fn resume_stop(&mut self, now: Instant, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        if task.desired_status != DesiredStatus::Stopped || !self.reaches_agent(id) {
            return;
        }
        match task.last_status {
            TaskStatus::Provisioning if task.waits_for_capacity() => {
                self.waiting.retain(|waiting| *waiting != id);
                self.finish(now, id);
            }
            // The answer of the host is awaited first.
            TaskStatus::Provisioning => {}
            TaskStatus::Pending if !task.admitted => {
                let instance = task.instance;
                if let Some(instance) = instance.and_then(|id| self.instances.get_mut(&id)) {
                    instance.queue.retain(|queued| *queued != id);
                }
                self.deprovision_or_finish(now, id);
                // Whoever waited behind it may have room.
                if let Some(instance) = instance {
                    self.pump(now, instance);
                }
            }
            TaskStatus::Pending | TaskStatus::Activating => {
                self.set_status(id, TaskStatus::Stopping);
                self.stop_containers(now, id);
            }
            TaskStatus::Running => {
                let activation = task.activation;
                self.set_status(id, TaskStatus::Deactivating);
                if activation {
                    self.act(Action::Deactivate { task: id });
                } else {
                    self.set_status(id, TaskStatus::Stopping);
                    self.stop_containers(now, id);
                }
            }
            TaskStatus::Stopping => self.stop_containers(now, id),
            TaskStatus::Deactivating | TaskStatus::Deprovisioning | TaskStatus::Stopped => {}
        }
    }

    pub(super) fn deactivated(&mut self, now: Instant, id: TaskId) -> Result<(), EventError> {
        let status = self.known_task(id)?.last_status;
        if status != TaskStatus::Deactivating {
            return Err(EventError::TaskNotThere { task: id, status });
        }
        self.set_status(id, TaskStatus::Stopping);
        self.stop_containers(now, id);
        Ok(())
    }

    /// Tells containers to stop, each once those that wait for it have stopped (the
    /// agent's shutdown order), and goes on when all have.
    pub(super) fn stop_containers(&mut self, now: Instant, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let edges = task.definition.edges();
        let mut told = alloc::vec::Vec::new();
        loop {
            let stopped = |at: usize| task.containers[at].status == ContainerStatus::Stopped;
            let free = |at: &usize| {
                let live = !matches!(
                    task.containers[*at].status,
                    ContainerStatus::Stopped | ContainerStatus::Stopping
                );
                live && edges.iter().all(|edge| edge.on != *at || stopped(edge.waits))
            };
            let Some(at) = (0..task.containers.len()).find(free) else { break };
            let container = &mut task.containers[at];
            if container.status == ContainerStatus::Pending {
                container.status = ContainerStatus::Stopped;
            } else {
                container.status = ContainerStatus::Stopping;
                told.push(at);
            }
        }
        let all = task.containers.iter().all(|one| one.status == ContainerStatus::Stopped);
        let fargate = task.launch == LaunchType::Fargate;
        let timeouts =
            told.iter().map(|at| task.definition.container_definitions[*at].stop_timeout);
        let timeouts: alloc::vec::Vec<Option<i64>> = timeouts.collect();
        for (at, timeout) in told.into_iter().zip(timeouts) {
            let seconds = timeout.and_then(|seconds| u64::try_from(seconds).ok());
            let timeout = seconds.map_or(self.settings.stop_timeout, Duration::from_secs);
            let timeout = if fargate { timeout.min(FARGATE_MAX_STOP) } else { timeout };
            self.act(Action::StopContainer { task: id, container: at });
            self.later(now.after(timeout), Due::Kill(id, at));
        }
        if all {
            self.deprovision_or_finish(now, id);
        }
    }

    /// A container had its time: SIGKILL.
    pub(super) fn kill(&mut self, id: TaskId, container: usize) {
        let status = self.tasks.get(&id).map(|task| task.containers[container].status);
        if status == Some(ContainerStatus::Stopping) {
            self.act(Action::KillContainer { task: id, container });
        }
    }

    /// All containers have ended: give the interface back, or be done.
    fn deprovision_or_finish(&mut self, now: Instant, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        if task.provisioned {
            self.set_status(id, TaskStatus::Deprovisioning);
            self.act(Action::Deprovision { task: id });
        } else {
            self.finish(now, id);
        }
    }

    pub(super) fn deprovisioned(&mut self, now: Instant, id: TaskId) -> Result<(), EventError> {
        let task = self.known_task(id)?;
        let status = task.last_status;
        if status != TaskStatus::Deprovisioning {
            return Err(EventError::TaskNotThere { task: id, status });
        }
        if let Some(task) = self.tasks.get_mut(&id) {
            task.provisioned = false;
        }
        self.finish(now, id);
        Ok(())
    }

    pub(super) fn provision_failed(
        &mut self,
        now: Instant,
        id: TaskId,
        reason: &str,
    ) -> Result<(), EventError> {
        let task = self.known_task(id)?;
        let status = task.last_status;
        if status != TaskStatus::Provisioning || !task.provisioned {
            return Err(EventError::TaskNotThere { task: id, status });
        }
        if let Some(task) = self.tasks.get_mut(&id) {
            task.provisioned = false;
        }
        self.fail(now, id, StopCode::TaskFailedToStart, reason);
        self.finish(now, id);
        Ok(())
    }

    /// The task's instance is gone: it has STOPPED, whatever runs there.
    pub(super) fn abandon(&mut self, now: Instant, id: TaskId, code: StopCode, reason: &str) {
        self.fail(now, id, code, reason);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.provisioned = false;
        self.finish(now, id);
    }

    /// Notes why a task ends, unless that is known.
    fn fail(&mut self, now: Instant, id: TaskId, code: StopCode, reason: &str) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.desired_status = DesiredStatus::Stopped;
        task.stop_code.get_or_insert(code);
        task.stopped_reason.get_or_insert_with(|| reason.to_string());
        task.stopping_at.get_or_insert(now);
    }

    /// The task has STOPPED: now what it held is free, and those that waited for it
    /// go on.
    pub(super) fn finish(&mut self, now: Instant, id: TaskId) {
        self.uncount(id);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if task.last_status == TaskStatus::Stopped {
            return;
        }
        task.stopped_at = Some(now);
        for container in &mut task.containers {
            container.status = ContainerStatus::Stopped;
        }
        let instance = task.instance;
        let admitted = core::mem::replace(&mut task.admitted, false);
        let gpus = core::mem::replace(&mut task.gpus, 0);
        let task = &*task;
        if let Some(instance) = instance.and_then(|at| self.instances.get_mut(&at)) {
            if admitted {
                instance.free.give_back(&task.requirements, gpus);
            }
            instance.tasks.remove(&id);
            instance.queue.retain(|queued| *queued != id);
            instance.version += 1;
        }
        self.set_status(id, TaskStatus::Stopped);
        self.later(now.after(self.settings.retention), Due::ForgetTask(id));
        if let Some(instance) = instance {
            self.pump(now, instance);
        }
        self.place_waiting(now);
    }

    /// Takes the task out of the scheduler's account.
    fn uncount(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if !core::mem::replace(&mut task.counted, false) {
            return;
        }
        let gpus = core::mem::replace(&mut task.counted_gpus, 0);
        if let Some(hold) = task.hold.take() {
            // Stale only where the node is gone, and the room with it.
            let _ = self.view.release(hold);
        }
        let Some(at) = task.instance else { return };
        if let Some(instance) = self.instances.get_mut(&at) {
            instance.remaining.give_back(&task.requirements, gpus);
            instance.version += 1;
        }
        self.keep_on(at);
    }

    /// Fargate Spot takes the capacity back: SIGTERM now.
    pub(super) fn spot_interruption(&mut self, now: Instant, id: TaskId) -> Result<(), EventError> {
        let task = self.known_task(id)?;
        let status = task.last_status;
        if status == TaskStatus::Stopped {
            return Err(EventError::TaskNotThere { task: id, status });
        }
        let reason: String = "Your Spot Task was interrupted.".into();
        self.begin_stop(now, id, StopCode::SpotInterruption, &reason);
        Ok(())
    }
}
