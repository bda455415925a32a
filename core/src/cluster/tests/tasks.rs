//! Tasks run where there is room, partly if there is room for a part.

use alloc::string::ToString;
use alloc::vec;

use super::super::capacity_provider::{CapacityProvider, ProviderShare};
use super::super::overrides::ContainerOverride;
use super::super::*;
use super::*;

#[test]
fn a_task_moves_through_every_status_to_running() {
    let mut host = Host::new(1);
    let task = host.run_one(&awsvpc());
    let moves = host.seen.iter().filter_map(|action| match action {
        Action::TaskChanged { from, to, .. } if from != to => Some(*to),
        _ => None,
    });
    let moves: Vec<TaskStatus> = moves.collect();
    assert_eq!(moves, [TaskStatus::Pending, TaskStatus::Activating, TaskStatus::Running]);
    assert_eq!(host.task(task).group(), "family:net");
    assert_eq!(host.task(task).availability_zone(), Some("a"));
    host.cluster.stop_task(at(1), task, task::StopCode::UserInitiated, "enough").unwrap();
    host.drain();
    let last = host.seen.iter().rev().filter_map(|action| match action {
        Action::TaskChanged { to, .. } => Some(*to),
        _ => None,
    });
    let last: Vec<TaskStatus> = last.take(4).collect();
    use TaskStatus::{Deactivating, Deprovisioning, Stopped, Stopping};
    assert_eq!(last, [Stopped, Deprovisioning, Stopping, Deactivating]);
    assert_eq!(host.left(), (Resources::new(2_048, 4_000), Resources::new(2_048, 4_000)));
}

#[test]
fn what_does_not_fit_is_explained_and_the_rest_runs() {
    let mut host = Host::new(1);
    let ran = host.cluster.run_tasks(NOW, &web(), 6).unwrap();
    assert_eq!(ran.tasks.len(), 4);
    let failure = &ran.failures[0];
    assert_eq!((failure.instance, failure.reason.as_str()), (Some(first()), "RESOURCE:CPU"));
    assert_eq!(failure.detail.as_deref(), Some("512 cpu_units needed, 0 available"));
    host.drain();
    assert_eq!(host.cluster.counts_on(first()).running, 4);
}

#[test]
fn an_instance_that_is_not_active_is_among_the_reasons_of_a_call_that_starts_nothing() {
    let mut host = Host::new(2);
    for id in [first(), ContainerInstanceId(2)] {
        host.cluster.drain_instance(NOW, id).unwrap();
    }
    let reasons = |ran: Ran| -> Vec<_> {
        assert_eq!(ran.tasks, []);
        ran.failures.into_iter().map(|one| (one.instance.unwrap().0, one.reason)).collect()
    };
    let ran = host.cluster.run_tasks(NOW, &web(), 2).unwrap();
    assert_eq!(reasons(ran), [(1, "INACTIVE".into()), (2, "INACTIVE".into())]);
    let mut cluster = Cluster::new("trunks", Settings::default());
    let mut trunked = server(0);
    trunked.eni.with_trunking = Some(10);
    trunked.trunking = true;
    cluster.register_instance(NOW, trunked).unwrap();
    let ran = cluster.run_tasks(NOW, &web(), 1).unwrap();
    assert_eq!(ran.failures[0].detail.as_deref(), Some("REGISTERING"));
    assert_eq!(reasons(ran), [(1, "INACTIVE".into())]);
}

#[test]
fn a_task_without_room_is_told_of_the_instance_with_the_smallest_share_missing() {
    let mut host = Host::new(3);
    // So many CPU units are left of 2,048: 448 of 512, 0, and none is ACTIVE.
    let mut filling = container("filler");
    filling.cpu = 1_600;
    let filler = request(vec![filling]);
    host.cluster.start_tasks(NOW, &filler, &[ContainerInstanceId(2)]).unwrap();
    for _ in 0..4 {
        host.cluster.start_tasks(NOW, &web(), &[first()]).unwrap();
    }
    host.cluster.drain_instance(NOW, ContainerInstanceId(3)).unwrap();
    let error = host.cluster.launch_task(NOW, &web()).unwrap_err();
    let LaunchError::NoRoom(why) = &error else { panic!("{error}") };
    assert_eq!(why.failures.len(), 3);
    assert_eq!(why.closest.as_ref(), Some(&why.failures[1]));
    assert!(error.to_string().ends_with("RESOURCE:CPU (512 cpu_units needed, 448 available)"));
}

#[test]
fn counts_run_from_one_to_ten() {
    let mut host = Host::new(1);
    for count in [0, 11] {
        let error = host.cluster.run_tasks(NOW, &web(), count).unwrap_err();
        assert_eq!(error, RunError::Count { count: count as usize });
    }
}

