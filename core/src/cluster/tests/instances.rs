//! Instances come, drain, lose their agent and go, with what follows for tasks.

use alloc::string::ToString;

use super::super::instance::{EniLimits, InstanceStatus, RegistrationError};
use super::super::task::StopCode;
use super::super::*;
use super::*;

#[test]
fn a_server_is_a_member_once() {
    let mut host = Host::new(1);
    let error = host.cluster.register_instance(NOW, server(0)).unwrap_err();
    let cluster = "test".into();
    let ec2_instance_id = "i-0".into();
    assert_eq!(error, RegistrationError::AlreadyRegistered { ec2_instance_id, cluster });
    host.cluster.deregister_instance(NOW, first(), false).unwrap();
    let again = host.cluster.register_instance(NOW, server(0)).unwrap();
    assert_eq!(again, ContainerInstanceId(2));
}

#[test]
fn a_bad_registration_is_refused_naming_value_and_limit() {
    let mut cluster = Cluster::new("test", Settings::default());
    let mut bad = server(0);
    bad.resources.memory_mib = 0;
    let error = cluster.register_instance(NOW, bad).unwrap_err();
    assert!(error.to_string().starts_with("MEMORY of 0: at least 1"), "{error}");
    let long = server(0).with_attribute(&"a".repeat(129), "v");
    assert!(cluster.register_instance(NOW, long).is_err());
    let spaced = server(0).with_attribute("my disk", "ssd");
    assert!(cluster.register_instance(NOW, spaced).is_err());
    let listed = server(0).with_attribute("disks", "ssd,hdd");
    let error = cluster.register_instance(NOW, listed).unwrap_err();
    assert!(error.to_string().starts_with("`ssd,hdd` is no value of attribute disks"), "{error}");
    let mut grouped = server(0);
    grouped.capacity_provider = Some("a,b".into());
    assert!(cluster.register_instance(NOW, grouped).is_err());
    assert_eq!(cluster.instances().count(), 0);
}

#[test]
fn the_agent_keeps_some_memory_for_the_system() {
    let m4_large = Registration::new("i-1", Resources::new(2_048, 8_017)).with_reserved_memory(32);
    assert_eq!(m4_large.resources.memory_mib, 7_985);
}

#[test]
fn trunking_is_registered_and_deregistered_in_two_steps() {
    let mut host = Host::new(0);
    let mut trunked = server(0);
    trunked.trunking = true;
    trunked.eni = EniLimits::from_csv_row("c5.large,2,10").unwrap().1;
    let id = host.cluster.register_instance(NOW, trunked).unwrap();
    let status = |host: &Host| host.cluster.instance(id).unwrap().status();
    assert_eq!(status(&host), InstanceStatus::Registering);
    let ran = host.cluster.run_tasks(NOW, &awsvpc(), 1).unwrap();
    assert_eq!(ran.tasks.len(), 0);
    host.handle(Event::TrunkAttached { instance: id });
    assert_eq!(status(&host), InstanceStatus::Active);
    assert_eq!(host.cluster.instance(id).unwrap().remaining().enis, 10);
    host.cluster.deregister_instance(NOW, id, false).unwrap();
    assert_eq!(status(&host), InstanceStatus::Deregistering);
    assert!(host.cluster.deregister_instance(NOW, id, false).is_err());
    host.handle(Event::TrunkDetached { instance: id });
    assert_eq!(status(&host), InstanceStatus::Inactive);
    let again = host.cluster.handle(NOW, Event::TrunkDetached { instance: id });
    assert!(matches!(again, Err(EventError::InstanceNotThere { .. })));
    host.wait_until(at(3_600));
    assert!(host.cluster.instance(id).is_none());
}

#[test]
fn a_failed_trunk_leaves_an_instance_that_can_be_cleared_away() {
    let mut host = Host::new(0);
    let mut trunked = server(0);
    trunked.trunking = true;
    let id = host.cluster.register_instance(NOW, trunked.clone()).unwrap();
    host.handle(Event::TrunkFailed { instance: id, reason: "no subnet".into() });
    let instance = host.cluster.instance(id).unwrap();
    assert_eq!(instance.status(), InstanceStatus::RegistrationFailed);
    assert_eq!(instance.status_reason(), Some("no subnet"));
    assert!(host.cluster.register_instance(NOW, trunked).is_ok());
    host.cluster.deregister_instance(NOW, id, false).unwrap();
    assert_eq!(host.cluster.instance(id).unwrap().status(), InstanceStatus::Inactive);
}

