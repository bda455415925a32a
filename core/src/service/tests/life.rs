//! A service's life, told step by step.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::resources::Resources;
use crate::service::{
    Action, BreakerConfig, DeleteError, DeploymentKey, Health, InstanceKey, InstanceStatus,
    ObservedInstance, ObservedTask, OrderKey, Percents, Protection, Revision, Rollout, Service,
    ServiceSpec, ServiceStatus, ServiceUpdate, SpecError, StopReason, TaskKey, TaskStatus,
    Unplaced, Where, ZoneKey,
};
use crate::time::{Duration, Instant};

pub(super) fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const SIZE: Resources = Resources::new(256, 512);

/// A task on instance 1 of the first deployment, just placed.
pub(super) fn task(key: u64) -> ObservedTask {
    ObservedTask::placed(TaskKey(key), DeploymentKey(1), InstanceKey(1), at(0), SIZE)
}

fn revision(number: u64) -> Revision {
    Revision { number, container_check: false }
}

pub(super) fn spec(desired: u32) -> ServiceSpec {
    ServiceSpec::replica("web", revision(1), desired)
}

/// A service and a host that answers it.
pub(super) struct Rig {
    pub(super) service: Service,
    pub(super) now: Instant,
    tasks: u64,
}

impl Rig {
    pub(super) fn new(spec: ServiceSpec) -> Self {
        let mut service = Service::new(at(0), spec).unwrap();
        for key in 1..=2 {
            let zone = ZoneKey(u32::try_from(key).unwrap());
            let room = Resources::new(4_096, 8_192);
            service.handle_instance(at(0), ObservedInstance::new(InstanceKey(key), zone, room));
        }
        Self { service, now: at(0), tasks: 0 }
    }

    pub(super) fn drain(&mut self) -> Vec<Action> {
        core::iter::from_fn(|| self.service.poll_action()).collect()
    }