#[test]
fn an_empty_cluster_refuses_in_the_words_of_aws() {
    let mut cluster = Cluster::new("empty", Settings::default());
    let error = cluster.run_tasks(NOW, &web(), 1).unwrap_err();
    assert_eq!(error.to_string(), "No Container Instances were found in your cluster.");
    // Fargate needs none.
    assert_eq!(cluster.run_tasks(NOW, &fargate(), 1).unwrap().tasks.len(), 1);
}

#[test]
fn tasks_without_a_strategy_go_by_zone_then_by_instance() {
    let mut host = Host::new(4);
    let tasks = host.run(&web(), 8);
    let zones = tasks.iter().map(|id| host.task(*id).availability_zone().unwrap());
    assert_eq!(zones.collect::<Vec<_>>(), ["a", "b", "a", "b", "a", "b", "a", "b"]);
    for instance in host.cluster.instances() {
        assert_eq!(instance.tasks().len(), 2);
    }
}

#[test]
fn start_task_goes_where_it_is_told_or_says_why_not() {
    let mut host = Host::new(2);
    let second = ContainerInstanceId(2);
    let none = ContainerInstanceId(9);
    host.cluster.drain_instance(NOW, second).unwrap();
    let ran = host.cluster.start_tasks(NOW, &web(), &[first(), second, none]).unwrap();
    host.drain();
    assert_eq!(host.task(ran.tasks[0]).instance(), Some(first()));
    let reasons = ran.failures.iter().map(|failure| failure.reason.as_str());
    assert_eq!(reasons.collect::<Vec<_>>(), ["INACTIVE", "MISSING"]);
    host.handle(Event::AgentDisconnected { instance: first() });
    let ran = host.cluster.start_tasks(NOW, &web(), &[first()]).unwrap();
    assert_eq!(ran.failures[0].reason, "AGENT");
}

#[test]
fn an_inactive_revision_starts_nothing() {
    let mut host = Host::new(1);
    let mut registry = Registry::new();
    let task = TaskDefinition::new("web", vec![container("web")]);
    registry.register(NOW, task, &Rules::default()).unwrap();
    let request = RunRequest::new(&registry.deregister(NOW, "web:1").unwrap());
    let error = host.cluster.run_tasks(NOW, &request, 1).unwrap_err();
    assert_eq!(error.to_string(), "TaskDefinition is inactive: web:1 is INACTIVE");
}

#[test]
fn overrides_change_what_a_task_needs() {
    let mut host = Host::new(1);
    let mut request = web();
    let change = ContainerOverride {
        name: "web".into(),
        cpu: Some(2_048),
        memory_reservation: Some(500),
        ..ContainerOverride::default()
    };
    request.overrides.container_overrides = vec![change];
    let task = host.run_one(&request);
    assert_eq!(host.task(task).requirements().resources, Resources::new(2_048, 500));
    request.overrides.container_overrides[0].memory_reservation = Some(1_001);
    let error = host.cluster.run_tasks(NOW, &request, 1).unwrap_err().to_string();
    assert!(error.contains("1001 is above the container's memory, 1000"), "{error}");
    request.overrides.container_overrides[0].name = "db".into();
    let error = host.cluster.run_tasks(NOW, &request, 1).unwrap_err().to_string();
    assert!(error.contains("'db' is no container of the definition"), "{error}");
}

#[test]
fn static_ports_keep_two_tasks_apart_and_dynamic_ones_do_not() {
    use super::super::task_definition::{PortMapping, Protocol};
    let port = |host_port| {
        let mut one = container("web");
        one.port_mappings = vec![PortMapping::new(80, host_port, Protocol::Tcp)];
        request(vec![one])
    };
    let mut host = Host::new(1);
    assert_eq!(host.run(&port(0), 2).len(), 2);
    let ran = host.cluster.run_tasks(NOW, &port(80), 2).unwrap();
    assert_eq!((ran.tasks.len(), ran.failures[0].reason.as_str()), (1, "RESOURCE:PORTS"));
    // The agent's own ports are never free.
    let ran = host.cluster.run_tasks(NOW, &port(51_678), 1).unwrap();
    assert_eq!(ran.failures[0].detail.as_deref(), Some("tcp port 51678 is taken"));
}

