//! Containers start one after the other where they say so, and stop the other way round.

use alloc::vec;

use super::super::task::{ContainerStatus, Health, StopCode};
use super::super::task_definition::{Condition, Dependency, HealthCheck};
use super::super::*;
use super::*;

/// `web` waits for `db`.
fn pair(condition: Condition) -> Vec<ContainerDefinition> {
    let (mut web, mut db) = (container("web"), container("db"));
    web.depends_on = vec![Dependency { container_name: "db".into(), condition }];
    db.essential = Some(!matches!(condition, Condition::Complete | Condition::Success));
    let command = vec!["CMD-SHELL".into(), "true".into()];
    db.health_check = Some(HealthCheck { command, ..HealthCheck::default() });
    vec![web, db]
}

fn told_to_start(host: &Host) -> Vec<usize> {
    let told = host.seen.iter().filter_map(|action| match action {
        Action::StartContainer { container, .. } => Some(*container),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_container_starts_after_those_it_waits_for() {
    let mut host = Host::new(1);
    host.slow_to_start.insert(1);
    let task = host.run_one(&request(pair(Condition::Start)));
    assert_eq!(told_to_start(&host), [1]);
    assert_eq!(host.status(task), TaskStatus::Pending);
    host.handle(Event::ContainerStarted { task, container: 1 });
    assert_eq!(told_to_start(&host), [1, 0]);
    assert_eq!(host.status(task), TaskStatus::Running);
}

#[test]
fn healthy_waits_for_the_health_check() {
    let mut host = Host::new(1);
    let task = host.run_one(&request(pair(Condition::Healthy)));
    assert_eq!(told_to_start(&host), [1]);
    host.handle(Event::ContainerHealth { task, container: 1, health: Health::Unhealthy });
    assert_eq!(told_to_start(&host), [1]);
    host.handle(Event::ContainerHealth { task, container: 1, health: Health::Healthy });
    assert_eq!((told_to_start(&host), host.status(task)), (vec![1, 0], TaskStatus::Running));
}

#[test]
fn success_waits_for_exit_zero_and_any_other_fails_the_task() {
    for (exit_code, runs) in [(0, true), (1, false)] {
        let mut host = Host::new(1);
        let task = host.run_one(&request(pair(Condition::Success)));
        host.handle(Event::ContainerExited { task, container: 1, exit_code });
        let wanted = if runs { TaskStatus::Running } else { TaskStatus::Stopped };
        assert_eq!(host.status(task), wanted);
        if !runs {
            assert_eq!(host.task(task).stop_code(), Some(StopCode::TaskFailedToStart));
            let reason = host.task(task).containers()[0].reason().unwrap();
            assert_eq!(reason, "DependencyError: container 'db' will never be SUCCESS");
        }
    }
}

#[test]
fn complete_takes_any_exit() {
    let mut host = Host::new(1);
    let task = host.run_one(&request(pair(Condition::Complete)));
    host.handle(Event::ContainerExited { task, container: 1, exit_code: 1 });
    assert_eq!(host.status(task), TaskStatus::Running);
}

#[test]
fn a_start_timeout_ends_the_wait_and_the_task() {
    let mut containers = pair(Condition::Healthy);
    containers[1].start_timeout = Some(60);
    let mut host = Host::new(1);
    let task = host.run_one(&request(containers.clone()));
    host.wait_until(at(60));
    assert_eq!(host.status(task), TaskStatus::Stopped);
    let reason = host.task(task).stopped_reason().unwrap();
    assert!(reason.contains("'db' was not HEALTHY within its startTimeout"), "{reason}");
    // In time, nothing happens.
    let task = host.run_one(&request(containers));
    host.handle(Event::ContainerHealth { task, container: 1, health: Health::Healthy });
    host.wait_until(at(200));
    assert_eq!(host.status(task), TaskStatus::Running);
}

#[test]
fn containers_stop_in_the_opposite_order() {
    let mut host = Host::new(1);
    host.deaf = true;
    let task = host.run_one(&request(pair(Condition::Start)));
    host.cluster.stop_task(NOW, task, StopCode::UserInitiated, "enough").unwrap();
    host.drain();
    let status = |host: &Host, at: usize| host.task(task).containers()[at].status();
    assert_eq!(status(&host, 0), ContainerStatus::Stopping);
    assert_eq!(status(&host, 1), ContainerStatus::Running);
    host.handle(Event::ContainerExited { task, container: 0, exit_code: 0 });
    assert_eq!(status(&host, 1), ContainerStatus::Stopping);
    host.handle(Event::ContainerExited { task, container: 1, exit_code: 0 });
    assert_eq!(host.status(task), TaskStatus::Stopped);
}

#[test]
fn a_task_runs_when_every_container_does() {
    let mut host = Host::new(1);
    host.slow_to_start.insert(1);
    let task = host.run_one(&request(vec![container("web"), container("db")]));
    assert_eq!(told_to_start(&host), [0, 1], "at the same time, where none waits");
    assert_eq!(host.status(task), TaskStatus::Pending);
    host.handle(Event::ContainerStarted { task, container: 1 });
    assert_eq!(host.status(task), TaskStatus::Running);
}

#[test]
fn reports_about_containers_that_are_not_there_are_refused() {
    let mut host = Host::new(1);
    let task = host.run_one(&request(pair(Condition::Healthy)));
    let refuses = |host: &mut Host, event| host.cluster.handle(NOW, event).unwrap_err();
    let early = Event::ContainerStarted { task, container: 0 };
    assert_eq!(refuses(&mut host, early), EventError::ContainerNotThere { task, container: 0 });
    let none = Event::ContainerStarted { task, container: 2 };
    assert_eq!(
        refuses(&mut host, none),
        EventError::UnknownContainer { task, container: 2, containers: 2 }
    );
    let twice = Event::ContainerStarted { task, container: 1 };
    assert_eq!(refuses(&mut host, twice), EventError::ContainerNotThere { task, container: 1 });
    let unknown = TaskId(9);
    let nobody = Event::Activated { task: unknown };
    assert_eq!(refuses(&mut host, nobody), EventError::UnknownTask { task: unknown });
}
