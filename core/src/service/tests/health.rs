//! When a task counts as healthy, and the load balancer's part in it.

use super::life::{at, seconds, task};
use crate::service::{
    Health, HealthRule, ObservedTask, Stage, TargetGroup, TaskKey, TaskStatus, stage,
};
use crate::time::Duration;

fn running(health: Health) -> ObservedTask {
    let running_since = Some(at(10));
    ObservedTask { status: TaskStatus::Running, running_since, health, ..task(1) }
}

#[test]
fn without_checks_a_task_is_healthy_40_s_after_running() {
    let task = running(Health::Unknown);
    let stage = |now| stage(at(now), HealthRule::NONE, &task, None);
    assert_eq!(stage(10), Stage::Warming { until: Some(at(50)) });
    assert_eq!(stage(49), Stage::Warming { until: Some(at(50)) });
    assert_eq!(stage(50), Stage::Healthy);
}

#[test]
fn with_checks_a_task_is_healthy_once_all_pass() {
    let rule = HealthRule { container_check: true, grace: Duration::ZERO };
    let wait = Stage::Warming { until: None };
    let cases = [
        (Health::Unknown, None, wait),
        (Health::Healthy, None, Stage::Healthy),
        (Health::Unhealthy, None, Stage::Unhealthy),
        (Health::Healthy, Some(Health::Unknown), wait),
        (Health::Unknown, Some(Health::Healthy), wait),
        (Health::Healthy, Some(Health::Unhealthy), Stage::Unhealthy),
        (Health::Healthy, Some(Health::Healthy), Stage::Healthy),
    ];
    for (container, target, want) in cases {
        // 40 s count for nothing where there is a check.
        let got = stage(at(1_000), rule, &running(container), target);
        assert_eq!(got, want, "{container:?} {target:?}");
    }
}

#[test]
fn failing_checks_are_ignored_during_the_grace_period() {
    let rule = HealthRule { container_check: false, grace: seconds(60) };
    let task = running(Health::Unknown);
    let with = |now, health| stage(at(now), rule, &task, Some(health));
    assert_eq!(with(69, Health::Unhealthy), Stage::Warming { until: Some(at(70)) });
    assert_eq!(with(70, Health::Unhealthy), Stage::Unhealthy);
    // A passing one counts at once.
    assert_eq!(with(11, Health::Healthy), Stage::Healthy);
}

#[test]
fn before_and_after_running_no_check_counts() {
    let rule = HealthRule { container_check: true, grace: Duration::ZERO };
    let with = |status| ObservedTask { status, ..running(Health::Unhealthy) };
    for status in [TaskStatus::Provisioning, TaskStatus::Pending, TaskStatus::Activating] {
        assert_eq!(stage(at(99), rule, &with(status), None), Stage::Pending);
    }
    for status in [TaskStatus::Deactivating, TaskStatus::Stopping, TaskStatus::Stopped] {
        assert_eq!(stage(at(99), rule, &with(status), None), Stage::Leaving);
    }
}

#[test]
fn a_target_drains_for_the_deregistration_delay() {
    let mut group = TargetGroup::new(TargetGroup::DEFAULT_DELAY).unwrap();
    let (a, b) = (TaskKey(1), TaskKey(2));
    assert!(group.register(a) && group.register(b) && !group.register(a));
    assert_eq!(group.health(a), Health::Unknown);
    assert!(group.report(a, Health::Healthy));

    assert!(group.deregister(at(0), a) && !group.deregister(at(5), a));
    assert!(group.deregister(at(1), b));
    // A draining target's checks no longer count.
    assert!(!group.report(a, Health::Unhealthy));
    assert_eq!(group.next_deadline(), Some(at(300)));
    assert_eq!(group.take_drained(at(299)), []);
    // Nothing in flight: gone at once.
    group.idle(at(100), b);
    assert_eq!(group.take_drained(at(299)), [b]);
    assert_eq!(group.take_drained(at(300)), [a]);
    assert_eq!(group.next_deadline(), None);
}

#[test]
fn requests_are_counted_for_each_target_that_takes_them() {
    let mut group = TargetGroup::new(Duration::ZERO).unwrap();
    assert_eq!(group.take_requests_per_target(), None);
    for key in 1..=3 {
        group.register(TaskKey(key));
    }
    group.deregister(at(0), TaskKey(3));
    group.count(100);
    group.count(1);
    assert_eq!(group.registered(), 2);
    assert_eq!(group.take_requests_per_target(), Some(51));
    assert_eq!(group.take_requests_per_target(), Some(0));
}

#[test]
fn a_delay_of_more_than_an_hour_is_refused() {
    let error = TargetGroup::new(seconds(3_601)).unwrap_err();
    assert_eq!(error.to_string(), "the deregistration delay is 3601 s: it must be at most 3600 s");
}
