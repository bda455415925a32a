//! A task stops: SIGTERM, SIGKILL, memory, essential exits; and when its room is free.

use alloc::vec;

use super::super::task::{Health, OUT_OF_MEMORY, StopCode};
use super::super::*;
use super::*;

const ALL: Resources = Resources::new(2_048, 4_000);
const LESS_ONE: Resources = Resources::new(1_536, 3_000);

#[test]
fn a_stop_that_was_asked_for_frees_nothing_until_the_task_has_stopped() {
    let mut host = Host::new(1);
    host.deaf = true;
    let task = host.run_one(&web());
    host.cluster.stop_task(at(10), task, StopCode::UserInitiated, "enough").unwrap();
    host.now = at(10);
    host.drain();
    assert_eq!((host.status(task), host.stops(task)), (TaskStatus::Stopping, true));
    assert_eq!(host.left(), (LESS_ONE, LESS_ONE));
    // 30 seconds later SIGKILL.
    assert_eq!(host.cluster.next_deadline(), Some(at(40)));
    host.wait_until(at(40));
    assert_eq!(host.status(task), TaskStatus::Stopped);
    assert_eq!(host.task(task).containers()[0].exit_code(), Some(137));
    assert_eq!(host.task(task).stopped_at(), Some(at(40)));
    assert_eq!(host.left(), (ALL, ALL));
}

#[test]
fn a_container_says_how_long_it_may_take_to_stop() {
    let mut patient = container("web");
    patient.stop_timeout = Some(90);
    let mut host = Host::new(1);
    host.deaf = true;
    let task = host.run_one(&request(vec![patient]));
    host.cluster.stop_task(NOW, task, StopCode::UserInitiated, "enough").unwrap();
    assert_eq!(host.cluster.next_deadline(), Some(at(90)));
}

#[test]
fn the_agent_starts_waiting_tasks_strictly_first_in_first_out() {
    let settings = Settings { stopping_tasks: StoppingTasks::Free, ..Settings::default() };
    let mut host = Host::with(1, settings);
    host.deaf = true;
    let old = host.run(&web(), 3);
    // The scheduler takes two stopping tasks' room as free; the agent does not.
    for task in &old[..2] {
        host.cluster.stop_task(NOW, *task, StopCode::UserInitiated, "enough").unwrap();
    }
    host.drain();
    let big = host.run_one(&request(vec![container("big").with_sizes(1_024, 2_000)]));
    let small = host.run_one(&web());
    // One task's room is free, enough for the small one; but the big one is first.
    assert_eq!(host.left(), (Resources::new(0, 0), Resources::new(512, 1_000)));
    assert_eq!(host.statuses(&[big, small]), [TaskStatus::Pending; 2]);
    assert_eq!(host.cluster.instance(first()).unwrap().waiting().collect::<Vec<_>>(), [big, small]);
    let end = |task| Event::ContainerExited { task, container: 0, exit_code: 0 };
    host.handle(end(old[0]));
    assert_eq!(host.statuses(&[big, small]), [TaskStatus::Running, TaskStatus::Pending]);
    host.handle(end(old[1]));
    assert_eq!(host.status(small), TaskStatus::Running);
}

#[test]
fn a_stopped_head_lets_those_behind_it_go_on() {
    let settings = Settings { stopping_tasks: StoppingTasks::Free, ..Settings::default() };
    let mut host = Host::with(1, settings);
    host.deaf = true;
    let old = host.run(&web(), 3);
    for task in &old[..2] {
        host.cluster.stop_task(NOW, *task, StopCode::UserInitiated, "enough").unwrap();
    }
    let big = host.run_one(&request(vec![container("big").with_sizes(1_024, 2_000)]));
    let small = host.run_one(&web());
    host.cluster.stop_task(NOW, big, StopCode::UserInitiated, "enough").unwrap();
    host.drain();
    assert_eq!(host.statuses(&[big, small]), [TaskStatus::Stopped, TaskStatus::Running]);
}

