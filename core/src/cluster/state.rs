//! The type [`Cluster`]: what it holds, how it keeps time, look-ups.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use super::capacity_provider::{CapacityProvider, ProviderShare};
use super::instance::{ContainerInstance, ContainerInstanceId, InstanceStatus};
use super::reserved::Daemon;
use super::signals::{Action, EventError};
use super::task::{DEFAULT_STOP_TIMEOUT, Task, TaskId, TaskStatus};
use super::task_definition::Rules;
use crate::id::NodeId;
use crate::placement::view::View;
use crate::time::{Duration, Instant};

/// Whether a task that was asked to stop still counts for the scheduler.
///
/// The agent always counts it until it has STOPPED.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoppingTasks {
    /// It does: `remainingResources` return when the task has STOPPED. Placement
    /// then never gives a task to an instance where it would have to wait.
    #[default]
    Held,
    /// It does not. This is what AWS says it does ("Amazon ECS enables faster task
    /// launches", 2023: the scheduler optimistically takes resources of stopping
    /// tasks as free); a new task then waits PENDING in its agent's queue, strictly
    /// first in, first out, until what it needs is really free.
    Free,
}

/// How a cluster behaves where AWS leaves a choice to its user, or says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether tasks that were asked to stop still count.
    pub stopping_tasks: StoppingTasks,
    /// From SIGTERM to SIGKILL for containers that say nothing: the agent's
    /// `ECS_CONTAINER_STOP_TIMEOUT`, 30 s.
    pub stop_timeout: Duration,
    /// How long a stopped task and an instance that left are still described: 1 h.
    pub retention: Duration,
    /// How long a task waits for the capacity of a provider before it fails: 30 min
    /// (AWS's pages speak of 10 to 30).
    pub provisioning_timeout: Duration,
    /// The most tasks that wait so: 500, AWS's quota.
    pub max_waiting: usize,
    /// The rules of definitions with overrides.
    pub rules: Rules,
    /// Of the draws of the strategy `random`.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stopping_tasks: StoppingTasks::Held,
            stop_timeout: DEFAULT_STOP_TIMEOUT,
            retention: Duration::from_secs(3_600),
            provisioning_timeout: Duration::from_secs(1_800),
            max_waiting: 500,
            rules: Rules::default(),
            seed: 0,
        }
    }
}

/// What falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A container had its time to stop.
    Kill(TaskId, usize),
    /// A container had its time to become what others wait for.
    StartTimeout(TaskId, usize),
    /// A task had its time to find capacity.
    NoCapacity(TaskId),
    /// A stopped task is described no longer.
    ForgetTask(TaskId),
    /// An instance that left is described no longer.
    ForgetInstance(ContainerInstanceId),
}

/// Tasks in a cluster, by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tasks that are RUNNING.
    pub running: u32,
    /// Tasks that are PROVISIONING, PENDING or ACTIVATING.
    pub pending: u32,
    /// Tasks after RUNNING that have not STOPPED.
    pub stopping: u32,
}

/// Container instances and tasks under one name.
///
/// A cluster without instances runs Fargate tasks only (the console's "network
/// only"); instances can be registered at any time.
#[derive(Debug)]
pub struct Cluster {
    pub(super) name: String,
    pub(super) settings: Settings,
    now: Instant,
    clamped: u64,
    pub(super) instances: BTreeMap<ContainerInstanceId, ContainerInstance>,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    /// The scheduler's account, as placement reads it.
    pub(super) view: View,
    /// Which instance a node of it is.
    pub(super) nodes: BTreeMap<NodeId, ContainerInstanceId>,
    pub(super) providers: BTreeMap<String, CapacityProvider>,
    pub(super) default_strategy: Vec<ProviderShare>,
    /// Daemons that room is kept for, by the groups of their services.
    pub(super) daemons: BTreeMap<String, Daemon>,
    /// Tasks without an instance that wait for capacity, oldest first.
    pub(super) waiting: VecDeque<TaskId>,
    actions: VecDeque<Action>,
    due: BTreeSet<(Instant, Due)>,
    next_instance: u64,
    next_task: u64,
}

