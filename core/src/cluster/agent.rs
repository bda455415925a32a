//! The agent of an instance: its queue, and which container starts when.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::instance::ContainerInstanceId;
use super::signals::Action;
use super::state::{Cluster, Due};
use super::task::{
    ContainerStatus, DesiredStatus, Health, StopCode, Task, TaskContainer, TaskId, TaskStatus,
};
use super::task_definition::{Condition, Edge};
use crate::time::{Duration, Instant};

/// Whether a container can start.
enum Turn {
    /// Now.
    Ready,
    /// Others are not there yet.
    Waits,
    /// Never, because of this container.
    Never(usize, Condition),
}

impl Cluster {
    /// Lets the first tasks of an instance's queue go on, as long as what they need
    /// is free. The head blocks those behind it (`monitorQueuedTasks` of the Amazon
    /// ECS agent). O(tasks that go on).
    pub(super) fn pump(&mut self, now: Instant, id: ContainerInstanceId) {
        while let Some(instance) = self.instances.get_mut(&id)
            && instance.agent_connected
            && let Some(&head) = instance.queue.front()
        {
            let Some(task) = self.tasks.get_mut(&head) else { break };
            let Ok(gpus) = instance.free.take(&task.requirements) else { break };
            task.gpus = gpus;
            task.admitted = true;
            instance.queue.pop_front();
            self.advance(now, head);
        }
    }

    /// Takes every step that a task can take now.
    pub(super) fn advance(&mut self, now: Instant, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        if task.desired_status == DesiredStatus::Stopped {
            self.resume_stop(now, id);
            return;
        }
        let fargate = task.instance.is_none();
        if !(task.admitted || fargate)
            || !(TaskStatus::Pending..=TaskStatus::Running).contains(&task.last_status)
        {
            return;
        }
        if let Some(at) = essential_exit(task) {
            let started = task.containers[at].started;
            let name = &task.definition.container_definitions[at].name;
            let (code, reason) = if started {
                (StopCode::EssentialContainerExited, "Essential container in task exited".into())
            } else {
                let why = task.containers[at].reason().unwrap_or("it did not start");
                let reason = format!("Essential container '{name}' failed to start: {why}");
                (StopCode::TaskFailedToStart, reason)
            };
            self.begin_stop(now, id, code, &reason);
            return;
        }
        if self.start_containers(now, id) {
            return self.advance(now, id);
        }
        let Some(task) = self.tasks.get(&id) else { return };
        let up = |one: &TaskContainer| {
            matches!(one.status, ContainerStatus::Running | ContainerStatus::Stopped)
        };
        if task.last_status == TaskStatus::Pending && task.containers.iter().all(up) {
            let activation = task.activation;
            self.set_status(id, TaskStatus::Activating);
            if activation {
                self.act(Action::Activate { task: id });
            } else {
                self.set_running(now, id);
            }
        }
    }

    pub(super) fn set_running(&mut self, now: Instant, id: TaskId) {
        if let Some(task) = self.tasks.get_mut(&id) {
            task.started_at = Some(now);
        }
        self.set_status(id, TaskStatus::Running);
    }

    /// Tells every container to start whose turn it is; answers whether one can
    /// never start, which may concern others.
    fn start_containers(&mut self, now: Instant, id: TaskId) -> bool {
        let Some(task) = self.tasks.get_mut(&id) else { return false };
        let edges = task.definition.edges();
        let mut told = Vec::new();
        let mut given_up = false;
        for at in 0..task.containers.len() {
            if task.containers[at].status != ContainerStatus::Pending {
                continue;
            }
            match turn(task, &edges, at) {
                Turn::Waits => {}
                Turn::Ready => {
                    let container = &mut task.containers[at];
                    container.status = ContainerStatus::Starting;
                    container.start_told_at = Some(now);
                    let limit = task.definition.container_definitions[at].start_timeout;
                    let waited_for = edges.iter().any(|edge| edge.on == at);
                    told.push((at, limit.filter(|_| waited_for)));
                }
                Turn::Never(on, condition) => {
                    let name = &task.definition.container_definitions[on].name;
                    let reason = format!(
                        "DependencyError: container '{name}' will never be {}",
                        condition.as_str()
                    );
                    give_up(&mut task.containers[at], reason);
                    given_up = true;
                }
            }
        }
        for (container, limit) in told {
            self.act(Action::StartContainer { task: id, container });
            if let Some(seconds) = limit.and_then(|seconds| u64::try_from(seconds).ok()) {
                let at = now.after(Duration::from_secs(seconds));
                self.later(at, Due::StartTimeout(id, container));
            }
        }
        given_up
    }

    /// A container had its time to become what others wait for: they give up, and
    /// the task with them ("the task transitions to STOPPED").
    pub(super) fn start_timeout(&mut self, now: Instant, id: TaskId, on: usize) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if task.desired_status == DesiredStatus::Stopped {
            return;
        }
        let waits = |edge: &Edge| {
            edge.on == on
                && task.containers[edge.waits].status == ContainerStatus::Pending
                && !met(&task.containers[on], edge.condition)
        };
        let Some(edge) = task.definition.edges().into_iter().find(waits) else { return };
        let names = &task.definition.container_definitions;
        let reason = format!(
            "DependencyError: container '{}' was not {} within its startTimeout, so '{}' did not \
             start",
            names[on].name,
            edge.condition.as_str(),
            names[edge.waits].name
        );
        give_up(&mut task.containers[edge.waits], reason.clone());
        self.begin_stop(now, id, StopCode::TaskFailedToStart, &reason);
    }
}

fn give_up(container: &mut TaskContainer, reason: String) {
    container.status = ContainerStatus::Stopped;
    container.reason = Some(reason);
}

/// The first essential container that has stopped.
fn essential_exit(task: &Task) -> Option<usize> {
    let definitions = &task.definition.container_definitions;
    let stopped = |at: &usize| task.containers[*at].status == ContainerStatus::Stopped;
    let mut exited = (0..definitions.len()).filter(stopped);
    exited.find(|at| definitions[*at].is_essential())
}

/// Whether a container is what another waits for.
fn met(on: &TaskContainer, condition: Condition) -> bool {
    let stopped = on.status == ContainerStatus::Stopped;
    match condition {
        Condition::Start => on.started,
        Condition::Complete => stopped && on.started,
        Condition::Success => stopped && on.started && on.exit_code == Some(0),
        Condition::Healthy => on.health == Health::Healthy && !stopped,
    }
}

/// Whether all that a container waits for is there, or can still come.
fn turn(task: &Task, edges: &[Edge], at: usize) -> Turn {
    let mut turn = Turn::Ready;
    for edge in edges.iter().filter(|edge| edge.waits == at) {
        let on = &task.containers[edge.on];
        if met(on, edge.condition) {
            continue;
        }
        if on.status == ContainerStatus::Stopped {
            return Turn::Never(edge.on, edge.condition);
        }
        turn = Turn::Waits;
    }
    turn
}