#[test]
fn an_essential_exit_stops_the_task_and_another_does_not() {
    let mut side = container("side");
    side.essential = Some(false);
    let mut host = Host::new(1);
    let task = host.run_one(&request(vec![container("web"), side]));
    host.handle(Event::ContainerExited { task, container: 1, exit_code: 3 });
    assert_eq!(host.status(task), TaskStatus::Running);
    host.handle(Event::ContainerExited { task, container: 0, exit_code: 0 });
    assert_eq!(host.status(task), TaskStatus::Stopped);
    assert_eq!(host.task(task).stop_code(), Some(StopCode::EssentialContainerExited));
    let reason = host.task(task).stopped_reason();
    assert_eq!(reason, Some("Essential container in task exited"));
}

#[test]
fn a_container_that_cannot_start_fails_the_task() {
    let mut host = Host::new(1);
    host.slow_to_start.insert(0);
    let task = host.run_one(&web());
    let reason = "CannotPullContainerError: no such image".into();
    host.handle(Event::ContainerFailed { task, container: 0, reason });
    assert_eq!(host.task(task).stop_code(), Some(StopCode::TaskFailedToStart));
    assert!(host.task(task).stopped_reason().unwrap().contains("CannotPullContainerError"));
    assert_eq!(host.task(task).started_at(), None);
    assert_eq!(host.left(), (ALL, ALL));
}

#[test]
fn the_hard_limit_is_a_limit_and_the_soft_one_is_not() {
    let mut soft = container("web");
    soft.memory_reservation = Some(100);
    let mut host = Host::new(1);
    let task = host.run_one(&request(vec![soft]));
    let uses = |memory_mib| Event::MemoryUsed { task, container: 0, memory_mib };
    host.handle(uses(1_000));
    assert_eq!(host.status(task), TaskStatus::Running);
    host.handle(uses(1_001));
    assert_eq!(host.status(task), TaskStatus::Stopped);
    let container = &host.task(task).containers()[0];
    assert_eq!((container.exit_code(), container.reason()), (Some(137), Some(OUT_OF_MEMORY)));
}

#[test]
fn above_the_tasks_memory_the_hungriest_container_is_killed() {
    let mut task = TaskDefinition::new("web", vec![container("a"), container("b")]);
    for one in &mut task.container_definitions {
        (one.memory, one.essential) = (None, Some(one.name == "a"));
    }
    task.memory = Some(1_000);
    let mut host = Host::new(1);
    let task = host.run_one(&RunRequest::new(&registered(task)));
    host.handle(Event::MemoryUsed { task, container: 1, memory_mib: 700 });
    host.handle(Event::MemoryUsed { task, container: 0, memory_mib: 301 });
    let reasons = host.task(task).containers().iter().map(|one| one.reason());
    assert_eq!(reasons.collect::<Vec<_>>(), [None, Some(OUT_OF_MEMORY)]);
    assert_eq!(host.status(task), TaskStatus::Running);
}

#[test]
fn a_second_stop_changes_nothing_and_an_unknown_task_is_refused() {
    let mut host = Host::new(1);
    let task = host.run_one(&web());
    host.cluster.stop_task(NOW, task, StopCode::ServiceSchedulerInitiated, "scale in").unwrap();
    host.cluster.stop_task(NOW, task, StopCode::UserInitiated, "enough").unwrap();
    assert_eq!(host.task(task).stopped_reason(), Some("scale in"));
    let unknown = TaskId(99);
    let error = host.cluster.stop_task(NOW, unknown, StopCode::UserInitiated, "").unwrap_err();
    assert_eq!(error, StopError::Unknown { task: unknown });
}

