//! Services on a cluster, with a host that does at once what it is asked.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::life::{at, seconds};
use crate::cluster::capacity_provider::{CapacityProvider, ProviderShare};
use crate::cluster::instance::{ContainerInstanceId, Registration};
use crate::cluster::task::{StopCode, TaskId, TaskStatus};
use crate::cluster::task_definition::{
    ConstraintKind, ContainerDefinition, NetworkMode, PlacementConstraint, PortMapping, Protocol,
    Registered, Registry, Rules, TaskDefinition,
};
use crate::cluster::{Action, Cluster, Event, InstanceAttribute, Launch, RunRequest, Settings};
use crate::resources::Resources;
use crate::service::{
    BreakerConfig, Controller, Health, Obstacle, Percents, Revision, Rollout, ServiceError,
    ServiceSpec, ServiceStatus, ServiceUpdate, Verdict,
};
use crate::time::Instant;

pub(super) struct Host {
    pub(super) cluster: Cluster,
    pub(super) controller: Controller,
    registry: Registry,
    pub(super) now: Instant,
    /// Whether containers fail to start.
    broken: bool,
}

pub(super) const REVISION: Revision = Revision { number: 0, container_check: false };

impl Host {
    /// Instances of 1,024 CPU units and 2,000 MiB, in zones a, b, a, b.
    pub(super) fn new(instances: u32) -> Self {
        let mut host = Self {
            cluster: Cluster::new("test", Settings::default()),
            controller: Controller::new(),
            registry: Registry::new(),
            now: at(0),
            broken: false,
        };
        (0..instances).for_each(|number| {
            host.join(number);
        });
        host
    }

    pub(super) fn join(&mut self, number: u32) -> ContainerInstanceId {
        let zone = if number.is_multiple_of(2) { "a" } else { "b" };
        self.join_as(Self::server(number).in_zone(zone))
    }

    pub(super) fn server(number: u32) -> Registration {
        Registration::new(&alloc::format!("i-{number}"), Resources::new(1_024, 2_000))
    }

    pub(super) fn join_as(&mut self, server: Registration) -> ContainerInstanceId {
        let id = self.cluster.register_instance(self.now, server).unwrap();
        self.rest();
        id
    }

    pub(super) fn define(&mut self, family: &str, cpu: i64, static_port: bool) -> Arc<Registered> {
        let mut container = ContainerDefinition::new("main", "image").with_sizes(cpu, 100);
        if static_port {
            container.port_mappings.push(PortMapping::new(80, 8_080, Protocol::Tcp));
        }
        let definition = TaskDefinition::new(family, [container].into());
        self.registry.register(self.now, definition, &Rules::default()).unwrap()
    }

    /// With an interface of its own, and sizes that suit Fargate.
    pub(super) fn define_awsvpc(&mut self, family: &str) -> Arc<Registered> {
        let container = ContainerDefinition::new("main", "image").with_sizes(128, 100);
        let mut definition = TaskDefinition::new(family, [container].into());
        definition.network_mode = Some(NetworkMode::Awsvpc);
        (definition.cpu, definition.memory) = (Some(256), Some(512));
        self.registry.register(self.now, definition, &Rules::default()).unwrap()
    }

    pub(super) fn create(&mut self, spec: ServiceSpec, definition: &Arc<Registered>) {
        self.controller.create(self.now, spec, RunRequest::new(definition)).unwrap();
        self.rest();
    }

    pub(super) fn update(
        &mut self,
        name: &str,
        update: ServiceUpdate,
        definition: Option<&Arc<Registered>>,
    ) {
        self.controller.update(self.now, name, update, definition).unwrap();
        self.rest();
    }

    /// Drives and answers until nothing is left to do now.
    pub(super) fn rest(&mut self) {
        loop {
            self.controller.drive(self.now, &mut self.cluster);
            let mut answered = false;
            while let Some(action) = self.cluster.poll_action() {
                let event = match action {
                    Action::StartContainer { task, container } if self.broken => {
                        let reason = "CannotPullContainerError".into();
                        Event::ContainerFailed { task, container, reason }
                    }
                    Action::StartContainer { task, container } => {
                        Event::ContainerStarted { task, container }
                    }
                    Action::StopContainer { task, container } => {
                        Event::ContainerExited { task, container, exit_code: 143 }
                    }
                    Action::Provision { task, .. } => Event::Provisioned { task },
                    Action::Deprovision { task } => Event::Deprovisioned { task },
                    _ => continue,
                };
                answered = true;
                self.cluster.handle(self.now, event).unwrap();
            }
            if !answered {
                break;
            }
        }
    }