    /// Starts that are wanted now; everything else must be none.
    pub(super) fn starts(&mut self) -> Vec<(OrderKey, DeploymentKey)> {
        let actions = self.drain();
        actions
            .iter()
            .map(|action| match action {
                Action::Start { order, deployment, .. } => (*order, *deployment),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// Places a start on an instance.
    pub(super) fn place(
        &mut self,
        order: OrderKey,
        deployment: DeploymentKey,
        instance: u64,
    ) -> TaskKey {
        self.tasks += 1;
        let key = TaskKey(self.tasks);
        let task = ObservedTask::placed(key, deployment, InstanceKey(instance), self.now, SIZE);
        self.service.handle_placed(self.now, order, task).unwrap();
        key
    }

    pub(super) fn seen(&self, key: TaskKey) -> ObservedTask {
        *self.service.tasks().find(|task| task.task == key).unwrap()
    }

    pub(super) fn runs(&mut self, key: TaskKey) {
        let task = self.seen(key);
        let running_since = Some(self.now);
        let task = ObservedTask { status: TaskStatus::Running, running_since, ..task };
        self.service.handle_task(self.now, task);
    }

    pub(super) fn stopped(&mut self, key: TaskKey) {
        let task = ObservedTask { status: TaskStatus::Stopped, ..self.seen(key) };
        self.service.handle_task(self.now, task);
    }

    pub(super) fn health(&mut self, key: TaskKey, health: Health) {
        let task = ObservedTask { health, ..self.seen(key) };
        self.service.handle_task(self.now, task);
    }

    pub(super) fn wait(&mut self, by: u64) {
        self.now = self.now.after(seconds(by));
        self.service.handle_timer(self.now);
    }

    /// Starts and runs all that is wanted, spread over both instances.
    pub(super) fn bring_up(&mut self) -> Vec<TaskKey> {
        let starts = self.starts();
        let keys: Vec<TaskKey> = starts
            .into_iter()
            .enumerate()
            .map(|(n, (order, deployment))| {
                self.place(order, deployment, if n % 2 == 0 { 1 } else { 2 })
            })
            .collect();
        for key in &keys {
            self.runs(*key);
        }
        keys
    }

    /// A steady service.
    pub(super) fn steady(spec: ServiceSpec) -> (Self, Vec<TaskKey>) {
        let mut rig = Self::new(spec);
        let keys = rig.bring_up();
        rig.wait(40);
        assert_eq!(rig.drain(), []);
        assert!(rig.service.is_steady());
        (rig, keys)
    }

    pub(super) fn update(&mut self, update: ServiceUpdate) {
        self.service.update(self.now, update).unwrap();
    }

    pub(super) fn said(&self, text: &str) -> usize {
        self.service.events().filter(|event| event.message.contains(text)).count()
    }
}

pub(super) fn stop(task: TaskKey, reason: StopReason) -> Action {
    Action::Stop { task, reason }
}

#[test]
fn a_service_starts_its_tasks_and_says_when_it_is_steady() {
    let mut rig = Rig::new(spec(2));
    let keys = rig.bring_up();
    assert_eq!(rig.drain(), []);
    assert_eq!((rig.service.running_count(), rig.service.healthy_count()), (2, 0));
    assert_eq!(rig.service.next_deadline(), Some(at(40)));
    rig.wait(40);
    assert_eq!(rig.drain(), []);
    assert!(rig.service.is_steady());
    assert_eq!(rig.service.primary().unwrap().rollout, Rollout::Completed);
    assert_eq!(rig.said("has reached a steady state."), 1);
    assert_eq!(rig.said("deployment completed"), 1);
    // It stays so, and is not said again for six hours.
    rig.wait(3_600);
    assert_eq!((rig.drain(), rig.said("steady")), (Vec::new(), 1));
    rig.wait(6 * 3_600);
    assert_eq!((rig.drain(), rig.said("steady")), (Vec::new(), 2));
    // One exits: it is replaced at once, however often, without a wait.
    rig.stopped(keys[0]);
    assert_eq!(rig.starts().len(), 1);
    assert_eq!(rig.service.waits_for_room(), None);
}

#[test]
fn a_new_revision_begins_a_deployment_and_other_changes_do_not() {
    let (mut rig, old) = Rig::steady(ServiceSpec { rebalance: false, ..spec(2) });
    rig.update(ServiceUpdate {
        percents: Some(Percents { min_healthy_percent: 50, max_percent: 150 }),
        revision: Some(revision(1)),
        ..ServiceUpdate::default()
    });
    assert_eq!((rig.drain(), rig.service.deployments().count()), (Vec::new(), 1));

    rig.update(ServiceUpdate { revision: Some(revision(2)), ..ServiceUpdate::default() });
    // Ceiling 3: one start; then, at the ceiling, one old task makes way.
    let first = rig.bring_up();
    assert_eq!(first.len(), 1);
    assert_eq!(rig.drain(), [stop(old[0], StopReason::Replaced)]);
    rig.stopped(old[0]);
    let second = rig.bring_up();
    assert_eq!(second.len(), 1);
    assert_eq!(rig.drain(), []);
    rig.wait(40);
    assert_eq!(rig.drain(), [stop(old[1], StopReason::Replaced)]);
    rig.stopped(old[1]);
    assert_eq!(rig.drain(), []);
    assert!(rig.service.is_steady());
    let deployments: Vec<u32> = rig.service.deployments().map(|at| at.key.0).collect();
    assert_eq!(deployments, [2], "the old one is forgotten");
}

#[test]
fn force_begins_a_deployment_of_the_same_revision() {
    let (mut rig, _) = Rig::steady(spec(1));
    rig.update(ServiceUpdate { force_new_deployment: true, ..ServiceUpdate::default() });
    let starts = rig.starts();
    assert_eq!(starts[0].1, DeploymentKey(2));
}

#[test]
fn at_100_100_the_user_is_told_that_nothing_can_move() {
    let percents = Percents { min_healthy_percent: 100, max_percent: 100 };
    let (mut rig, _) = Rig::steady(ServiceSpec { percents, ..spec(2) });
    rig.update(ServiceUpdate { revision: Some(revision(2)), ..ServiceUpdate::default() });
    assert_eq!(rig.drain(), []);
    assert_eq!(rig.said("Update the minimumHealthyPercent or maximumPercent value"), 1);
    let percents = Some(Percents { min_healthy_percent: 50, max_percent: 100 });
    rig.update(ServiceUpdate { percents, ..ServiceUpdate::default() });
    assert_eq!(rig.drain().len(), 1);
}

#[test]
fn a_target_drains_before_its_task_stops() {
    let mut rig = Rig::new(ServiceSpec { target_group: Some(seconds(30)), ..spec(1) });
    let (order, deployment) = rig.starts()[0];
    let key = rig.place(order, deployment, 1);
    rig.runs(key);
    assert_eq!(rig.drain(), [Action::Register { task: key }]);
    rig.wait(40);
    assert!(!rig.service.is_steady(), "40 s count for nothing where there is a check");
    rig.service.handle_target(rig.now, key, Health::Healthy);
    assert_eq!(rig.drain(), []);
    assert!(rig.service.is_steady() && rig.service.serves(key));

    rig.update(ServiceUpdate { desired: Some(0), ..ServiceUpdate::default() });
    assert_eq!(rig.drain(), [Action::Deregister { task: key }]);
    assert!(!rig.service.serves(key));
    assert_eq!(rig.said("has begun draining connections"), 1);
    assert_eq!(rig.service.next_deadline(), Some(at(70)));
    rig.wait(30);
    assert_eq!(rig.drain(), [stop(key, StopReason::ScaleIn)]);
    // Had nothing been in flight, at once.
    let mut rig = Rig::new(ServiceSpec { target_group: Some(seconds(30)), ..spec(1) });
    let (order, deployment) = rig.starts()[0];
    let key = rig.place(order, deployment, 1);
    rig.runs(key);
    rig.drain();
    rig.update(ServiceUpdate { desired: Some(0), ..ServiceUpdate::default() });
    assert_eq!(rig.drain(), [Action::Deregister { task: key }]);
    rig.service.handle_target_idle(rig.now, key);
    assert_eq!(rig.drain(), [stop(key, StopReason::ScaleIn)]);
}

#[test]
fn a_target_whose_task_ends_by_itself_is_deregistered() {
    let mut rig = Rig::new(ServiceSpec { target_group: Some(seconds(30)), ..spec(1) });
    let (order, deployment) = rig.starts()[0];
    let key = rig.place(order, deployment, 1);
    rig.runs(key);
    rig.drain();
    rig.stopped(key);
    let actions = rig.drain();
    assert_eq!(actions[0], Action::Deregister { task: key });
    assert!(matches!(actions[1..], [Action::Start { .. }]), "{actions:?}");
}

const BREAKER: BreakerConfig = BreakerConfig { enable: true, rollback: true, ..BreakerConfig::OFF };

/// Lets the task that is wanted fail before it runs; the wait until the next.
fn fail_once(rig: &mut Rig) -> u64 {
    let starts = rig.starts();
    let (order, deployment) = starts[0];
    let key = rig.place(order, deployment, 1);
    rig.stopped(key);
    rig.drain();
    let next = rig.service.next_deadline().map_or(0, |at| at.since(rig.now).as_nanos());
    rig.wait(next.div_ceil(1_000_000_000));
    next / 1_000_000_000
}

#[test]
fn three_failures_in_a_row_roll_a_deployment_back() {
    let (mut rig, old) = Rig::steady(ServiceSpec { breaker: BREAKER, ..spec(1) });
    rig.update(ServiceUpdate { revision: Some(revision(2)), ..ServiceUpdate::default() });
    assert_eq!([fail_once(&mut rig), fail_once(&mut rig)], [10, 20]);
    assert_eq!(rig.said("unable to consistently start tasks"), 1);
    assert_eq!(rig.service.primary().unwrap().breaker.failures(), 2);
    fail_once(&mut rig);
    // Back to the first deployment, whose task is still there: nothing to do.
    let primary = rig.service.primary().unwrap();
    assert_eq!((primary.key, primary.rollout), (DeploymentKey(1), Rollout::Completed));
    assert_eq!(rig.service.spec().revision, revision(1));
    assert_eq!(rig.said("deployment failed: tasks failed to start."), 1);
    assert_eq!(rig.said("rolling back to (deployment 1)."), 1);
    assert!(rig.service.is_steady());
    assert!(rig.service.tasks().all(|task| task.task == old[0]));
}

#[test]
fn without_a_completed_deployment_a_failed_one_launches_nothing() {
    let mut rig = Rig::new(ServiceSpec { breaker: BREAKER, ..spec(1) });
    for _ in 0..3 {
        fail_once(&mut rig);
    }
    assert_eq!(rig.service.primary().unwrap().rollout, Rollout::Failed);
    rig.wait(100_000);
    assert_eq!(rig.drain(), []);
    assert_eq!(rig.service.next_deadline(), None);
    rig.update(ServiceUpdate { desired: Some(3), ..ServiceUpdate::default() });
    assert_eq!(rig.drain(), []);
    // A new definition starts afresh, and at once.
    rig.update(ServiceUpdate { revision: Some(revision(2)), ..ServiceUpdate::default() });
    assert_eq!(rig.starts().len(), 3);
}

#[test]
fn after_one_runs_failed_checks_trip_the_breaker_and_no_wait_begins() {
    let breaker = BreakerConfig { rollback: false, ..BREAKER };
    let checked = Revision { number: 1, container_check: true };
    let mut rig = Rig::new(ServiceSpec { breaker, revision: checked, ..spec(1) });
    for failures in 1..=3 {
        let key = rig.bring_up()[0];
        rig.health(key, Health::Unhealthy);
        let trips = failures == 3;
        let starts: Vec<Action> = rig.drain();
        // The replacement comes first, unless the deployment has failed.
        assert_eq!(starts.is_empty(), trips, "{failures}: {starts:?}");
        assert_eq!(rig.service.primary().unwrap().breaker.failures(), failures);
        if trips {
            break;
        }
        let Action::Start { order, deployment, .. } = starts[0] else { panic!("{starts:?}") };
        // It goes by itself before its replacement is there: counted once.
        rig.stopped(key);
        assert_eq!(rig.drain(), []);
        rig.service
            .handle_unplaced(rig.now, order, &Unplaced { closest: None, reason: String::new() })
            .unwrap();
        assert_eq!(deployment, DeploymentKey(1));
        rig.wait(30);
    }
    assert_eq!(rig.service.primary().unwrap().rollout, Rollout::Failed);
    assert_eq!(rig.said("deployment failed: tasks failed health checks."), 1);
    assert_eq!(rig.said("unable to consistently start"), 0);
}

#[test]
fn an_exit_before_it_was_healthy_counts_and_one_after_or_by_others_does_not() {
    let mut rig = Rig::new(ServiceSpec { breaker: BREAKER, ..spec(2) });
    let keys = rig.bring_up();
    let failures = |rig: &Rig| rig.service.primary().unwrap().breaker.failures();
    rig.now = at(39);
    rig.stopped(keys[0]);
    assert_eq!(failures(&rig), 1);
    // The other has been healthy for a second, though nobody looked.
    rig.now = at(41);
    rig.stopped(keys[1]);
    assert_eq!(failures(&rig), 0, "a healthy task sets the count back");

    let keys = rig.bring_up();
    let lost = ObservedTask { own_fault: false, status: TaskStatus::Stopped, ..rig.seen(keys[0]) };
    rig.service.handle_task(rig.now, lost);
    assert_eq!(failures(&rig), 0);
    // The same report again is nothing new.
    rig.service.handle_task(rig.now, ObservedTask { own_fault: true, ..lost });
    assert_eq!(failures(&rig), 0);
}

#[test]
fn a_start_without_room_says_so_once_and_waits_for_room() {
    let mut rig = Rig::new(spec(1));
    let why = Unplaced { closest: Some(InstanceKey(2)), reason: "RESOURCE:MEMORY".to_string() };
    let (order, _) = rig.starts()[0];
    rig.service.handle_unplaced(rig.now, order, &why).unwrap();
    assert_eq!(rig.drain(), []);
    assert_eq!(rig.service.next_deadline(), Some(at(30)));
    let event = rig.service.events().next_back().unwrap().message.clone();
    assert_eq!(
        event,
        "(service web) was unable to place a task because no container instance met all of its \
         requirements. The closest matching (container-instance 2) has insufficient memory \
         available."
    );
    rig.wait(30);
    let (order, _) = rig.starts()[0];
    rig.service.handle_unplaced(rig.now, order, &why).unwrap();
    assert_eq!(rig.drain(), []);
    assert_eq!(rig.said("unable to place"), 1, "not said again");
    // An instance with room joins: no wait.
    let room = Resources::new(4_096, 8_192);
    let new = ObservedInstance::new(InstanceKey(3), ZoneKey(1), room);
    rig.service.handle_instance(rig.now, new);
    assert_eq!(rig.starts().len(), 1);
    // An answer to an order that is none.
    assert!(rig.service.handle_unplaced(rig.now, order, &why).is_err());
}

#[test]
fn a_draining_instance_is_emptied() {
    let (mut rig, keys) = Rig::steady(spec(2));
    let room = Resources::new(4_096, 8_192);
    let drains = ObservedInstance {
        status: InstanceStatus::Draining,
        ..ObservedInstance::new(InstanceKey(1), ZoneKey(1), room)
    };
    rig.service.handle_instance(rig.now, drains);
    let (order, deployment) = rig.starts()[0];
    let new = rig.place(order, deployment, 2);
    rig.runs(new);
    assert_eq!(rig.drain(), []);
    rig.wait(40);
    assert_eq!(rig.drain(), [stop(keys[0], StopReason::Draining)]);
}

#[test]
fn protection_holds_until_it_ends() {
    let (mut rig, keys) = Rig::steady(spec(1));
    let until = rig.service.protect(rig.now, keys[0], Some(Protection::DEFAULT)).unwrap();
    assert_eq!(until, Some(at(40 + 7_200)));
    rig.update(ServiceUpdate { desired: Some(0), ..ServiceUpdate::default() });
    assert_eq!(rig.drain(), []);
    assert_eq!(rig.service.next_deadline(), until);
    rig.wait(7_200);
    assert_eq!(rig.drain(), [stop(keys[0], StopReason::ScaleIn)]);
    assert!(rig.service.protect(rig.now, TaskKey(99), None).is_err());
}

#[test]
fn a_service_is_deleted_when_its_tasks_are_gone() {
    let (mut rig, keys) = Rig::steady(spec(1));
    let error = rig.service.delete(rig.now, false).unwrap_err();
    assert_eq!(error, DeleteError::ScaledAboveZero { desired: 1 });
    assert_eq!(rig.service.status(), ServiceStatus::Active);
    rig.service.protect(rig.now, keys[0], Some(Protection::DEFAULT)).unwrap();
    rig.service.delete(rig.now, true).unwrap();
    assert_eq!(rig.drain(), [stop(keys[0], StopReason::Deleted)]);
    assert_eq!(rig.service.status(), ServiceStatus::Draining);
    let update = ServiceUpdate { desired: Some(1), ..ServiceUpdate::default() };
    assert_eq!(rig.service.update(rig.now, update), Err(SpecError::NotActive));
    assert_eq!(rig.service.delete(rig.now, true), Err(DeleteError::NotActive));
    rig.stopped(keys[0]);
    assert_eq!(rig.drain(), []);
    assert_eq!(rig.service.status(), ServiceStatus::Inactive);
}

#[test]
fn a_daemon_follows_the_instances() {
    let mut rig = Rig::new(ServiceSpec::daemon("agent", revision(1)));
    assert_eq!(rig.service.desired(), 2);
    let actions = rig.drain();
    let places: Vec<Where> = actions
        .iter()
        .map(|action| match action {
            Action::Start { place, .. } => *place,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(places, [Where::Instance(InstanceKey(1)), Where::Instance(InstanceKey(2))]);
    for (action, at) in actions.iter().zip([1, 2]) {
        let Action::Start { order, deployment, .. } = *action else { unreachable!() };
        let key = rig.place(order, deployment, at);
        rig.runs(key);
    }
    rig.wait(40);
    assert_eq!(rig.drain(), []);
    assert!(rig.service.is_steady());
    // The constraints no longer hold on instance 2.
    let room = Resources::new(1, 1);
    let other = ObservedInstance {
        matches: false,
        ..ObservedInstance::new(InstanceKey(2), ZoneKey(2), room)
    };
    rig.service.handle_instance(rig.now, other);
    assert_eq!(rig.drain(), [stop(TaskKey(2), StopReason::Misplaced)]);
    assert_eq!(rig.service.desired(), 1);
}

#[test]
fn a_refused_change_changes_nothing() {
    let (mut rig, _) = Rig::steady(spec(1));
    let before = rig.service.spec().clone();
    let bad = [
        ServiceUpdate {
            desired: Some(ServiceSpec::MAX_DESIRED + 1),
            revision: Some(revision(2)),
            ..ServiceUpdate::default()
        },
        ServiceUpdate {
            force_new_deployment: true,
            percents: Some(Percents { min_healthy_percent: 101, max_percent: 200 }),
            ..ServiceUpdate::default()
        },
    ];
    for update in bad {
        assert!(rig.service.update(rig.now, update).is_err());
        assert_eq!(rig.service.spec(), &before);
        assert_eq!(rig.service.deployments().count(), 1);
        assert_eq!(rig.drain(), []);
    }
    for name in ["", "a b", &"x".repeat(256)] {
        let spec = ServiceSpec { name: name.to_string(), ..spec(1) };
        assert!(matches!(Service::new(at(0), spec), Err(SpecError::Name { .. })), "{name:?}");
    }
    let daemon =
        ServiceSpec { percents: Percents::REPLICA, ..ServiceSpec::daemon("d", revision(1)) };
    assert!(matches!(Service::new(at(0), daemon), Err(SpecError::Percents(_))));
    let mut daemon = Service::new(at(0), ServiceSpec::daemon("d", revision(1))).unwrap();
    let update = ServiceUpdate { desired: Some(3), ..ServiceUpdate::default() };
    assert_eq!(daemon.update(at(0), update), Err(SpecError::DaemonDesired { value: 3 }));
}

#[test]
fn time_that_goes_back_is_clamped_and_counted() {
    let (mut rig, _) = Rig::steady(spec(1));
    rig.service.handle_timer(at(1));
    assert_eq!((rig.drain(), rig.service.backward_calls()), (Vec::new(), 1));
    assert!(rig.service.is_steady());
}

#[test]
fn only_the_last_hundred_events_are_kept() {
    let (mut rig, _) = Rig::steady(spec(0));
    for n in 0..200 {
        rig.update(ServiceUpdate { desired: Some(1 - n % 2), ..ServiceUpdate::default() });
        if n % 2 == 0 {
            rig.bring_up();
        } else {
            for action in rig.drain() {
                let Action::Stop { task, .. } = action else { panic!("{action:?}") };
                rig.stopped(task);
            }
        }
    }
    assert_eq!(rig.service.events().count(), 100);
    let numbers: Vec<u64> = rig.service.events().map(|event| event.number).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
}