#[test]
fn a_task_that_is_still_provisioning_stops_when_the_host_has_answered() {
    let mut host = Host::new(1);
    let task = host.cluster.run_tasks(NOW, &awsvpc(), 1).unwrap().tasks[0];
    host.cluster.stop_task(NOW, task, StopCode::UserInitiated, "enough").unwrap();
    assert_eq!(host.status(task), TaskStatus::Provisioning);
    host.drain();
    assert_eq!(host.status(task), TaskStatus::Stopped);
    assert!(!host.seen.iter().any(|action| matches!(action, Action::StartContainer { .. })));
    let error = host.cluster.handle(NOW, Event::Provisioned { task }).unwrap_err();
    assert!(matches!(error, EventError::TaskNotThere { .. }));
}

#[test]
fn an_interface_that_cannot_be_had_fails_the_task() {
    let mut host = Host::new(1);
    let task = host.cluster.run_tasks(NOW, &awsvpc(), 1).unwrap().tasks[0];
    let reason = "no addresses left".into();
    host.cluster.handle(NOW, Event::ProvisionFailed { task, reason }).unwrap();
    assert_eq!(host.status(task), TaskStatus::Stopped);
    assert_eq!(host.task(task).stop_code(), Some(StopCode::TaskFailedToStart));
    assert_eq!(host.left(), (ALL, ALL));
}

#[test]
fn spot_gives_two_minutes() {
    let mut host = Host::new(0);
    host.deaf = true;
    let task = host.run_one(&fargate());
    host.handle(Event::SpotInterruption { task });
    assert_eq!(host.status(task), TaskStatus::Stopping);
    assert_eq!(host.task(task).stop_code(), Some(StopCode::SpotInterruption));
    assert_eq!(host.cluster.next_deadline(), Some(at(30)));
    host.wait_until(at(30));
    assert_eq!(host.status(task), TaskStatus::Stopped);
}

#[test]
fn a_task_behind_a_load_balancer_waits_on_both_sides() {
    let mut host = Host::new(1);
    let mut request = web();
    request.activation = true;
    let task = host.run_one(&request);
    assert_eq!(host.status(task), TaskStatus::Activating);
    host.handle(Event::Activated { task });
    assert_eq!(host.status(task), TaskStatus::Running);
    host.cluster.stop_task(NOW, task, StopCode::UserInitiated, "enough").unwrap();
    host.drain();
    assert_eq!(host.status(task), TaskStatus::Deactivating);
    host.handle(Event::Deactivated { task });
    assert_eq!(host.status(task), TaskStatus::Stopped);
}

#[test]
fn a_stopped_task_is_described_for_an_hour() {
    let mut host = Host::new(1);
    let task = host.run_one(&web());
    host.cluster.stop_task(at(5), task, StopCode::UserInitiated, "enough").unwrap();
    host.drain();
    host.wait_until(at(3_604));
    assert!(host.cluster.task(task).is_some());
    host.wait_until(at(3_605));
    assert!(host.cluster.task(task).is_none());
}

#[test]
fn a_health_check_speaks_for_the_task_where_its_container_is_essential() {
    use super::super::task_definition::HealthCheck;
    let check = || {
        let command = vec!["CMD-SHELL".into(), "true".into()];
        Some(HealthCheck { command, ..HealthCheck::default() })
    };
    let (mut web, mut side) = (container("web"), container("side"));
    (web.health_check, side.health_check, side.essential) = (check(), check(), Some(false));
    let mut host = Host::new(1);
    let task = host.run_one(&request(vec![web, side]));
    assert_eq!(host.task(task).health(), Health::Unknown);
    let says = |container, health| Event::ContainerHealth { task, container, health };
    host.handle(says(1, Health::Unhealthy));
    host.handle(says(0, Health::Healthy));
    assert_eq!(host.task(task).health(), Health::Healthy);
    host.handle(says(0, Health::Unhealthy));
    assert_eq!(host.task(task).health(), Health::Unhealthy);
    assert_eq!(host.status(task), TaskStatus::Running, "only a service replaces it");
}
