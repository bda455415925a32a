//! One look at a service: stages, failures, steps, steady state, deadlines.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::bounds::Bounds;
use super::control::{Action, Order, Service, ServiceStatus, Where};
use super::daemon;
use super::deployment::Rollout;
use super::events::{self, Condition};
use super::health::{self, HealthRule, Stage};
use super::moves::Moving;
use super::observed::{InstanceKey, InstanceStatus, OrderKey, TaskKey};
use super::rolling::{self, Member, Situation, StopReason};
use super::scale_in::{self, Candidate};
use super::spec::Scheduling;
use crate::time::Instant;

impl Service {
    pub(super) fn plan(&mut self) {
        let now = self.now;
        self.finish_drains(now);
        self.judge(now);
        if self.no_room_until.is_some_and(|until| until <= now) {
            self.no_room_until = None;
        }
        self.refused_until.retain(|_, until| *until > now);
        match (self.status, self.spec.scheduling) {
            (ServiceStatus::Active, Scheduling::Replica { .. }) => self.step_replica(now),
            (ServiceStatus::Active, Scheduling::Daemon) => self.step_daemon(now),
            _ => self.step_deleted(now),
        }
        self.settle(now);
        self.forget_deployments();
        self.deadline = self.find_deadline(now);
    }

    /// Stops the tasks whose connections have drained.
    fn finish_drains(&mut self, now: Instant) {
        let Some(targets) = &mut self.targets else { return };
        for task in targets.take_drained(now) {
            if let Some(reason) = self.told(task) {
                self.actions.push_back(Action::Stop { task, reason });
                self.log.say(now, &events::stopped(task));
            }
        }
    }

    /// Finds out where each task stands, and what that says of its deployment.
    fn judge(&mut self, now: Instant) {
        let keys: Vec<TaskKey> = self.tasks.keys().copied().collect();
        for key in keys {
            if self.judge_task(now, key) {
                self.fail_deployment(now, false);
            }
        }
    }

    /// The same for one task. True where its failed checks trip the breaker.
    pub(super) fn judge_task(&mut self, now: Instant, key: TaskKey) -> bool {
        let stage = self.stage_of(now, key);
        let desired = self.desired();
        let Some(task) = self.tasks.get_mut(&key) else { return false };
        task.stage = stage;
        let healed = stage == Stage::Healthy && !task.was_healthy;
        let failed = stage == Stage::Unhealthy && !task.failed_checks && task.told.is_none();
        task.was_healthy |= healed;
        // A task that is well again can fail again.
        task.failed_checks = (task.failed_checks || failed) && stage != Stage::Healthy;
        if task.seen.deployment != self.primary {
            return false;
        }
        let Some(deployment) = self.deployments.get_mut(&self.primary) else { return false };
        if healed {
            deployment.breaker.healthy(&self.spec.breaker);
        }
        failed && deployment.breaker.failed_checks(&self.spec.breaker, desired)
    }

    fn stage_of(&self, now: Instant, key: TaskKey) -> Stage {
        let Some(task) = self.tasks.get(&key) else { return Stage::Leaving };
        let deployment = self.deployments.get(&task.seen.deployment);
        let container_check = deployment.is_some_and(|at| at.revision.container_check);
        let rule = HealthRule { container_check, grace: self.spec.grace };
        let target = self.targets.as_ref().map(|targets| targets.health(key));
        health::stage(now, rule, &task.seen, target)
    }

    /// The tasks that count to the ceiling.
    fn members(&self, now: Instant) -> Vec<Member> {
        let counting = self.tasks.values().filter(|task| task.seen.status.counts());
        counting
            .map(|task| {
                let at = task.seen.instance.and_then(|at| self.instances.get(&at));
                Member {
                    task: task.seen.task,
                    stage: task.stage,
                    current: task.seen.deployment == self.primary,
                    draining: at.is_some_and(|at| at.status == InstanceStatus::Draining),
                    told: task.told.is_some(),
                    protected: task.protected_until.is_some_and(|until| until > now),
                }
            })
            .collect()
    }

    /// Desired count, floor and ceiling.
    pub fn bounds(&self) -> Bounds {
        self.spec.percents.bounds(self.desired())
    }

    pub(super) fn may_start(&self, now: Instant) -> bool {
        let failed = self.primary().is_none_or(|at| at.rollout == Rollout::Failed);
        self.status == ServiceStatus::Active && !failed && self.backoff.waits_until(now).is_none()
    }

    fn step_replica(&mut self, now: Instant) {
        let members = self.members(now);
        let mut leaves = self.finish_move(&members);
        self.begin_move(now, &members);
        let orders = |current: bool| {
            let of = |order: &&Order| (order.deployment == self.primary) == current;
            u32::try_from(self.orders.values().filter(of).count()).unwrap_or(u32::MAX)
        };
        let situation = Situation {
            bounds: self.bounds(),
            hold: u32::from(self.moving != Moving::No),
            members: &members,
            ordered: orders(true),
            ordered_before: orders(false),
            may_start: self.may_start(now),
            no_room: self.no_room_until.is_some(),
        };
        let mut draws = self.draws.clone();
        let mut choose = |eligible: &[TaskKey], gone: &[TaskKey]| {
            let from = leaves.take();
            let there = |key: &&TaskKey| from.is_some() && self.zone_of(**key) == from;
            let there: Vec<TaskKey> = eligible.iter().filter(there).copied().collect();
            let eligible = if there.is_empty() { eligible } else { &there };
            let candidates = self.candidates(eligible, gone);
            scale_in::victim(&self.spec.stop_rules, &candidates, &mut draws)
        };
        let step = rolling::step(&situation, &mut choose);
        self.draws = draws;
        for _ in 0..step.start {
            self.order(Where::Anywhere);
        }
        for (task, reason) in step.stop {
            self.tell(now, task, reason);
        }
        if step.stuck {
            self.log.holds(now, Condition::Stuck, events::STUCK);
        }
    }