#[test]
fn an_instance_takes_as_many_interfaces_as_it_has() {
    let mut host = Host::new(1);
    let ran = host.cluster.run_tasks(NOW, &awsvpc(), 2).unwrap();
    assert_eq!((ran.tasks.len(), ran.failures[0].reason.as_str()), (1, "RESOURCE:ENI"));
    let mut elsewhere = awsvpc();
    elsewhere.zones = vec!["b".into()];
    host.drain();
    host.cluster.stop_task(NOW, ran.tasks[0], task::StopCode::UserInitiated, "").unwrap();
    host.drain();
    let ran = host.cluster.run_tasks(NOW, &elsewhere, 1).unwrap();
    assert_eq!(ran.failures[0].reason, "LOCATION");
}

#[test]
fn constraints_and_strategies_are_obeyed_and_wrong_ones_refused() {
    let mut host = Host::new(4);
    let mut request = web();
    request.constraints = vec![task_definition::PlacementConstraint {
        kind: task_definition::ConstraintKind::MemberOf,
        expression: Some("attribute:ecs.availability-zone == b".into()),
    }];
    request.strategies = vec!["binpack:memory".into()];
    let tasks = host.run(&request, 5);
    let instances = tasks.iter().map(|id| host.task(*id).instance().unwrap().0);
    assert_eq!(instances.collect::<Vec<_>>(), [2, 2, 2, 2, 4]);
    let ran = host.cluster.run_tasks(NOW, &request, 4).unwrap();
    assert_eq!(ran.failures[0].reason, "MemberOf placement constraint unsatisfied.");
    request.strategies = vec!["tightest".into()];
    let error = host.cluster.run_tasks(NOW, &request, 1).unwrap_err();
    assert!(matches!(error, RunError::Placement { .. }), "{error}");
    request.constraints[0].expression = Some("attribute:disk ==".into());
    let error = host.cluster.run_tasks(NOW, &request, 1).unwrap_err().to_string();
    assert!(error.starts_with("Invalid constraint expression"), "{error}");
}

#[test]
fn distinct_instances_are_per_group() {
    let mut host = Host::new(2);
    let mut request = web();
    request.constraints = vec![task_definition::PlacementConstraint {
        kind: task_definition::ConstraintKind::DistinctInstance,
        expression: None,
    }];
    let ran = host.cluster.run_tasks(NOW, &request, 3).unwrap();
    assert_eq!(ran.tasks.len(), 2);
    let reason = "DistinctInstance placement constraint unsatisfied.";
    assert!(ran.failures.iter().all(|failure| failure.reason == reason));
    request.group = Some("other".into());
    assert_eq!(host.cluster.run_tasks(NOW, &request, 2).unwrap().tasks.len(), 2);
}

#[test]
fn fargate_spreads_a_group_over_the_zones_of_its_subnets() {
    let mut host = Host::new(0);
    let mut request = fargate();
    request.zones = vec!["a".into(), "b".into(), "c".into()];
    let tasks = host.run(&request, 4);
    let zones = tasks.iter().map(|id| host.task(*id).availability_zone().unwrap());
    assert_eq!(zones.collect::<Vec<_>>(), ["a", "b", "c", "a"]);
    assert_eq!(host.statuses(&tasks), [TaskStatus::Running; 4]);
    request.strategies = vec!["random".into()];
    let error = host.cluster.run_tasks(NOW, &request, 1).unwrap_err();
    assert_eq!(error, RunError::PlacementOnFargate);
    let mut unsuited = web();
    unsuited.launch = Launch::Type(LaunchType::Fargate);
    let error = host.cluster.run_tasks(NOW, &unsuited, 1).unwrap_err();
    assert!(error.to_string().contains("'cpu': missing: Fargate needs it"), "{error}");
}

#[test]
fn with_managed_scaling_a_task_waits_for_capacity_and_else_fails() {
    let mut host = Host::new(1);
    let provider = |managed_scaling| CapacityProvider { name: "asg".into(), managed_scaling };
    let mut request = web();
    request.launch = Launch::Providers(vec![ProviderShare::new("asg", 0, 1)]);
    let error = host.cluster.run_tasks(NOW, &request, 1).unwrap_err().to_string();
    assert_eq!(error, "The specified capacity provider asg was not found.");
    host.cluster.put_capacity_provider(provider(false));
    let ran = host.cluster.run_tasks(NOW, &request, 1).unwrap();
    assert_eq!(ran.failures[0].reason, "TaskFailedToStart: EMPTY CAPACITY PROVIDER");
    host.cluster.put_capacity_provider(provider(true));
    let tasks = host.run(&request, 2);
    assert_eq!(host.statuses(&tasks), [TaskStatus::Provisioning; 2]);
    assert_eq!(host.cluster.waiting_for("asg").count(), 2);
    // One finds room on a new instance of the group; one gives up after 30 minutes.
    let mut small = server(7);
    small.resources = Resources::new(600, 1_500);
    small.capacity_provider = Some("asg".into());
    host.cluster.register_instance(at(60), small).unwrap();
    host.drain();
    assert_eq!(host.statuses(&tasks), [TaskStatus::Running, TaskStatus::Provisioning]);
    host.wait_until(at(1_800));
    assert_eq!(host.status(tasks[1]), TaskStatus::Stopped);
    assert_eq!(host.task(tasks[1]).stop_code(), Some(task::StopCode::TaskFailedToStart));
    assert_eq!(host.cluster.waiting_for("asg").count(), 0);
}