impl Cluster {
    /// A cluster of that name with nothing in it.
    pub fn new(name: &str, settings: Settings) -> Self {
        Self {
            name: name.into(),
            settings,
            now: Instant::ZERO,
            clamped: 0,
            instances: BTreeMap::new(),
            tasks: BTreeMap::new(),
            view: View::new(settings.seed),
            nodes: BTreeMap::new(),
            providers: BTreeMap::new(),
            default_strategy: Vec::new(),
            daemons: BTreeMap::new(),
            waiting: VecDeque::new(),
            actions: VecDeque::new(),
            due: BTreeSet::new(),
            next_instance: 0,
            next_task: 0,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it behaves.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// An instance; also for a while after it left. O(log instances).
    pub fn instance(&self, id: ContainerInstanceId) -> Option<&ContainerInstance> {
        self.instances.get(&id)
    }

    /// All instances, in the order of registration.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = &ContainerInstance> {
        self.instances.values()
    }

    /// A task; also for a while after it stopped. O(log tasks).
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(&id)
    }

    /// All tasks, in the order of creation.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = &Task> + ExactSizeIterator {
        self.tasks.values()
    }

    /// The tasks of a group (`service:NAME`), oldest first. O(tasks).
    pub fn tasks_of<'a>(&'a self, group: &'a str) -> impl DoubleEndedIterator<Item = &'a Task> {
        self.tasks.values().filter(move |task| task.group == group)
    }

    /// How many tasks stand where. O(tasks).
    pub fn counts(&self) -> Counts {
        count(self.tasks.values())
    }

    /// The same on one instance. O(its tasks · log tasks).
    pub fn counts_on(&self, id: ContainerInstanceId) -> Counts {
        let Some(instance) = self.instances.get(&id) else { return Counts::default() };
        count(instance.tasks.iter().filter_map(|task| self.tasks.get(task)))
    }

    /// What the host shall do next; `None` when that is all.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_time`](Self::handle_time) is due; `None`: nothing waits for time.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Lets everything happen that is due by `now`, in the order of its time.
    /// O(due · log due).
    pub fn handle_time(&mut self, now: Instant) {
        let now = self.clock(now);
        while let Some(&(at, due)) = self.due.first()
            && at <= now
        {
            self.due.pop_first();
            match due {
                Due::Kill(task, container) => self.kill(task, container),
                Due::StartTimeout(task, container) => self.start_timeout(now, task, container),
                Due::NoCapacity(task) => self.give_up_waiting(now, task),
                Due::ForgetTask(task) => {
                    self.tasks.remove(&task);
                }
                Due::ForgetInstance(instance) => {
                    self.instances.remove(&instance);
                }
            }
        }
    }

    /// How often a call's time was before an earlier call's.
    pub const fn clamped(&self) -> u64 {
        self.clamped
    }

    /// The time of this call: never before that of an earlier one.
    pub(super) fn clock(&mut self, now: Instant) -> Instant {
        if now < self.now {
            self.clamped += 1;
        } else {
            self.now = now;
        }
        self.now
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(super) fn later(&mut self, at: Instant, due: Due) {
        self.due.insert((at, due));
    }

    pub(super) const fn new_task_id(&mut self) -> TaskId {
        self.next_task += 1;
        TaskId(self.next_task)
    }

    pub(super) const fn new_instance_id(&mut self) -> ContainerInstanceId {
        self.next_instance += 1;
        ContainerInstanceId(self.next_instance)
    }

    /// Moves a task on and says so.
    pub(super) fn set_status(&mut self, id: TaskId, to: TaskStatus) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let from = core::mem::replace(&mut task.last_status, to);
        task.version += 1;
        if let Some(hold) = task.hold {
            // `runningTasksCount` of the query language. A hold goes with its node.
            let _ = self.view.set_running(hold, to == TaskStatus::Running);
        }
        self.act(Action::TaskChanged { task: id, from, to });
    }

    /// Moves an instance on and says so.
    pub(super) fn set_instance_status(&mut self, id: ContainerInstanceId, to: InstanceStatus) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        instance.status = to;
        instance.version += 1;
        self.show_placement(id);
        self.act(Action::InstanceChanged { instance: id, to });
    }

    pub(super) fn known_task(&self, task: TaskId) -> Result<&Task, EventError> {
        self.tasks.get(&task).ok_or(EventError::UnknownTask { task })
    }

    pub(super) fn known_instance(
        &self,
        instance: ContainerInstanceId,
    ) -> Result<&ContainerInstance, EventError> {
        self.instances.get(&instance).ok_or(EventError::UnknownInstance { instance })
    }
}

fn count<'a>(tasks: impl Iterator<Item = &'a Task>) -> Counts {
    let mut counts = Counts::default();
    for task in tasks {
        match task.last_status {
            TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Activating => {
                counts.pending += 1;
            }
            TaskStatus::Running => counts.running += 1,
            TaskStatus::Stopped => {}
            _ => counts.stopping += 1,
        }
    }
    counts
}