    /// Lets time pass, with all that falls due.
    pub(super) fn wait(&mut self, by: u64) {
        let end = self.now.after(seconds(by));
        while let Some(due) = self.controller.next_deadline(&self.cluster).filter(|at| *at <= end) {
            assert!(due > self.now, "a deadline that has passed");
            self.now = due;
            self.rest();
        }
        self.now = end;
        self.rest();
    }

    pub(super) fn running(&self, name: &str) -> Vec<(TaskId, u64)> {
        let group = alloc::format!("service:{name}");
        let tasks = self.cluster.tasks_of(&group);
        let running = tasks.filter(|task| task.last_status() == TaskStatus::Running);
        running.map(|task| (task.id(), task.instance().unwrap().0)).collect()
    }

    pub(super) fn steady(&self, name: &str) -> bool {
        self.controller.service(name).unwrap().is_steady()
    }
}

pub(super) fn replica(name: &str, desired: u32) -> ServiceSpec {
    ServiceSpec::replica(name, REVISION, desired)
}

#[test]
fn a_service_keeps_its_tasks_and_spreads_them_over_zones() {
    let mut host = Host::new(2);
    let web = host.define("web", 256, false);
    host.create(replica("web", 4), &web);
    host.wait(40);
    assert!(host.steady("web"));
    let on = |host: &Host, id| host.running("web").iter().filter(|(_, at)| *at == id).count();
    assert_eq!((on(&host, 1), on(&host, 2)), (2, 2));
    // One ends: another starts.
    let (task, _) = host.running("web")[0];
    let event = Event::ContainerExited { task, container: 0, exit_code: 1 };
    host.cluster.handle(host.now, event).unwrap();
    host.rest();
    assert_eq!(host.running("web").len(), 4);
    // A user stops one: no fault of its own, and replaced all the same.
    let (task, _) = host.running("web")[0];
    host.cluster.stop_task(host.now, task, StopCode::UserInitiated, "by hand").unwrap();
    host.rest();
    assert_eq!(host.running("web").len(), 4);
}

#[test]
fn a_deployment_rolls_and_each_task_names_its_deployment() {
    let mut host = Host::new(2);
    let one = host.define("web", 256, false);
    host.create(replica("web", 2), &one);
    host.wait(40);
    let two = host.define("web", 256, false);
    host.update("web", ServiceUpdate::default(), Some(&two));
    assert_eq!(host.running("web").len(), 4, "start first");
    host.wait(40);
    assert!(host.steady("web"));
    for (task, _) in host.running("web") {
        let task = host.cluster.task(task).unwrap();
        assert_eq!(task.started_by(), Some("ecs-svc/2"));
        assert_eq!(task.registered().name(), "web:2");
    }
    assert_eq!(host.controller.request("web").unwrap().definition.name(), "web:2");
    // The same definition again is no deployment.
    host.update("web", ServiceUpdate::default(), Some(&two));
    assert!(host.steady("web"));
}

#[test]
fn a_broken_definition_rolls_back_to_the_last_completed_one() {
    let mut host = Host::new(2);
    let one = host.define("web", 256, false);
    let breaker = BreakerConfig { enable: true, rollback: true, ..BreakerConfig::OFF };
    host.create(ServiceSpec { breaker, ..replica("web", 2) }, &one);
    host.wait(40);
    let before = host.running("web");
    let two = host.define("web", 256, false);
    host.broken = true;
    host.update("web", ServiceUpdate::default(), Some(&two));
    host.wait(600);
    let service = host.controller.service("web").unwrap();
    assert_eq!(service.primary().unwrap().rollout, Rollout::Completed);
    assert_eq!(host.running("web"), before);
    assert_eq!(host.controller.request("web").unwrap().definition.name(), "web:1");
}

#[test]
fn static_ports_and_instances_as_many_as_tasks_stand_still_as_foretold() {
    let mut host = Host::new(2);
    let one = host.define("web", 128, true);
    host.create(replica("web", 2), &one);
    host.wait(40);
    assert!(host.steady("web"));
    let two = host.define("web", 128, true);
    let verdict = |host: &Host| host.controller.verdict(&host.cluster, "web", &two).unwrap();
    let Verdict::Never(_) = verdict(&host) else { panic!("{}", verdict(&host)) };
    host.update("web", ServiceUpdate::default(), Some(&two));
    host.wait(3_600);
    assert!(!host.steady("web"));
    let service = host.controller.service("web").unwrap();
    let said = |text| service.events().filter(|event| event.message.contains(text)).count();
    assert_eq!(said("is already using a port required by your task"), 1);
    // A lower floor, and it ends.
    let percents = Some(Percents { min_healthy_percent: 50, max_percent: 200 });
    host.update("web", ServiceUpdate { percents, ..ServiceUpdate::default() }, None);
    assert_eq!(verdict(&host), Verdict::Progresses);
    host.wait(200);
    assert!(host.steady("web"));
}