#[test]
fn a_provider_whose_instances_all_drain_has_no_active_ones() {
    let mut host = Host::new(1);
    let mut ours = server(7);
    ours.capacity_provider = Some("asg".into());
    let id = host.cluster.register_instance(NOW, ours).unwrap();
    host.cluster.drain_instance(NOW, id).unwrap();
    let provider = |managed_scaling| CapacityProvider { name: "asg".into(), managed_scaling };
    let mut request = web();
    request.launch = Launch::Providers(vec![ProviderShare::new("asg", 0, 1)]);
    host.cluster.put_capacity_provider(provider(false));
    let ran = host.cluster.run_tasks(NOW, &request, 1).unwrap();
    assert_eq!(ran.failures[0].reason, "TaskFailedToStart: NO ACTIVE INSTANCES");
    // With managed scaling the task waits, and says the same when its time is over.
    host.cluster.put_capacity_provider(provider(true));
    let task = host.run_one(&request);
    host.wait_until(at(1_800));
    assert_eq!(host.task(task).stopped_reason(), Some("TaskFailedToStart: NO ACTIVE INSTANCES"));
    // Without any member of the group it is empty.
    host.cluster.deregister_instance(host.now, id, false).unwrap();
    host.cluster.put_capacity_provider(provider(false));
    let ran = host.cluster.run_tasks(host.now, &request, 1).unwrap();
    assert_eq!(ran.failures[0].reason, "TaskFailedToStart: EMPTY CAPACITY PROVIDER");
}

#[test]
fn base_and_weight_share_a_calls_tasks_out() {
    let mut host = Host::new(0);
    let mut request = fargate();
    let shares = [ProviderShare::new("FARGATE", 1, 1), ProviderShare::new("FARGATE_SPOT", 0, 4)];
    request.launch = Launch::Providers(shares.to_vec());
    let tasks = host.run(&request, 6);
    let on_spot = |id: &&TaskId| host.task(**id).capacity_provider() == Some("FARGATE_SPOT");
    assert_eq!(tasks.iter().filter(on_spot).count(), 4);
    // For a service the tasks that run already count.
    let request = request.for_service("web", "ecs-svc/1");
    let service: Vec<TaskId> =
        (0..6).map(|_| host.cluster.launch_task(NOW, &request).unwrap()).collect();
    let on_spot = |id: &&TaskId| host.task(**id).capacity_provider() == Some("FARGATE_SPOT");
    assert_eq!(service.iter().filter(on_spot).count(), 4);
    assert_eq!(host.task(service[0]).started_by(), Some("ecs-svc/1"));
    assert_eq!(host.cluster.tasks_of("service:web").count(), 6);
}

#[test]
fn a_task_for_one_zone_has_room_there_now_or_does_not_start() {
    let mut host = Host::new(1);
    let request = web().for_service("web", "ecs-svc/1");
    let task = host.cluster.launch_task_in(NOW, &request, "a").unwrap();
    assert_eq!(host.task(task).availability_zone(), Some("a"));
    let error = host.cluster.launch_task_in(NOW, &request, "b").unwrap_err();
    assert_eq!(error.to_string(), "no instance took the task");
    // A provider that could grow is not asked to.
    let provider = CapacityProvider { name: "asg".into(), managed_scaling: true };
    host.cluster.put_capacity_provider(provider);
    let shares = vec![ProviderShare::new("asg", 0, 1)];
    let grows = RunRequest { launch: Launch::Providers(shares), ..request };
    assert!(host.cluster.launch_task_in(NOW, &grows, "b").is_err());
    assert_eq!(host.cluster.waiting_for("asg").count(), 0);
    let mut serverless = fargate();
    serverless.zones = vec!["a".into(), "b".into()];
    let task = host.cluster.launch_task_in(NOW, &serverless, "b").unwrap();
    assert_eq!(host.task(task).availability_zone(), Some("b"));
    let error = host.cluster.launch_task_in(NOW, &serverless, "c").unwrap_err().to_string();
    assert!(error.ends_with("LOCATION (no subnet of the task is in zone \"c\")"), "{error}");
}
