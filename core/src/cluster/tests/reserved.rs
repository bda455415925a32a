//! Room that is kept for daemons.

use alloc::vec;
use alloc::vec::Vec;

use super::super::capacity_provider::{CapacityProvider, ProviderShare};
use super::super::task::StopCode;
use super::super::task_definition::{ConstraintKind, PlacementConstraint};
use super::super::*;
use super::*;

const GROUP: &str = "service:agent";

/// A daemon of 1,024 CPU units and 1,000 MiB.
fn agent() -> RunRequest {
    let main = ContainerDefinition::new("agent", "image").with_sizes(1_024, 1_000);
    let request = RunRequest::new(&registered(TaskDefinition::new("agent", vec![main])));
    request.for_service("agent", "ecs-svc/1")
}

/// The same where `stack` is green.
fn green_agent() -> RunRequest {
    let mut request = agent();
    let expression = Some("attribute:stack == green".into());
    request.constraints = vec![PlacementConstraint { kind: ConstraintKind::MemberOf, expression }];
    request
}

fn kept(host: &Host) -> Vec<ContainerInstanceId> {
    let with = |one: &&instance::ContainerInstance| host.cluster.kept_on(one.id()).count() > 0;
    host.cluster.instances().filter(with).map(instance::ContainerInstance::id).collect()
}

#[test]
fn what_a_daemon_needs_is_given_to_no_one_else() {
    let mut host = Host::new(1);
    let matching = host.cluster.reserve_for_daemon(GROUP, &agent()).unwrap();
    assert_eq!(matching, [first()]);
    // 1,024 of 2,048 units are left: two tasks of 512.
    assert_eq!(host.run(&web(), 3).len(), 2);
    let scheduler_and_agent = host.left();
    assert_eq!(scheduler_and_agent.0, Resources::new(0, 1_000));
    assert_eq!(scheduler_and_agent.1, Resources::new(1_024, 2_000), "no task holds it");
    let ran = host.cluster.start_tasks(NOW, &web(), &[first()]).unwrap();
    assert_eq!(ran.failures[0].reason, "RESOURCE:CPU");
    // The daemon itself takes it, and its own counts once.
    let ran = host.cluster.start_tasks(NOW, &agent(), &[first()]).unwrap();
    host.drain();
    assert_eq!(host.statuses(&ran.tasks), [TaskStatus::Running]);
    assert_eq!(host.left().0, Resources::new(0, 1_000));
    assert!(kept(&host).is_empty());
    let again = host.cluster.start_tasks(NOW, &agent(), &[first()]).unwrap();
    assert_eq!(again.failures.len(), 1);
}

#[test]
fn it_is_kept_between_a_daemon_and_its_replacement() {
    let mut host = Host::new(1);
    host.cluster.reserve_for_daemon(GROUP, &agent()).unwrap();
    let daemon = host.cluster.start_tasks(NOW, &agent(), &[first()]).unwrap().tasks[0];
    host.drain();
    host.run(&web(), 2);
    host.cluster.stop_task(NOW, daemon, StopCode::UserInitiated, "by hand").unwrap();
    host.drain();
    assert_eq!(host.status(daemon), TaskStatus::Stopped);
    assert_eq!(kept(&host), [first()]);
    assert_eq!(host.run(&web(), 1).len(), 0, "others do not get it");
    assert_eq!(host.cluster.start_tasks(NOW, &agent(), &[first()]).unwrap().tasks.len(), 1);
}

#[test]
fn what_others_hold_is_kept_once_it_is_free() {
    let mut host = Host::new(1);
    let tasks = host.run(&web(), 4);
    host.cluster.reserve_for_daemon(GROUP, &agent()).unwrap();
    assert!(kept(&host).is_empty());
    for task in &tasks[..2] {
        host.cluster.stop_task(NOW, *task, StopCode::UserInitiated, "by hand").unwrap();
        host.drain();
    }
    assert_eq!(kept(&host), [first()]);
    assert_eq!(host.run(&web(), 1).len(), 0);
}

#[test]
fn an_instance_that_joins_keeps_it_before_waiting_tasks_fill_it() {
    let mut host = Host::new(0);
    let provider = CapacityProvider { name: "asg".into(), managed_scaling: true };
    host.cluster.put_capacity_provider(provider);
    host.cluster.reserve_for_daemon(GROUP, &agent()).unwrap();
    let mut ours = server(0);
    ours.capacity_provider = Some("asg".into());
    host.cluster.register_instance(NOW, ours).unwrap();
    let mut request = web();
    request.launch = Launch::Providers(vec![ProviderShare::new("asg", 0, 1)]);
    let tasks = host.run(&request, 4);
    let running = tasks.iter().filter(|id| host.status(**id) == TaskStatus::Running).count();
    assert_eq!((running, kept(&host)), (2, vec![first()]));
}

#[test]
fn it_follows_constraints_attributes_and_the_life_of_the_instance() {
    let mut host = Host::new(2);
    let second = ContainerInstanceId(2);
    let stack = |instance, value: &str| {
        let (name, value) = ("stack".into(), Some(value.into()));
        [InstanceAttribute { instance, name, value }]
    };
    assert_eq!(host.cluster.reserve_for_daemon(GROUP, &green_agent()).unwrap(), []);
    host.cluster.put_attributes(NOW, &stack(second, "green")).unwrap();
    assert_eq!(kept(&host), [second]);
    host.cluster.put_attributes(NOW, &stack(second, "blue")).unwrap();
    assert!(kept(&host).is_empty());
    host.cluster.put_attributes(NOW, &stack(first(), "green")).unwrap();
    assert_eq!(kept(&host), [first()]);
    // A daemon leaves an instance that drains.
    host.cluster.drain_instance(NOW, first()).unwrap();
    assert!(kept(&host).is_empty());
    host.cluster.activate_instance(NOW, first()).unwrap();
    assert_eq!(kept(&host), [first()]);
    host.cluster.deregister_instance(NOW, first(), false).unwrap();
    assert!(kept(&host).is_empty());
    assert_eq!(host.left().0, Resources::new(2_048, 4_000));
}

#[test]
fn a_later_call_replaces_the_earlier_and_a_release_ends_it() {
    let mut host = Host::new(2);
    host.cluster.reserve_for_daemon(GROUP, &agent()).unwrap();
    assert_eq!(host.left().0, Resources::new(1_024, 3_000));
    let main = ContainerDefinition::new("agent", "image").with_sizes(512, 3_000);
    let larger = RunRequest::new(&registered(TaskDefinition::new("agent", vec![main])));
    host.cluster.reserve_for_daemon(GROUP, &larger).unwrap();
    assert_eq!(host.left().0, Resources::new(1_536, 1_000));
    let mut wrong = agent();
    let expression = Some("attribute:stack ==".into());
    wrong.constraints = vec![PlacementConstraint { kind: ConstraintKind::MemberOf, expression }];
    host.cluster.reserve_for_daemon(GROUP, &wrong).unwrap_err();
    assert_eq!(kept(&host).len(), 2, "what was kept still is");
    host.cluster.release_daemon(GROUP);
    assert_eq!((host.left().0, kept(&host).len()), (Resources::new(2_048, 4_000), 0));
    host.cluster.release_daemon("service:none");
}