#[test]
fn a_drain_stops_pending_service_tasks_and_leaves_the_others() {
    let mut host = Host::new(1);
    let service = web().for_service("web", "d");
    let running = host.run_one(&service);
    host.slow_to_start.insert(0);
    let pending = host.run_one(&service);
    let standalone = host.run_one(&web());
    host.cluster.drain_instance(NOW, first()).unwrap();
    assert!(!host.stops(running), "its service replaces it");
    assert!(host.stops(pending));
    assert_eq!(host.task(pending).stop_code(), Some(StopCode::ServiceSchedulerInitiated));
    assert!(!host.stops(standalone));
    host.drain();
    assert_eq!(host.status(standalone), TaskStatus::Pending);
    let ran = host.cluster.run_tasks(NOW, &web(), 1).unwrap();
    assert_eq!(ran.tasks.len(), 0, "no new tasks while it drains");
    host.cluster.activate_instance(NOW, first()).unwrap();
    assert_eq!(host.cluster.run_tasks(NOW, &web(), 1).unwrap().tasks.len(), 1);
}

#[test]
fn a_disconnected_agent_gets_no_tasks_and_hears_of_stops_when_it_is_back() {
    let mut host = Host::new(1);
    let task = host.run_one(&web());
    host.handle(Event::AgentDisconnected { instance: first() });
    let ran = host.cluster.run_tasks(NOW, &web(), 1).unwrap();
    assert_eq!(ran.failures[0].reason, "AGENT");
    host.cluster.stop_task(at(1), task, StopCode::UserInitiated, "enough").unwrap();
    host.drain();
    assert_eq!((host.status(task), host.stops(task)), (TaskStatus::Running, true));
    host.handle(Event::AgentConnected { instance: first() });
    assert_eq!(host.status(task), TaskStatus::Stopped);
    assert_eq!(host.left().1, Resources::new(2_048, 4_000));
}

#[test]
fn an_instance_with_tasks_is_deregistered_by_force_only() {
    let mut host = Host::new(1);
    let task = host.run_one(&web());
    let error = host.cluster.deregister_instance(NOW, first(), false).unwrap_err();
    assert!(error.to_string().starts_with("Found running tasks on the instance."));
    host.cluster.deregister_instance(NOW, first(), true).unwrap();
    assert_eq!(host.status(task), TaskStatus::Stopped);
    let reason = host.task(task).stopped_reason();
    assert_eq!(reason, Some("Container instance deregistration forced by user"));
    // What its containers report later concerns nobody any more.
    let late = Event::ContainerExited { task, container: 0, exit_code: 0 };
    assert!(host.cluster.handle(at(5), late).is_err());
}

#[test]
fn a_lost_instance_takes_its_tasks_along_whatever_they_were_doing() {
    let mut host = Host::new(1);
    host.slow_to_start.insert(0);
    host.deaf = true;
    let mut tasks = host.run(&web(), 2);
    tasks.push(host.run_one(&awsvpc()));
    host.cluster.stop_task(NOW, tasks[0], StopCode::UserInitiated, "enough").unwrap();
    host.handle(Event::InstanceLost { instance: first(), reason: "terminated".into() });
    assert_eq!(host.statuses(&tasks), [TaskStatus::Stopped; 3]);
    let codes = tasks.iter().map(|id| host.task(*id).stop_code().unwrap());
    use StopCode::{TerminationNotice, UserInitiated};
    assert_eq!(codes.collect::<Vec<_>>(), [UserInitiated, TerminationNotice, TerminationNotice]);
    let reason = host.task(tasks[1]).stopped_reason().unwrap();
    assert_eq!(reason, "Host EC2 (instance i-0) terminated. terminated");
    let again = Event::InstanceLost { instance: first(), reason: "again".into() };
    assert!(host.cluster.handle(NOW, again).is_err());
    assert_eq!(host.left().1, Resources::new(2_048, 4_000));
}