#[test]
fn a_provider_that_is_scaled_has_room_for_all_and_another_its_own_instances() {
    let mut host = Host::new(1);
    let web = host.define("web", 256, false);
    let provider = |managed_scaling| CapacityProvider { name: "asg".into(), managed_scaling };
    host.cluster.put_capacity_provider(provider(false));
    let launch = Launch::Providers([ProviderShare::new("asg", 0, 1)].into());
    let request = RunRequest { launch, ..RunRequest::new(&web) };
    host.controller.create(host.now, replica("web", 6), request).unwrap();
    host.rest();
    let verdict = |host: &Host| host.controller.verdict(&host.cluster, "web", &web).unwrap();
    assert_eq!(verdict(&host), Verdict::Never([Obstacle::NoInstances].into()));
    let mut ours = Registration::new("i-9", Resources::new(1_024, 2_000));
    ours.capacity_provider = Some("asg".into());
    host.cluster.register_instance(host.now, ours.clone()).unwrap();
    let few = Obstacle::TooFewPlaces { desired: 6, places: 4, static_ports: [].into() };
    assert_eq!(verdict(&host), Verdict::Never([few].into()));
    host.cluster.put_capacity_provider(provider(true));
    assert_eq!(verdict(&host), Verdict::Progresses, "instances come for tasks that wait");
    host.cluster.put_capacity_provider(provider(false));
    ours.ec2_instance_id = "i-8".into();
    host.cluster.register_instance(host.now, ours).unwrap();
    assert_eq!(verdict(&host), Verdict::Progresses);
    host.rest();
    assert_eq!(host.running("web").len(), 6);
}

#[test]
fn a_draining_instance_hands_its_tasks_over_and_daemons_leave_last() {
    let mut host = Host::new(2);
    let (web, agent) = (host.define("web", 256, false), host.define("agent", 64, false));
    host.create(ServiceSpec::daemon("agent", REVISION), &agent);
    host.create(replica("web", 2), &web);
    host.wait(40);
    assert_eq!(host.running("agent").len(), 2);
    host.cluster.drain_instance(host.now, ContainerInstanceId(1)).unwrap();
    host.rest();
    assert_eq!(host.running("web").len(), 3, "the replacement first");
    assert_eq!(host.running("agent").len(), 2, "the daemon stays as long as another does");
    host.wait(40);
    assert!(host.running("web").iter().all(|(_, at)| *at == 2));
    assert_eq!(host.running("agent").iter().map(|(_, at)| *at).collect::<Vec<_>>(), [2]);
    // An instance joins: the daemon is there first.
    let id = host.join(2);
    assert!(host.running("agent").iter().any(|(_, at)| *at == id.0));
}

#[test]
fn a_daemons_room_is_kept_while_it_is_replaced() {
    let mut host = Host::new(1);
    let (web, agent) = (host.define("web", 256, false), host.define("agent", 512, false));
    host.create(ServiceSpec::daemon("agent", REVISION), &agent);
    host.create(replica("web", 8), &web);
    assert_eq!((host.running("agent").len(), host.running("web").len()), (1, 2));
    let (task, _) = host.running("agent")[0];
    host.cluster.stop_task(host.now, task, StopCode::UserInitiated, "by hand").unwrap();
    while host.cluster.poll_action().is_some() {}
    let exited = Event::ContainerExited { task, container: 0, exit_code: 0 };
    host.cluster.handle(host.now, exited).unwrap();
    // Before the service looks, someone runs tasks by hand: none fits.
    let ran = host.cluster.run_tasks(host.now, &RunRequest::new(&web), 1).unwrap();
    assert_eq!(ran.tasks.len(), 0);
    host.rest();
    assert_eq!((host.running("agent").len(), host.running("web").len()), (1, 2));
    // Without the service it is there for all.
    host.controller.delete(host.now, "agent", true).unwrap();
    host.wait(60);
    assert_eq!((host.running("agent").len(), host.running("web").len()), (0, 4));
}

