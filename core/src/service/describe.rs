//! What can be asked of a service.

use super::control::{Service, ServiceStatus, Tracked};
use super::deployment::{Deployment, Rollout};
use super::events::ServiceEvent;
use super::health::Stage;
use super::observed::{ObservedTask, TaskKey, TaskStatus};
use super::rolling::StopReason;
use super::spec::{Scheduling, ServiceSpec};
use super::target_group::TargetGroup;
use crate::time::{Duration, Instant};

impl Service {
    /// Its settings, the revision of a rollback included.
    pub const fn spec(&self) -> &ServiceSpec {
        &self.spec
    }

    /// Its status.
    pub const fn status(&self) -> ServiceStatus {
        self.status
    }

    /// How many tasks it is to have.
    pub fn desired(&self) -> u32 {
        match self.spec.scheduling {
            Scheduling::Replica { desired } => desired,
            Scheduling::Daemon => {
                let wanting = self.instances.values().filter(|at| at.wants_daemon()).count();
                u32::try_from(wanting).unwrap_or(u32::MAX)
            }
        }
    }

    /// How many of its tasks are `RUNNING`, those told to stop among them.
    pub fn running_count(&self) -> u32 {
        self.count(|task| task.seen.status == TaskStatus::Running)
    }

    /// How many of its tasks, and of the starts not yet answered, are on their
    /// way to `RUNNING`.
    pub fn pending_count(&self) -> u32 {
        let ordered = u32::try_from(self.orders.len()).unwrap_or(u32::MAX);
        self.count(|task| task.seen.status.is_pending()).saturating_add(ordered)
    }

    /// How many of its tasks counted to the floor at the last look.
    pub fn healthy_count(&self) -> u32 {
        self.count(|task| task.told.is_none() && task.stage == Stage::Healthy)
    }

    /// How many of its tasks count to the ceiling and were not told to stop.
    pub fn remaining_count(&self) -> u32 {
        self.count(|task| task.told.is_none() && task.seen.status.counts())
    }

    fn count(&self, which: impl Fn(&Tracked) -> bool) -> u32 {
        let tasks = self.tasks.values().filter(|task| which(task)).count();
        u32::try_from(tasks).unwrap_or(u32::MAX)
    }

    /// Its deployments, the oldest first: the primary, those with tasks left,
    /// and the one to roll back to.
    pub fn deployments(&self) -> impl Iterator<Item = &Deployment> {
        self.deployments.values()
    }

    /// The deployment whose tasks it is to have.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.get(&self.primary)
    }

    /// Its tasks that are not `STOPPED`, in order of their keys.
    pub fn tasks(&self) -> impl Iterator<Item = &ObservedTask> {
        self.tasks.values().map(|task| &task.seen)
    }

    /// Whether a task was told to stop, and why.
    pub fn told(&self, task: TaskKey) -> Option<StopReason> {
        self.tasks.get(&task).and_then(|task| task.told)
    }

    /// Until when a task is protected from scale-in and deployments, if it is.
    pub fn protected_until(&self, task: TaskKey) -> Option<Instant> {
        let until = self.tasks.get(&task).and_then(|task| task.protected_until);
        until.filter(|until| *until > self.now)
    }

    /// Whether it is in a steady state: the primary deployment is complete, and
    /// all its tasks are healthy and no others are left.
    pub fn is_steady(&self) -> bool {
        let complete = self.primary().is_some_and(|at| at.rollout == Rollout::Completed);
        let settled =
            self.tasks.values().all(|task| !task.seen.status.counts() || task.told.is_none());
        complete && settled && self.orders.is_empty() && self.healthy_count() == self.desired()
    }

    /// The last 100 events, the oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &ServiceEvent> {
        self.log.iter()
    }

    /// From now on every event is kept until [`take_events`](Self::take_events): one
    /// look at a large service has more than a hundred.
    #[cfg(feature = "sim")]
    pub(crate) const fn keep_all_events(&mut self) {
        self.log.keep_all();
    }

    /// The events since the last call of this, the oldest first.
    #[cfg(feature = "sim")]
    pub(crate) fn take_events(&mut self) -> impl Iterator<Item = ServiceEvent> {
        self.log.take()
    }

    /// The targets of the load balancer.
    pub const fn target_group(&mut self) -> Option<&mut TargetGroup> {
        self.targets.as_mut()
    }

    /// How often a call brought a time earlier than one before.
    pub const fn backward_calls(&self) -> u64 {
        self.backwards
    }

    /// How long a start that found no room still waits, if nothing changes.
    pub fn waits_for_room(&self) -> Option<Duration> {
        self.no_room_until.map(|until| until.since(self.now))
    }

    /// Whether a running task on that status counts as a target of requests.
    pub fn serves(&self, task: TaskKey) -> bool {
        self.tasks
            .get(&task)
            .is_some_and(|task| task.seen.status == TaskStatus::Running && task.told.is_none())
    }
}
