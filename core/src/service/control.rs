//! The control loop of one service: what is observed comes in, what is to be
//! done goes out.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::backoff::Backoff;
use super::deployment::{Deployment, Rollout};
use super::error::{DeleteError, UnknownOrder, UnknownTask};
use super::events::{self, Condition, EventLog, Unplaced};
use super::health::Stage;
use super::moves::Moving;
use super::observed::{
    DeploymentKey, Health, InstanceKey, ObservedInstance, ObservedTask, OrderKey, TaskKey,
    TaskStatus, ZoneKey,
};
use super::protection::Protection;
use super::rolling::StopReason;
use super::spec::{Revision, Scheduling, ServiceSpec, ServiceUpdate, SpecError};
use super::target_group::TargetGroup;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// Where a start is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Where {
    /// Wherever the placement strategies say.
    Anywhere,
    /// On this instance: a daemon's.
    Instance(InstanceKey),
    /// In this zone, by the strategies: a task that moves.
    Zone(ZoneKey),
}

/// What the host is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Action {
    /// Place and start a task, then answer with
    /// [`Service::handle_placed`] or [`Service::handle_unplaced`].
    Start {
        /// What the answer names.
        order: OrderKey,
        /// The deployment that it is for.
        deployment: DeploymentKey,
        /// What it runs.
        revision: Revision,
        /// Where.
        place: Where,
    },
    /// Stop a task, then report its status through [`Service::handle_task`].
    Stop {
        /// The task.
        task: TaskKey,
        /// Why.
        reason: StopReason,
    },
    /// Register a task with the target group.
    Register {
        /// The task.
        task: TaskKey,
    },
    /// Deregister a task. If it is to stop, its stop follows when it has drained.
    Deregister {
        /// The task.
        task: TaskKey,
    },
}

/// `status` of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ServiceStatus {
    /// It keeps its tasks.
    Active,
    /// Deleted, with tasks left.
    Draining,
    /// Deleted, without.
    Inactive,
}

impl ServiceStatus {
    /// ECS's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// A task and what the loop remembers of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracked {
    pub(super) seen: ObservedTask,
    /// As of the last look.
    pub(super) stage: Stage,
    /// Why it was told to stop.
    pub(super) told: Option<StopReason>,
    pub(super) protected_until: Option<Instant>,
    /// It counted to the floor at some time.
    pub(super) was_healthy: bool,
    /// Its failed checks have been counted.
    pub(super) failed_checks: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) deployment: DeploymentKey,
    pub(super) place: Where,
}

/// A service: deployments, tasks, instances and the load balancer's targets.
///
/// The page of the [module](super) has the contract and an example.
#[derive(Debug)]
pub struct Service {
    pub(super) spec: ServiceSpec,
    pub(super) status: ServiceStatus,
    /// In order of their keys; a rollback makes an older one primary.
    pub(super) deployments: BTreeMap<DeploymentKey, Deployment>,
    pub(super) primary: DeploymentKey,
    pub(super) last_completed: Option<DeploymentKey>,
    pub(super) tasks: BTreeMap<TaskKey, Tracked>,
    pub(super) instances: BTreeMap<InstanceKey, ObservedInstance>,
    /// Zones in which tasks need no instance.
    pub(super) fargate_zones: Vec<ZoneKey>,
    pub(super) orders: BTreeMap<OrderKey, Order>,
    pub(super) targets: Option<TargetGroup>,
    pub(super) backoff: Backoff,
    /// A start found no room; until when that is believed.
    pub(super) no_room_until: Option<Instant>,
    /// The same of a daemon's start on one instance.
    pub(super) refused_until: BTreeMap<InstanceKey, Instant>,
    pub(super) moving: Moving,
    pub(super) no_move_before: Instant,
    pub(super) log: EventLog,
    pub(super) actions: VecDeque<Action>,
    pub(super) draws: Rng,
    pub(super) now: Instant,
    pub(super) backwards: u64,
    pub(super) stale: bool,
    pub(super) deadline: Option<Instant>,
    pub(super) next_order: u64,
    next_deployment: u32,
}

impl Service {
    /// How long a start that found no room waits if nothing changes: 30 s.
    pub const PLACEMENT_RETRY: Duration = Duration::from_secs(30);
    /// How long a move between zones that failed waits: 5 minutes.
    pub const MOVE_RETRY: Duration = Duration::from_secs(300);