#[test]
fn daemons_come_and_go_with_an_attribute() {
    let mut host = Host::new(2);
    let agent = host.define("agent", 64, false);
    let (kind, expression) = (ConstraintKind::MemberOf, Some("attribute:gpu == yes".into()));
    let mut request = RunRequest::new(&agent);
    request.constraints = [PlacementConstraint { kind, expression }].into();
    let spec = ServiceSpec::daemon("agent", REVISION);
    host.controller.create(host.now, spec, request).unwrap();
    host.rest();
    assert_eq!(host.running("agent").len(), 0);
    let gpu = |instance, value: &str| {
        let (name, value) = ("gpu".into(), Some(value.into()));
        [InstanceAttribute { instance: ContainerInstanceId(instance), name, value }]
    };
    host.cluster.put_attributes(host.now, &gpu(2, "yes")).unwrap();
    host.rest();
    assert_eq!(host.running("agent").iter().map(|(_, at)| *at).collect::<Vec<_>>(), [2]);
    host.cluster.put_attributes(host.now, &gpu(2, "no")).unwrap();
    host.rest();
    assert_eq!(host.running("agent").len(), 0, "constraints hold for running daemons too");
}

#[test]
fn a_constraint_that_is_none_leaves_daemons_where_they_match() {
    let mut host = Host::new(2);
    let agent = host.define("agent", 64, false);
    host.create(ServiceSpec::daemon("agent", REVISION), &agent);
    let before = host.running("agent");
    assert_eq!(before.len(), 2);
    let constrain = |host: &mut Host, text: &str| {
        let (kind, expression) = (ConstraintKind::MemberOf, Some(text.into()));
        let constraints = Some([PlacementConstraint { kind, expression }].into());
        host.controller.set_placement(host.now, "agent", constraints, None).unwrap();
        host.rest();
    };
    constrain(&mut host, "attribute:gpu ==");
    assert_eq!(host.running("agent"), before, "the last answer still holds");
    // One that can be read and that none meets takes them away.
    constrain(&mut host, "attribute:gpu == yes");
    assert_eq!(host.running("agent"), []);
}

#[test]
fn targets_are_registered_and_drain_before_their_tasks_stop() {
    let mut host = Host::new(2);
    let web = host.define("web", 256, false);
    host.create(ServiceSpec { target_group: Some(seconds(20)), ..replica("web", 1) }, &web);
    let target = host.controller.poll_target().unwrap();
    assert!(target.register && target.service == "web");
    host.controller.handle_target(host.now, "web", target.task, Health::Healthy).unwrap();
    host.rest();
    assert!(host.steady("web"));
    host.update("web", ServiceUpdate { desired: Some(0), ..ServiceUpdate::default() }, None);
    let away = host.controller.poll_target().unwrap();
    assert!(!away.register && away.task == target.task);
    host.wait(19);
    assert_eq!(host.running("web").len(), 1);
    host.wait(1);
    assert_eq!(host.running("web").len(), 0);
}

#[test]
fn names_are_unique_until_a_deleted_service_is_inactive() {
    let mut host = Host::new(1);
    let web = host.define("web", 256, false);
    host.create(replica("web", 1), &web);
    let again = |host: &mut Host| {
        host.controller.create(host.now, replica("web", 1), RunRequest::new(&web))
    };
    assert!(matches!(again(&mut host), Err(ServiceError::Exists { .. })));
    assert!(host.controller.delete(host.now, "web", false).is_err());
    host.controller.delete(host.now, "web", true).unwrap();
    assert!(matches!(again(&mut host), Err(ServiceError::Exists { .. })));
    host.rest();
    assert_eq!(host.controller.service("web").unwrap().status(), ServiceStatus::Inactive);
    assert_eq!(host.running("web").len(), 0);
    again(&mut host).unwrap();
    let unknown = host.controller.delete(host.now, "none", true).unwrap_err();
    assert_eq!(unknown.to_string(), "Service not found: \"none\"");
}

#[test]
fn an_empty_cluster_is_named_as_the_reason() {
    let mut host = Host::new(0);
    let web = host.define("web", 256, false);
    host.create(replica("web", 1), &web);
    let service = host.controller.service("web").unwrap();
    let last = &service.events().next_back().unwrap().message;
    assert!(last.ends_with("Reason: No Container Instances were found in your cluster."), "{last}");
    host.join(0);
    assert_eq!(host.running("web").len(), 1);
}