    /// The service's tasks that go on, for the choice among `eligible`.
    fn candidates(&self, eligible: &[TaskKey], gone: &[TaskKey]) -> Vec<Candidate<'_>> {
        let goes_on = |key: &TaskKey| !gone.contains(key);
        let tasks = self.tasks.values().filter(|task| {
            task.seen.status.counts() && task.told.is_none() && goes_on(&task.seen.task)
        });
        tasks
            .map(|task| Candidate {
                task: task.seen.task,
                size: task.seen.size,
                instance: task.seen.instance.and_then(|at| self.instances.get(&at)),
                zone: self.zone_of(task.seen.task),
                may_stop: eligible.contains(&task.seen.task),
            })
            .collect()
    }

    fn step_daemon(&mut self, now: Instant) {
        let mut ordered: BTreeMap<InstanceKey, ()> = BTreeMap::new();
        for order in self.orders.values() {
            if let Where::Instance(at) = order.place {
                ordered.insert(at, ());
            }
        }
        let hosts: Vec<daemon::Host> = self
            .instances
            .values()
            .map(|at| daemon::Host {
                instance: at.instance,
                wants: at.wants_daemon(),
                accepts: at.accepts(),
                other_tasks: at.other_tasks,
                draining: at.status == InstanceStatus::Draining,
                ordered: ordered.contains_key(&at.instance),
                refused: self.refused_until.contains_key(&at.instance),
            })
            .collect();
        let instance = |key: TaskKey| self.tasks.get(&key).and_then(|task| task.seen.instance);
        let tasks: Vec<daemon::Placed> = self
            .members(now)
            .into_iter()
            .map(|member| daemon::Placed { instance: instance(member.task), member })
            .collect();
        let step = daemon::step(&hosts, &tasks, self.bounds().floor, self.may_start(now));
        for instance in step.start {
            self.order(Where::Instance(instance));
        }
        for (task, reason) in step.stop {
            self.tell(now, task, reason);
        }
    }

    fn step_deleted(&mut self, now: Instant) {
        let left: Vec<TaskKey> = self
            .tasks
            .values()
            .filter(|task| task.told.is_none() && task.seen.status.counts())
            .map(|task| task.seen.task)
            .collect();
        for task in left {
            self.tell(now, task, StopReason::Deleted);
        }
        if self.status == ServiceStatus::Draining && self.tasks.is_empty() && self.orders.is_empty()
        {
            self.status = ServiceStatus::Inactive;
        }
    }

    pub(super) fn order(&mut self, place: Where) {
        let Some(deployment) = self.primary() else { return };
        let (key, revision) = (deployment.key, deployment.revision);
        let order = OrderKey(self.next_order);
        self.next_order += 1;
        self.orders.insert(order, Order { deployment: key, place });
        self.actions.push_back(Action::Start { order, deployment: key, revision, place });
    }

    fn tell(&mut self, now: Instant, key: TaskKey, reason: StopReason) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        task.told = Some(reason);
        if let Some(targets) = &mut self.targets
            && targets.deregister(now, key)
        {
            self.actions.push_back(Action::Deregister { task: key });
            self.log.say(now, &events::draining(key));
            self.finish_drains(now);
            return;
        }
        self.actions.push_back(Action::Stop { task: key, reason });
        self.log.say(now, &events::stopped(key));
    }

    /// Says so where the deployment is complete and the service steady.
    fn settle(&mut self, now: Instant) {
        if self.status != ServiceStatus::Active {
            return;
        }
        let members = self.members(now);
        let well = |m: &Member| m.current && !m.told && !m.draining && m.stage == Stage::Healthy;
        // A move that waits for room keeps nobody from being where it should be.
        let moves = |order: &Order| matches!(order.place, Where::Zone(_));
        let complete = self.orders.values().all(moves)
            && members.iter().all(well)
            && members.len() == self.desired() as usize;
        if !complete {
            self.log.over(Condition::Steady);
            return;
        }
        self.log.over(Condition::Stuck);
        let Some(deployment) = self.deployments.get_mut(&self.primary) else { return };
        if deployment.rollout == Rollout::InProgress {
            deployment.rollout = Rollout::Completed;
            deployment.breaker.completed();
            self.last_completed = Some(self.primary);
            self.log.say(now, &events::completed(self.primary));
        }
        self.log.holds(now, Condition::Steady, events::STEADY);
    }

    fn forget_deployments(&mut self) {
        let (primary, back) = (self.primary, self.last_completed);
        let (tasks, orders) = (&self.tasks, &self.orders);
        self.deployments.retain(|key, _| {
            *key == primary
                || Some(*key) == back
                || tasks.values().any(|task| task.seen.deployment == *key)
                || orders.values().any(|order| order.deployment == *key)
        });
    }

    /// When time alone changes what this look has found.
    fn find_deadline(&self, now: Instant) -> Option<Instant> {
        let stages = self.tasks.values().filter_map(|task| match task.stage {
            Stage::Warming { until } => until,
            _ => None,
        });
        let protections = self.tasks.values().filter_map(|task| task.protected_until);
        let refusals = self.refused_until.values().copied();
        let drains = self.targets.as_ref().and_then(super::TargetGroup::next_deadline);
        let waits = [self.no_room_until, self.backoff.waits_until(now), drains];
        let wants_move = self.no_move_before > now && self.rebalances();
        let all = stages.chain(protections).chain(refusals).chain(waits.into_iter().flatten());
        let all = all.chain(wants_move.then_some(self.no_move_before));
        all.filter(|at| *at > now).min()
    }
}