    /// A service with its first deployment, and no task or instance yet.
    ///
    /// # Errors
    ///
    /// [`SpecError`].
    pub fn new(now: Instant, spec: ServiceSpec) -> Result<Self, SpecError> {
        spec.check()?;
        let targets = spec.target_group.map(TargetGroup::new).transpose()?;
        let first = DeploymentKey(1);
        let deployment = Deployment::new(first, spec.revision, now);
        Ok(Self {
            status: ServiceStatus::Active,
            deployments: BTreeMap::from([(first, deployment)]),
            primary: first,
            last_completed: None,
            tasks: BTreeMap::new(),
            instances: BTreeMap::new(),
            fargate_zones: Vec::new(),
            orders: BTreeMap::new(),
            targets,
            backoff: Backoff::new(spec.max_backoff),
            no_room_until: None,
            refused_until: BTreeMap::new(),
            moving: Moving::No,
            no_move_before: now,
            log: EventLog::new(&spec.name),
            actions: VecDeque::new(),
            draws: Rng::new(spec.seed),
            now,
            backwards: 0,
            stale: true,
            deadline: None,
            next_order: 1,
            next_deployment: 2,
            spec,
        })
    }

    /// Changes the service. A revision that differs, or force, begins a
    /// deployment and ends any wait.
    ///
    /// # Errors
    ///
    /// [`SpecError`]; the service is as it was.
    pub fn update(&mut self, now: Instant, update: ServiceUpdate) -> Result<(), SpecError> {
        if self.status != ServiceStatus::Active {
            return Err(SpecError::NotActive);
        }
        let mut spec = self.spec.clone();
        match (update.desired, &mut spec.scheduling) {
            (Some(value), Scheduling::Replica { desired }) => *desired = value,
            (Some(value), Scheduling::Daemon) => return Err(SpecError::DaemonDesired { value }),
            (None, _) => {}
        }
        spec.revision = update.revision.unwrap_or(spec.revision);
        spec.percents = update.percents.unwrap_or(spec.percents);
        spec.breaker = update.breaker.unwrap_or(spec.breaker);
        spec.grace = update.grace.unwrap_or(spec.grace);
        spec.rebalance = update.rebalance.unwrap_or(spec.rebalance);
        if let Some(rules) = update.stop_rules {
            spec.stop_rules = rules;
        }
        spec.check()?;
        let now = self.enter(now);
        let deploy = update.force_new_deployment || spec.revision != self.spec.revision;
        self.spec = spec;
        if deploy {
            let key = DeploymentKey(self.next_deployment);
            self.next_deployment += 1;
            self.deployments.insert(key, Deployment::new(key, self.spec.revision, now));
            self.make_primary(key);
        }
        Ok(())
    }

    /// Deletes the service: its tasks stop, and then it is `Inactive`.
    ///
    /// # Errors
    ///
    /// [`DeleteError`]; the service is as it was.
    pub fn delete(&mut self, now: Instant, force: bool) -> Result<(), DeleteError> {
        if self.status != ServiceStatus::Active {
            return Err(DeleteError::NotActive);
        }
        match &mut self.spec.scheduling {
            Scheduling::Replica { desired } if *desired > 0 && !force => {
                return Err(DeleteError::ScaledAboveZero { desired: *desired });
            }
            Scheduling::Replica { desired } => *desired = 0,
            Scheduling::Daemon => {}
        }
        self.enter(now);
        self.status = ServiceStatus::Draining;
        self.moving = Moving::No;
        Ok(())
    }

    /// A start was placed. `task` is of the order's deployment.
    ///
    /// # Errors
    ///
    /// [`UnknownOrder`]; nothing has changed.
    pub fn handle_placed(
        &mut self,
        now: Instant,
        order: OrderKey,
        task: ObservedTask,
    ) -> Result<(), UnknownOrder> {
        let Some(given) = self.orders.remove(&order) else { return Err(UnknownOrder { order }) };
        let now = self.enter(now);
        if let Moving::Ordered { order: moves, from } = self.moving
            && moves == order
        {
            self.moving = Moving::Started { task: task.task, from };
        }
        self.log.over(Condition::Unplaceable);
        self.log.say(now, &events::started(task.task));
        self.observe(now, ObservedTask { deployment: given.deployment, ..task });
        Ok(())
    }

    /// A start found no room, and why.
    ///
    /// # Errors
    ///
    /// [`UnknownOrder`]; nothing has changed.
    pub fn handle_unplaced(
        &mut self,
        now: Instant,
        order: OrderKey,
        why: &Unplaced,
    ) -> Result<(), UnknownOrder> {
        let Some(given) = self.orders.remove(&order) else { return Err(UnknownOrder { order }) };
        let now = self.enter(now);
        let retry = now.after(Self::PLACEMENT_RETRY);
        match given.place {
            // Moving is a wish: that there is no room for it is no news.
            Where::Zone(_) => self.give_up_move(),
            Where::Instance(instance) => {
                self.refused_until.insert(instance, retry);
                self.log.holds(now, Condition::Unplaceable, &events::unplaceable(why));
            }
            Where::Anywhere => {
                self.no_room_until = Some(retry);
                self.log.holds(now, Condition::Unplaceable, &events::unplaceable(why));
            }
        }
        Ok(())
    }

    /// A task changed. One that the service does not know is taken in, unless
    /// it has left `RUNNING` already.
    pub fn handle_task(&mut self, now: Instant, task: ObservedTask) {
        let now = self.enter(now);
        if self.tasks.contains_key(&task.task) || task.status.counts() {
            self.observe(now, task);
        }
    }

    /// An instance joined or changed: state, constraints, room. Room that comes
    /// back ends the wait of starts that found none.
    pub fn handle_instance(&mut self, now: Instant, instance: ObservedInstance) {
        self.enter(now);
        self.refused_until.remove(&instance.instance);
        self.no_room_until = None;
        self.instances.insert(instance.instance, instance);
    }

    /// An instance is gone. Its tasks are reported by themselves.
    pub fn handle_instance_gone(&mut self, now: Instant, instance: InstanceKey) {
        self.enter(now);
        self.refused_until.remove(&instance);
        self.instances.remove(&instance);
    }

    /// The zones in which tasks need no instance: those of a Fargate service's subnets.
    pub fn handle_zones(&mut self, now: Instant, zones: Vec<ZoneKey>) {
        self.enter(now);
        self.fargate_zones = zones;
    }

    /// The load balancer's checks report on a task.
    pub fn handle_target(&mut self, now: Instant, task: TaskKey, health: Health) {
        self.enter(now);
        if let Some(targets) = &mut self.targets {
            targets.report(task, health);
        }
    }

    /// A draining target has nothing in flight any more: its delay is over.
    pub fn handle_target_idle(&mut self, now: Instant, task: TaskKey) {
        let now = self.enter(now);
        if let Some(targets) = &mut self.targets {
            targets.idle(now, task);
        }
    }

    /// The time that [`Service::next_deadline`] named has come.
    pub fn handle_timer(&mut self, now: Instant) {
        self.enter(now);
    }

    /// Protects a task from scale-in and deployments, or ends its protection.
    /// The instant at which it ends.
    ///
    /// # Errors
    ///
    /// [`UnknownTask`]; nothing has changed.
    pub fn protect(
        &mut self,
        now: Instant,
        task: TaskKey,
        protection: Option<Protection>,
    ) -> Result<Option<Instant>, UnknownTask> {
        if !self.tasks.contains_key(&task) {
            return Err(UnknownTask { task });
        }
        let now = self.enter(now);
        let until = protection.map(|protection| protection.ends(now));
        if let Some(tracked) = self.tasks.get_mut(&task) {
            tracked.protected_until = until;
        }
        Ok(until)
    }

    /// The next thing to do; poll until there is none. Looks at all tasks and
    /// instances once after each change: O(tasks log tasks + instances), for a
    /// daemon O(instances * tasks), and O(tasks^2) for each task that scales in.
    pub fn poll_action(&mut self) -> Option<Action> {
        if self.stale {
            self.stale = false;
            self.plan();
        }
        self.actions.pop_front()
    }

    /// When to call [`Service::handle_timer`] at the latest, once
    /// [`Service::poll_action`] has nothing more.
    pub const fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Clamps time, which never goes back, and asks for a look.
    fn enter(&mut self, now: Instant) -> Instant {
        self.backwards += u64::from(now < self.now);
        self.now = self.now.max(now);
        self.stale = true;
        self.now
    }

    pub(super) fn make_primary(&mut self, key: DeploymentKey) {
        self.primary = key;
        self.backoff.reset();
        self.moving = Moving::No;
        self.no_room_until = None;
        self.refused_until.clear();
        self.log.over(Condition::Throttled);
        self.log.over(Condition::Stuck);
    }

    fn observe(&mut self, now: Instant, seen: ObservedTask) {
        // It may have become healthy since the last look.
        if self.judge_task(now, seen.task) {
            self.fail_deployment(now, false);
        }
        let before = self.tasks.get(&seen.task).copied();
        let mut task = before.unwrap_or(Tracked {
            seen,
            stage: Stage::Pending,
            told: None,
            protected_until: None,
            was_healthy: false,
            failed_checks: false,
        });
        let ran_before = before.is_some_and(|task| task.seen.running_since.is_some());
        let counted_before = before.is_none_or(|task| task.seen.status.counts());
        task.seen = seen;
        self.tasks.insert(seen.task, task);
        if seen.running_since.is_some() && !ran_before {
            self.ran(&task);
        }
        if counted_before && !seen.status.counts() {
            self.left(now, &task);
        }
        if seen.status == TaskStatus::Stopped {
            self.tasks.remove(&seen.task);
        }
    }

    /// A task reached `RUNNING`.
    fn ran(&mut self, task: &Tracked) {
        if task.seen.deployment == self.primary {
            self.backoff.reset();
            self.log.over(Condition::Throttled);
        }
        if let Some(deployment) = self.deployments.get_mut(&task.seen.deployment) {
            deployment.breaker.ran();
        }
        if task.seen.status == TaskStatus::Running
            && task.told.is_none()
            && self.targets.as_mut().is_some_and(|targets| targets.register(task.seen.task))
        {
            self.actions.push_back(Action::Register { task: task.seen.task });
        }
    }

    /// A task left `RUNNING`, or never reached it.
    fn left(&mut self, now: Instant, task: &Tracked) {
        let key = task.seen.task;
        self.no_room_until = None;
        if let Some(instance) = task.seen.instance {
            self.refused_until.remove(&instance);
        }
        if matches!(self.moving, Moving::Started { task, .. } if task == key) {
            self.give_up_move();
        }
        let registered = self.targets.as_ref().is_some_and(|targets| targets.has(key));
        if let Some(targets) = &mut self.targets {
            targets.remove(key);
        }
        if task.told.is_some() {
            return;
        }
        if registered {
            self.actions.push_back(Action::Deregister { task: key });
        }
        if task.seen.own_fault {
            self.count_failure(now, task);
        }
    }

    fn count_failure(&mut self, now: Instant, task: &Tracked) {
        if task.seen.deployment != self.primary {
            return;
        }
        let never_ran = task.seen.running_since.is_none();
        if never_ran && self.backoff.failed(now, task.seen.created) {
            self.log.holds(now, Condition::Throttled, events::THROTTLED);
        }
        let desired = self.desired();
        let Some(deployment) = self.deployments.get_mut(&self.primary) else { return };
        let tripped = if never_ran {
            deployment.breaker.never_ran(&self.spec.breaker, desired)
        } else if !task.was_healthy && !task.failed_checks {
            deployment.breaker.failed_checks(&self.spec.breaker, desired)
        } else {
            false
        };
        if tripped {
            self.fail_deployment(now, never_ran);
        }
    }

    /// The breaker of the primary deployment tripped.
    pub(super) fn fail_deployment(&mut self, now: Instant, before_running: bool) {
        let failed = self.primary;
        if let Some(deployment) = self.deployments.get_mut(&failed) {
            deployment.rollout = Rollout::Failed;
        }
        self.log.say(now, &events::failed(failed, before_running));
        let Some(back) = self.last_completed.filter(|_| self.spec.breaker.rollback) else { return };
        let Some(deployment) = self.deployments.get_mut(&back) else { return };
        // Not eligible for a further rollback until it completes again.
        *deployment = Deployment::new(back, deployment.revision, deployment.created);
        self.spec.revision = deployment.revision;
        self.last_completed = None;
        self.log.say(now, &events::rolling_back(back));
        self.make_primary(back);
    }
}
